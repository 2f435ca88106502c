using Emergence.Files;

namespace Emergence.Datasets;

/// <summary>A list of words that fill the shots " name," of a sequence.</summary>
/// <param name="Name">As tables show it.</param>
/// <param name="Words">Candidates, in order of preference.</param>
/// <param name="Limit">How many are used at most.</param>
internal sealed record EntityList(string Name, IReadOnlyList<string> Words, int Limit)
{
    private const string Countries = """
        France Germany Japan Italy Spain Brazil Canada China India Russia Mexico Egypt Turkey Poland Sweden Norway Peru
        Chile Kenya Iran Iraq Cuba Israel Ireland Thailand Austria Belgium Denmark Finland Ukraine Pakistan Philippines
        Singapore Australia Romania Syria Yemen Libya Congo Chad Niger Mali Ghana Nepal Laos Haiti Iceland Jamaica
        Lebanon Zimbabwe
        """;

    private const string Animals = """
        Cat Dog Lion Fox Goat Cow Bat Bee Ant Owl Pig Rat Snake Camel Frog Panda Rabbit Elephant Duck Goose Bull Turtle
        Horse Sheep Wolf Whale Shark Tiger Mouse Eagle Crow Swan Monkey Leopard Crab Bear Deer Donkey Falcon Penguin
        """;

    private const string Colors = """
        red orange yellow green blue violet purple white black gray brown pink silver golden copper amber ivory tan
        crimson ruby cyan gold grey
        """;

    /// <summary>The published sets have 25 countries, 16 animals and 15 colours.</summary>
    public static IReadOnlyList<EntityList> BuiltIn { get; } =
    [
        new("country", Split(Countries), 25),
        new("animal", Split(Animals), 16),
        new("color", Split(Colors), 15),
    ];

    /// <summary>One word a line; empty lines and repeated words are skipped.</summary>
    public static EntityList Read(string path)
    {
        var words = TextBytes.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0).Distinct(StringComparer.Ordinal)
            .ToList();
        return words.Count > 0
            ? new EntityList(Path.GetFileNameWithoutExtension(path), words, words.Count)
            : throw new EmergenceException($"{path}: expected one word a line, found none", ExitCode.Usage);
    }

    private static string[] Split(string words) => words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
