using System.Globalization;
using System.Text.Json.Nodes;
using Emergence.Messages;

namespace Emergence.Measurement.Settings;

/// <summary>
/// One option of a measurement, declared once. The command line, a configuration file, the manifest of a run and the
/// command that repeats it all follow from its row in <see cref="SettingTable"/>.
/// </summary>
/// <param name="Name">As on the command line, without the dashes, e.g. "field-tokens".</param>
/// <param name="ValueName">What stands for the value in the help, e.g. "N"; empty for a switch.</param>
/// <param name="Help">One sentence.</param>
internal sealed record Setting(string Name, string ValueName, string Help)
{
    /// <summary>The option as a user writes it.</summary>
    public string Flag => "--" + Name;

    /// <summary>Another name that users type, without the dashes.</summary>
    public string? Alias { get; init; }

    /// <summary>The name in manifest.json, under "settings".</summary>
    public string RecordedName => Name.Replace('-', '_');

    /// <summary>Words that mean the same as leaving the option out; null if that is no word.</summary>
    public string? Default { get; init; }

    public bool IsSwitch => ValueName.Length == 0;

    public bool IsRequired { get; init; }

    /// <summary>Whether the option may be given several times.</summary>
    public bool IsRepeated { get; init; }

    /// <summary>The only words there are; empty: any.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Settings with the words that were given for this option: one, several for a repeated option, "true" for a switch.</summary>
    public required Func<MeasurementSettings, IReadOnlyList<string>, MeasurementSettings> Read { get; init; }

    /// <summary>The words that <see cref="Read"/> makes these settings from; none if nothing has to be said.</summary>
    public required Func<MeasurementSettings, IReadOnlyList<string>> Write { get; init; }

    /// <summary>
    /// What the manifest holds: the value that a plan came to, which says more than the words did. Null for an option that
    /// decides about no result.
    /// </summary>
    public Func<MeasurementPlan, JsonNode?>? Record { get; init; }

    /// <summary>The words that repeat what a manifest (all of it) records; by default the recorded value, unless it is null or
    /// false.</summary>
    public Func<JsonNode, JsonNode, IReadOnlyList<string>> Repeat { get; init; } = (recorded, _) => recorded switch
    {
        JsonArray list => [.. list.Select(item => item!.ToString())],
        _ when recorded.ToString() == "false" => [],
        _ => [recorded.ToString()],
    };

    /// <summary>The option and its words as a POSIX shell reads them, e.g. "--shots 3".</summary>
    public IEnumerable<string> Phrases(IEnumerable<string> words) =>
        words.Select(word => IsSwitch ? Flag : $"{Flag} {ShellWord.Quote(word)}");

    /// <summary>A whole number from <paramref name="least"/> on, with a default.</summary>
    public static Setting Whole(
        string name, string help, int fallback, Func<MeasurementSettings, int> get, Func<MeasurementSettings, int, MeasurementSettings> set,
            int least = 1) =>
        new(name, "N", help)
        {
            Default = Text(fallback),
            Read = (settings, words) => set(settings, ParseWhole(name, words[^1], least)),
            Write = settings => get(settings) == fallback ? [] : [Text(get(settings))],
            Record = plan => get(plan.Settings),
        };

    /// <summary>Any text; null if it is not given.</summary>
    public static Setting Words(
        string name,
        string valueName,
        string help,
        Func<MeasurementSettings, string?> get,
        Func<MeasurementSettings, string, MeasurementSettings> set,
        string? fallback = null) =>
        new(name, valueName, help)
        {
            Default = fallback,
            Read = (settings, words) => set(settings, words[^1]),
            Write = settings => get(settings) is { } text && text != fallback ? [text] : [],
            Record = plan => get(plan.Settings),
        };

    /// <summary>There or not there.</summary>
    public static Setting Switch(string name, string help,
        Func<MeasurementSettings, bool> get, Func<MeasurementSettings, bool, MeasurementSettings> set) =>
        new(name, "", help)
        {
            Read = (settings, words) => set(settings, words[^1] == "true"),
            Write = settings => get(settings) ? ["true"] : [],
            Record = plan => get(plan.Settings),
        };

    public static int ParseWhole(string name, string word, int least) =>
        int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least
            ? value
            : throw Misuse(name, $"a whole number from {least} to {int.MaxValue}", word);

    public static EmergenceException Misuse(string name, string expected, string word) =>
        new($"--{name}: expected {expected}, found {Printable.Quote(word)}", ExitCode.Usage);

    public static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
