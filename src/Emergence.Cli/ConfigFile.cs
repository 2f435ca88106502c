using System.CommandLine;
using System.Text.Json;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Cli;

/// <summary>
/// <c>--config file.json</c>: an object whose members are options without the dashes. What the command line says itself
/// wins, so the members become words only if the option is not there.
/// </summary>
internal static class ConfigFile
{
    public const string Name = "--config";

    public static Option<string> Option() =>
        new(Name) { Description = "JSON object with any of these options; the command line overrides it", HelpName = "FILE.json" };

    public static string[] Expand(string[] args, Command root)
    {
        var at = Array.FindIndex(args, word => word == Name || word.StartsWith(Name + "=", StringComparison.Ordinal));
        var (command, words) = (root, 0);
        for (; words < args.Length && command.Subcommands.FirstOrDefault(verb => verb.Name == args[words]) is { } verb; words++)
            command = verb;
        if (at < 0 || words == 0 || command.Options.All(option => option.Name != Name))
            return args;
        var path = args[at].Contains('=') ? args[at][(Name.Length + 1)..] : args.ElementAtOrDefault(at + 1);
        return path == null ? args : [.. args[..words], .. Words(path, args, command), .. args[words..]];
    }

    private static IEnumerable<string> Words(string path, string[] args, Command command)
    {
        using var json = Parse(path);
        foreach (var member in json.RootElement.EnumerateObject().ToList())
        {
            var name = "--" + member.Name;
            var option = command.Options.FirstOrDefault(option => option.Name == name && name != Name)
                ?? throw new EmergenceException($"{Printable.Escape(path)}: {Printable.Quote(member.Name)} is no option of {command.Name}",
                    ExitCode.Usage);
            if (args.Any(word => option.Aliases.Append(name)
                .Any(alias => word == alias || word.StartsWith(alias + "=", StringComparison.Ordinal))))
                continue;
            foreach (var word in Words(option, member.Value))
                yield return word;
        }
    }

    private static IEnumerable<string> Words(Option option, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => [option.Name],
        JsonValueKind.False or JsonValueKind.Null => [],
        JsonValueKind.Array when option.Arity.MaximumNumberOfValues > 1 =>
            value.EnumerateArray().SelectMany(item => new[] { option.Name, item.ToString() }),
        JsonValueKind.Array => [option.Name, string.Join(',', value.EnumerateArray().Select(item => item.ToString()))],
        _ => [option.Name, value.ToString()],
    };

    private static JsonDocument Parse(string path)
    {
        var json = UserFile.ReadJson(path);
        return json.RootElement.ValueKind == JsonValueKind.Object ? json
            : throw new EmergenceException($"{Printable.Escape(path)}: expected a JSON object", ExitCode.Usage);
    }
}
