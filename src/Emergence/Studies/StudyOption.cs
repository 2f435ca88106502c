using Emergence.Information.Critics;

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
internal sealed record StudyOption(string Name, string ValueName, string Description, string? Default = null, StudyOptionKind Kind = StudyOptionKind.Text, bool IsRepeated = false)
{
    /// <summary>How cells are measured, for studies that make runs.</summary>
    public static IReadOnlyList<StudyOption> Measurement { get; } =
    [
        new("estimator", "NAME", "A row of the estimators", "s-mine"),
        new("preset", string.Join('|', CriticPreset.All.Select(preset => preset.Name)), "Size of the trainings; by default small on a CPU, paper on a GPU"),
        new("sequences", "N", "How many sequences at most; by default what the preset says"),
        new("boundaries", "LIST", "Between l and l+1, e.g. 0,3,10-12; by default all"),
        new("seeds", "N", "Trainings of each cell", "3"),
    ];

    /// <summary>The sequences, for studies that take any.</summary>
    public static IReadOnlyList<StudyOption> Data { get; } =
    [
        new("data", "NAME_OR_FILE", "The sequences, as in measure", "country"),
        new("template", "TEXT", "Text of a shot with fields, for a .tsv, .csv or .jsonl file, e.g. \"{1}, The emotion of this sentence is {2:0=sad,1=happy},\""),
        new("field-tokens", "N", "Tokens that text fields are cut to; shorter ones are left out", "8"),
    ];
}
