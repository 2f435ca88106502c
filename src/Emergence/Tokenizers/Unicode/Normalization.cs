using System.Globalization;
using System.Text;

namespace Emergence.Tokenizers.Unicode;

/// <summary>
/// Unicode normalization (UAX #15) from tables of its own: without ICU, string.Normalize returns its input.
/// </summary>
internal static class Normalization
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28, HangulCount = LeadCount * VowelCount * TailCount;

    private static readonly Dictionary<int, byte> s_classes = [];
    private static readonly Dictionary<int, int[]> s_canonical = [];
    private static readonly Dictionary<int, int[]> s_compatible = [];
    private static readonly Dictionary<long, int> s_composites = [];

    static Normalization()
    {
        using var stream = typeof(Normalization).Assembly.GetManifestResourceStream("normalization.txt")!;
        using var reader = new StreamReader(stream);
        reader.ReadLine();
        var separator = ' ';
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '[')
            {
                separator = line[1..5] switch { "comb" => ':', "cano" => '=', _ => '~' };
                continue;
            }

            foreach (var entry in line.Split(' '))
                Read(entry, separator);
        }
    }

    /// <summary>The text in the given normalization form; unpaired surrogates become U+FFFD.</summary>
    public static string Normalize(string text, NormalizationForm form) => Normalize(new TracedText(text), form).ToString();

    /// <summary>The text in the given normalization form, with the places its characters come from.</summary>
    public static TracedText Normalize(TracedText text, NormalizationForm form)
    {
        // All that is below U+0300 is composed already; ASCII is in every form.
        var simple = form == NormalizationForm.FormC ? '\u02FF' : '\u007F';
        if (!text.Span.ContainsAnyExceptInRange('\0', simple))
            return text;
        var compatible = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
        var characters = new List<Made>(text.Length);
        foreach (var rune in text.Span.EnumerateRunes())
            Decompose(rune.Value, compatible, characters, isNew: false);
        Reorder(characters);
        if (form is NormalizationForm.FormC or NormalizationForm.FormKC)
            Compose(characters);
        return Write(text, characters);
    }

    /// <summary>
    /// A new character takes the place of the character before it, another that of the next of the source, and passes over
    /// those that went into it.
    /// </summary>
    private static TracedText Write(TracedText source, List<Made> characters)
    {
        var rewrite = new TextRewrite(source);
        var next = 0;
        foreach (var (rune, change) in characters)
        {
            rewrite.Put(new Rune(rune), Math.Min(change > 0 ? next - 1 : next, source.Length - 1));
            for (var passed = change; passed <= 0 && next < source.Length; passed++)
                next += char.IsHighSurrogate(source[next]) && next + 1 < source.Length && char.IsLowSurrogate(source[next + 1]) ? 2 : 1;
        }

        return rewrite.Done();
    }

    private static void Decompose(int rune, bool compatible, List<Made> output, bool isNew)
    {
        var syllable = rune - HangulBase;
        if ((uint)syllable < HangulCount)
        {
            output.Add(new(LeadBase + syllable / (VowelCount * TailCount), isNew ? 1 : 0));
            output.Add(new(VowelBase + syllable / TailCount % VowelCount, 1));
            if (syllable % TailCount != 0)
                output.Add(new(TailBase + syllable % TailCount, 1));
        }
        else if (s_canonical.TryGetValue(rune, out var parts) || (compatible && s_compatible.TryGetValue(rune, out parts)))
        {
            foreach (var part in parts)
            {
                Decompose(part, compatible, output, isNew);
                isNew = true;
            }
        }
        else
        {
            output.Add(new(rune, isNew ? 1 : 0));
        }
    }

    /// <summary>Sorts each run of combining characters by class, equals in their order.</summary>
    private static void Reorder(List<Made> characters)
    {
        for (var start = 0; start < characters.Count;)
        {
            if (Class(characters[start].Rune) == 0)
            {
                start++;
                continue;
            }

            var end = start + 1;
            while (end < characters.Count && Class(characters[end].Rune) != 0)
                end++;
            if (end - start > 1)
            {
                var sorted = characters[start..end].OrderBy(made => Class(made.Rune)).ToArray();
                for (var i = 0; i < sorted.Length; i++)
                    characters[start + i] = sorted[i];
            }

            start = end;
        }
    }

    /// <summary>Joins each character with the last starter before it unless a character of its class or higher stands between.</summary>
    private static void Compose(List<Made> characters)
    {
        var starter = -1;
        var lastClass = 0;
        var kept = 0;
        foreach (var made in characters.ToArray())
        {
            var combining = Class(made.Rune);
            if (starter >= 0 && (kept == starter + 1 || lastClass < combining)
                && Composite(characters[starter].Rune, made.Rune) is { } composite)
            {
                characters[starter] = new(composite, characters[starter].Change + made.Change - 1);
                continue;
            }

            if (combining == 0)
                starter = kept;
            lastClass = combining;
            characters[kept++] = made;
        }

        characters.RemoveRange(kept, characters.Count - kept);
    }

    private static int? Composite(int first, int second)
    {
        if ((uint)(first - LeadBase) < LeadCount && (uint)(second - VowelBase) < VowelCount)
            return HangulBase + ((first - LeadBase) * VowelCount + second - VowelBase) * TailCount;
        var syllable = first - HangulBase;
        if ((uint)syllable < HangulCount && syllable % TailCount == 0 && second > TailBase && second < TailBase + TailCount)
            return first + second - TailBase;
        return s_composites.TryGetValue(Pair(first, second), out var composite) ? composite : null;
    }

    private static byte Class(int rune) => rune < 0x300 ? (byte)0 : s_classes.GetValueOrDefault(rune);

    private static long Pair(int first, int second) => ((long)first << 32) | (uint)second;

    // "300-314=230" (class), "C0=41+300" (composes), "340>300" (does not), "A0~20" (compatibility); all but the class in hex.
    private static void Read(string entry, char separator)
    {
        var split = entry.AsSpan().IndexOfAny('=', '>', '~');
        var (left, right) = (entry[..split], entry[(split + 1)..]);
        if (separator == ':')
        {
            var ends = left.Split('-');
            for (var rune = Hex(ends[0]); rune <= Hex(ends[^1]); rune++)
                s_classes.Add(rune, byte.Parse(right, CultureInfo.InvariantCulture));
            return;
        }

        var parts = right.Split('+').Select(Hex).ToArray();
        (separator == '~' ? s_compatible : s_canonical).Add(Hex(left), parts);
        if (entry[split] == '=')
            s_composites.Add(Pair(parts[0], parts[1]), Hex(left));
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>A character on its way, and how many more characters there are by it: 1 for one that is new.</summary>
    private readonly record struct Made(int Rune, int Change);
}
