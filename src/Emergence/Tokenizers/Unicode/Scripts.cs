using System.Globalization;
using System.Text;

namespace Emergence.Tokenizers.Unicode;

/// <summary>The script of a character, as Unicode 9.0 knew it, from a table of its own: .NET has none.</summary>
internal static class Scripts
{
    // Sorted by their first character.
    private static readonly int[] s_firsts;
    private static readonly int[] s_lasts;
    private static readonly string[] s_names;

    static Scripts()
    {
        var spans = new List<(int First, int Last, string Name)>();
        using var stream = typeof(Scripts).Assembly.GetManifestResourceStream("scripts.txt")!;
        using var reader = new StreamReader(stream);
        reader.ReadLine();
        var name = "";
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '[')
            {
                name = line[1..^1];
                continue;
            }

            foreach (var span in line.Split(' '))
            {
                var ends = span.Split('-');
                spans.Add((Hex(ends[0]), Hex(ends[^1]), name));
            }
        }

        spans.Sort();
        s_firsts = [.. spans.Select(span => span.First)];
        s_lasts = [.. spans.Select(span => span.Last)];
        s_names = [.. spans.Select(span => span.Name)];
    }

    /// <summary>The script's long name, e.g. "Latin"; null for a character without one.</summary>
    public static string? Of(Rune rune)
    {
        var index = Array.BinarySearch(s_firsts, rune.Value);
        if (index < 0)
            index = ~index - 1;
        return index >= 0 && rune.Value <= s_lasts[index] ? s_names[index] : null;
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
