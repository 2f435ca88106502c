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
/// <param name="Default">Where nothing is said; none: the option has no value then.</param>
/// <param name="Kind">What the words mean.</param>
/// <param name="IsRepeated">May be given several times.</param>
internal sealed record StudyOption(string Name, string ValueName, string Description, string? Default = null,
    StudyOptionKind Kind = StudyOptionKind.Text, bool IsRepeated = false)
{
    /// <summary>The setting of measurements that the option stands for; null for an option of the study's own.</summary>
    public Setting? Setting { get; private init; }

    /// <summary>How cells are measured, for studies that make runs.</summary>
    public static IReadOnlyList<StudyOption> Measurement { get; } =
    [
        Of(SettingTable.Estimator), Of(SettingTable.Preset), Of(SettingTable.Sequences), Of(SettingTable.Boundaries),
            Of(SettingTable.Seeds),
    ];

    /// <summary>The sequences, for studies that take any.</summary>
    public static IReadOnlyList<StudyOption> Data { get; } =
    [
        Of(SettingTable.Data) with { Default = "country" }, Of(SettingTable.Template), Of(SettingTable.FieldTokens),
    ];

    private static StudyOption Of(Setting row) => new(row.Name, row.ValueName, row.Help, row.Default) { Setting = row };
}
