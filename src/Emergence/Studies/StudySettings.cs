using Emergence.Devices;
using Emergence.Models;
using Emergence.Reports;

namespace Emergence.Studies;

/// <summary>What a user asks of a study.</summary>
internal sealed record StudySettings
{
    /// <summary>Folders, samples' names, or org/name[@revision].</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Values of the study's options that were given, by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Values { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    public ulong Seed { get; init; } = 1;

    public string Device { get; init; } = DeviceTable.Auto;

    public DeviceOptions DeviceOptions { get; init; } = new();

    public ModelOptions ModelOptions { get; init; } = new();

    /// <summary>Language of the pages.</summary>
    public PageLanguage Language { get; init; } = PageLanguage.English;
}
