using System.Collections.Concurrent;
using System.Globalization;

namespace Emergence.Tokenizers.Patterns;

/// <summary>
/// The properties of Unicode 16 by name, from properties.txt: categories, scripts, blocks, binary properties and the classes of POSIX.
/// .NET knows the categories of its own version of Unicode and no scripts; what a pattern means must not change with the runtime.
/// </summary>
internal static class UnicodeProperties
{
    private static readonly Dictionary<string, (int First, int Last)> s_places = [];
    private static readonly ConcurrentDictionary<string, CharacterSet> s_sets = [];
    private static readonly string[] s_lines;

    static UnicodeProperties()
    {
        using var stream = typeof(UnicodeProperties).Assembly.GetManifestResourceStream("properties.txt")!;
        using var reader = new StreamReader(stream);
        s_lines = reader.ReadToEnd().Split('\n');
        for (var line = 1; line < s_lines.Length;)
        {
            var title = line++;
            while (line < s_lines.Length && s_lines[line] is not ['[', ..])
                line++;
            foreach (var name in s_lines[title].Trim('[', ']', '\r').Split('|'))
                s_places.Add(Plain(name), (title + 1, line));
        }
    }

    public static CharacterSet Space => Known("Space");

    public static CharacterSet Digit => Known("Digit");

    public static CharacterSet Word => Known("Word");

    public static CharacterSet HexDigit => Known("XDigit");

    /// <summary>The words of the data under a name that is in it.</summary>
    public static IEnumerable<string> Entries(string name)
    {
        var (first, last) = s_places[Plain(name)];
        return s_lines[first..last].SelectMany(line => line.Split([' ', '\r'], StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>A set whose name is in the data.</summary>
    public static CharacterSet Known(string name) => Find(name)!;

    /// <summary>The set of a name as patterns write it, without regard to case, spaces, '-' and '_'; null if there is none.</summary>
    public static CharacterSet? Find(string name)
    {
        var plain = Plain(name);
        return s_places.ContainsKey(plain) ? s_sets.GetOrAdd(plain, Read) : null;
    }

    private static CharacterSet Read(string name)
    {
        var runs = new List<(int Start, int End)>();
        var end = 0;
        foreach (var entry in Entries(name))
        {
            var dash = entry.IndexOf('-', StringComparison.Ordinal);
            var start = end + Hex(dash < 0 ? entry : entry[..dash]);
            end = start + (dash < 0 ? 1 : Hex(entry[(dash + 1)..]));
            runs.Add((start, end));
        }

        return CharacterSet.FromRuns(runs);
    }

    private static string Plain(string name) =>
        string.Concat(name.Where(letter => letter is not (' ' or '-' or '_'))).ToLowerInvariant();

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
