using Emergence.Measurement.Settings;

namespace Emergence.Studies;

/// <summary>What an option's words mean.</summary>
internal enum StudyOptionKind
{
    Text,

    /// <summary>Its content is part of what decides about the results.</summary>
    File,

    /// <summary>There or not there.</summary>
    Switch,
}

/// <summary>An option of a study, without the dashes; its values are read by name from <see cref="StudyContext"/>.</summary>
/// <param name="Name">E.g. "shots".</param>
/// <param name="ValueName">E.g. "N"; empty for a switch.</param>
/// <param name="Description">For help.</param>
/// <param name="Default">Where nothing is said; null: the option has no value then.</param>
/// <param name="Kind">What the words mean.</param>
/// <param name="IsRepeated">May be given several times.</param>
/// <param name="Alias">Another name that users type.</param>
internal sealed record StudyOption(string Name, string ValueName, string Description, string? Default = null,
    StudyOptionKind Kind = StudyOptionKind.Text, bool IsRepeated = false, string? Alias = null)
{
    private static readonly Setting[] s_ofCells =
    [
        SettingTable.Estimator, SettingTable.Sigma, SettingTable.Noise, SettingTable.Preset, SettingTable.Sequences,
        SettingTable.Boundaries, SettingTable.Seeds,
    ];

    private static readonly Setting[] s_ofData =
        [SettingTable.Data, SettingTable.EntityTokens, SettingTable.Separator, SettingTable.Template, SettingTable.FieldTokens];

    /// <summary>Settings of measurements that an option of the same name stands for, whatever its default is in a study.</summary>
    public static IReadOnlyList<Setting> Settings { get; } = [.. s_ofCells, .. s_ofData];

    /// <summary>How cells are measured, for studies that make runs.</summary>
    public static IReadOnlyList<StudyOption> Measurement { get; } = [.. s_ofCells.Select(Of)];

    /// <summary>The sequences, for studies that take any.</summary>
    public static IReadOnlyList<StudyOption> Data { get; } =
        [.. s_ofData.Select(row => row == SettingTable.Data ? Of(row) with { Default = "country" } : Of(row))];

    private static StudyOption Of(Setting row) => new(row.Name, row.ValueName, row.Help, row.Default, Alias: row.Alias);
}
