using System.CommandLine;
using Emergence.Measurement.Settings;

namespace Emergence.Cli;

/// <summary>Rows of <see cref="SettingTable"/> as options of a verb.</summary>
internal sealed class SettingFlags(params IEnumerable<Setting> rows)
{
    private readonly (Setting Row, Option Option)[] _flags = [.. rows.Select(row => (row, Option(row)))];

    /// <summary>The row as an option of the command line.</summary>
    public static Option Option(Setting row)
    {
        if (row.IsSwitch)
            return new Option<bool>(row.Flag) { Description = row.Help };
        if (row.IsRepeated)
            return new Option<string[]>(row.Flag) { Description = row.Help, HelpName = row.ValueName, Required = row.IsRequired };
        var option = new Option<string>(row.Flag) { Description = row.Help, HelpName = row.ValueName, Required = row.IsRequired };
        if (row.Default is { } value)
            option.DefaultValueFactory = _ => value;
        if (row.Alias is { } alias)
            option.Aliases.Add($"--{alias}");
        return row.Choices.Count > 0 ? option.AcceptOnlyFromAmong([.. row.Choices]) : option;
    }

    public void AddTo(Command command)
    {
        foreach (var (_, option) in _flags)
            command.Add(option);
    }

    /// <summary>Settings with what the command line says of these rows; everything else has its default, and model and data are
    /// empty.</summary>
    public MeasurementSettings Read(ParseResult parsed)
    {
        var settings = new MeasurementSettings { Model = "", Data = "" };
        foreach (var (row, option) in _flags.Where(flag => Flags.IsGiven(parsed, flag.Option)))
            settings = row.Read(settings, Words(parsed, option));
        return settings;
    }

    private static string[] Words(ParseResult parsed, Option option) => option switch
    {
        Option<bool> flag => [parsed.GetValue(flag) ? "true" : "false"],
        Option<string[]> list => parsed.GetValue(list) ?? [],
        Option<string> text => [parsed.GetRequiredValue(text)],
        _ => throw new ArgumentOutOfRangeException(nameof(option)),
    };
}
