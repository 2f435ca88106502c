using System.CommandLine;
using Emergence.Measurement.Settings;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Cli;

/// <summary>Options that several verbs share: name, help and meaning in one place.</summary>
internal static class Flags
{
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON array instead of a table" };

    public static Option<string> Model() => (Option<string>)SettingFlags.Option(SettingTable.Model);

    public static Option<string> Format() =>
        new("-o") { Description = "How to write the table", HelpName = TableFormats.Names, DefaultValueFactory = _ => "text" };

    /// <summary>Whether the command line or a configuration names the option.</summary>
    public static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Refuses an option that nobody would read.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="mode">The option that says what the verb is to do; null: what it does without one.</param>
    /// <param name="reads">The options that are read then.</param>
    /// <param name="all">Those that are read at other times too.</param>
    public static void RequireRead(ParseResult parsed, Option? mode, Option[] reads, Option[] all)
    {
        if (all.FirstOrDefault(option => option != mode && IsGiven(parsed, option) && !reads.Contains(option)) is not { } idle)
            return;
        var what = $"{parsed.CommandResult.Command.Name}{(mode == null ? "" : $" {mode.Name}")}";
        throw new EmergenceException(
            $"{idle.Name} does not belong here: {what} reads "
            + $"{(reads.Length > 0 ? string.Join(", ", reads.Select(option => option.Name)) : "none of its kind")}", ExitCode.Usage);
    }

    /// <summary>Language of pages.</summary>
    public static Option<string> Language() =>
        new Option<string>("--language")
        {
            Description = "Language of the page",
            HelpName = string.Join('|', PageLanguage.Codes),
            DefaultValueFactory = _ => PageLanguage.English.Code,
        };

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
