using System.CommandLine;
using System.Text.Json;

namespace Emergence.Cli;

/// <summary>
/// <c>--config file.json</c>: an object whose members are options without the dashes. What the command line says itself
/// wins, so the members become words only where the option is not there.
/// </summary>
internal static class ConfigFile
{
    public const string Name = "--config";

    public static Option<string> Option() => new(Name) { Description = "JSON object with any of these options; the command line overrides it", HelpName = "FILE.json" };

    public static string[] Expand(string[] args, Command root)
    {
        var at = Array.FindIndex(args, word => word == Name || word.StartsWith(Name + "=", StringComparison.Ordinal));
        var command = args.Length > 0 ? root.Subcommands.FirstOrDefault(verb => verb.Name == args[0]) : null;
        if (at < 0 || command == null || command.Options.All(option => option.Name != Name))
            return args;
        var path = args[at].Contains('=') ? args[at][(Name.Length + 1)..] : args.ElementAtOrDefault(at + 1);
        return path == null ? args : [args[0], .. Words(path, args, command), .. args[1..]];
    }

    private static IEnumerable<string> Words(string path, string[] args, Command command)
    {
        using var json = Parse(path);
        foreach (var member in json.RootElement.EnumerateObject().ToList())
        {
            var name = "--" + member.Name;
            var option = command.Options.FirstOrDefault(option => option.Name == name && name != Name)
                ?? throw new EmergenceException($"{path}: '{member.Name}' is no option of {command.Name}", ExitCode.Usage);
            if (args.Any(word => option.Aliases.Append(name).Any(alias => word == alias || word.StartsWith(alias + "=", StringComparison.Ordinal))))
                continue;
            foreach (var word in Words(name, member.Value))
                yield return word;
        }
    }

    private static IEnumerable<string> Words(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => [name],
        JsonValueKind.False or JsonValueKind.Null => [],
        JsonValueKind.Array => [name, string.Join(',', value.EnumerateArray().Select(item => item.ToString()))],
        _ => [name, value.ToString()],
    };

    private static JsonDocument Parse(string path)
    {
        try
        {
            var json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                return json;
            throw new EmergenceException($"{path}: expected a JSON object", ExitCode.Usage);
        }
        catch (JsonException error)
        {
            throw new EmergenceException($"{path}: not valid JSON: {error.Message}", ExitCode.Usage, error);
        }
    }
}
