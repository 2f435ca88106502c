using System.CommandLine;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Information;
using Emergence.Measurement.Settings;
using Emergence.Models;
using Emergence.Tables;

namespace Emergence.Cli;

/// <summary>Options that several verbs share: name, help and meaning in one place.</summary>
internal static class Flags
{
    /// <summary>Of all estimators, and where more is said of them.</summary>
    public static string EstimatorNames => $"{string.Join(", ", EstimatorTable.Rows.Select(row => row.Name))} (docs/estimators.md says when to use which)";

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON array instead of a table" };

    public static Option<string> Model() => new("--model") { Description = "A folder, a sample's name (stories260k), or org/name[@revision] in the Hugging Face cache", HelpName = "DIR_OR_NAME", Required = true };

    public static Option<string> Device() => new("--device")
    {
        Description = $"What computes: {string.Join(", ", DeviceTable.Rows.Select(row => row.Name).Prepend(DeviceTable.Auto))}",
        HelpName = "D",
        DefaultValueFactory = _ => DeviceTable.Auto,
    };

    public static Option<string> Format() => new("-o") { Description = "How to write the table", HelpName = TableFormats.Names, DefaultValueFactory = _ => "text" };

    /// <summary>Whether the command line or a configuration names the option.</summary>
    public static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Refuses an option that nobody would read.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="mode">The option that says what the verb is to do; none: what it does without one.</param>
    /// <param name="reads">The options that are read then.</param>
    /// <param name="all">Those that are read at other times too.</param>
    public static void RequireRead(ParseResult parsed, Option? mode, Option[] reads, Option[] all)
    {
        if (all.FirstOrDefault(option => option != mode && IsGiven(parsed, option) && !reads.Contains(option)) is not { } idle)
            return;
        var what = $"{parsed.CommandResult.Command.Name}{(mode == null ? "" : $" {mode.Name}")}";
        throw new EmergenceException($"{idle.Name} does not belong here: {what} reads {(reads.Length > 0 ? string.Join(", ", reads.Select(option => option.Name)) : "none of its kind")}", ExitCode.Usage);
    }

    public static Option<int> Threads() => new("--threads") { Description = "Host threads, 0 for all; results do not depend on it", HelpName = "N" };

    public static Option<bool> NoColor() => new("--no-color") { Description = "No colours on the terminal, as with NO_COLOR" };
}

/// <summary>How a table is written: <c>-o</c>, and <c>--json</c> as a short word for one of its formats.</summary>
internal sealed class FormatFlags
{
    private readonly Option<string> _format = Flags.Format();
    private readonly Option<bool> _json = Flags.Json();

    public FormatFlags() => _json.Description += ", as -o json does";

    public void AddTo(Command command)
    {
        command.Add(_format);
        command.Add(_json);
    }

    public TableFormat Read(ParseResult parsed)
    {
        if (!parsed.GetValue(_json))
            return TableFormats.Parse(parsed.GetRequiredValue(_format));
        return Flags.IsGiven(parsed, _format)
            ? throw new EmergenceException($"expected one of {_format.Name} and {_json.Name}, found both", ExitCode.Usage)
            : TableFormat.Json;
    }
}

/// <summary>Options about what a checkpoint may hold.</summary>
internal sealed class ModelFlags
{
    private readonly Option<bool> _strict = new("--strict") { Description = "Unknown keys in config.json are errors" };
    private readonly Option<string[]> _ignore = new("--ignore-weights") { Description = "Leave out tensors with this name; * and ? stand for any characters", HelpName = "PATTERN" };
    private readonly Option<bool> _nonFinite = new("--allow-nonfinite") { Description = "Take weights that are NaN or infinite" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _strict, _ignore, _nonFinite })
            command.Add(option);
    }

    public ModelOptions Options(ParseResult parsed) => new()
    {
        Strict = parsed.GetValue(_strict),
        IgnoreWeights = parsed.GetValue(_ignore) ?? [],
        AllowNonFinite = parsed.GetValue(_nonFinite),
    };
}

/// <summary>Options about the sequences.</summary>
internal sealed class DataFlags
{
    private readonly Option<string> _data = new("--data") { Description = $"The sequences: {string.Join("; ", DatasetTable.Names.Select(row => $"{row.Name} ({row.About})"))}", HelpName = "NAME_OR_FILE", Required = true };
    private readonly Option<int> _shots = new("--shots") { Description = "Words of a sequence of a word list, or shots of a template", HelpName = "N", DefaultValueFactory = _ => 3 };
    private readonly Option<int> _window = new("--window") { Description = "Tokens of a text window", HelpName = "N", DefaultValueFactory = _ => 8 };
    private readonly Option<string> _template = new("--template") { Description = "Text of a shot with fields for labelled rows, e.g. \"{1}, The emotion of this sentence is {2:0=sad,1=happy},\"; fields are columns by name or number, the last one is the label", HelpName = "TEXT" };
    private readonly Option<int> _fieldTokens = new("--field-tokens") { Description = "Tokens that text fields of a template are cut to; shorter ones are left out", HelpName = "N", DefaultValueFactory = _ => 8 };
    private readonly Option<int?> _sequences = new("--sequences") { Description = "How many sequences at most; by default what the preset says", HelpName = "N" };
    private readonly Option<bool> _withReplacement = new("--with-replacement") { Description = "Draw with replacement, as the published script does" };
    private readonly Option<bool> _bos = new("--bos") { Description = "Put the beginning-of-sequence token before every sequence" };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Draws the sequences; the first of the seeds", HelpName = "N", DefaultValueFactory = _ => 1 };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _data, _shots, _window, _template, _fieldTokens, _sequences, _withReplacement, _bos, _seed })
            command.Add(option);
    }

    public MeasurementSettings Settings(ParseResult parsed, string model) => new()
    {
        Model = model,
        Data = parsed.GetRequiredValue(_data),
        Shots = parsed.GetValue(_shots),
        Window = parsed.GetValue(_window),
        Template = parsed.GetValue(_template),
        FieldTokens = parsed.GetValue(_fieldTokens),
        Sequences = parsed.GetValue(_sequences),
        WithReplacement = parsed.GetValue(_withReplacement),
        BeginningOfSequence = parsed.GetValue(_bos),
        Seed = parsed.GetValue(_seed),
    };
}
