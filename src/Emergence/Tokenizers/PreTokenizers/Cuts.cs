using System.Text;
using Emergence.Messages;
using Emergence.Tokenizers.Unicode;

namespace Emergence.Tokenizers.PreTokenizers;

/// <summary>What becomes of the matches that a text is cut at; names as in the files.</summary>
internal enum Behavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

internal static class Behaviors
{
    public static Behavior FromJson(JsonField field) =>
        Enum.GetNames<Behavior>().Contains(field.Text())
            ? Enum.Parse<Behavior>(field.Text())
            : throw field.Unsupported(Printable.Quote(field.Text()));
}

/// <summary>Cuts texts at matches.</summary>
internal static class Cuts
{
    /// <summary>Cuts at every character of a class.</summary>
    public static IEnumerable<TracedText> At(TracedText text, Func<Rune, bool> belongs, Behavior behavior) =>
        At(text, Matches(text, belongs), behavior);

    /// <summary>Cuts at matches: whether these stay, by themselves or with a neighbour, is the behavior.</summary>
    public static IEnumerable<TracedText> At(
        TracedText text, IEnumerable<(int Start, int End)> matches, Behavior behavior, bool invert = false)
    {
        var parts = new List<(int Start, int End, bool Match)>();
        var done = 0;
        foreach (var (start, end) in matches)
        {
            if (start > done)
                parts.Add((done, start, invert));
            parts.Add((start, end, !invert));
            done = end;
        }

        if (done < text.Length)
            parts.Add((done, text.Length, invert));
        foreach (var (start, end, _) in Join(parts, behavior))
        {
            if (end > start)
                yield return text.Slice(start, end);
        }
    }

    /// <summary>Runs of word characters and runs of other visible ones.</summary>
    public static IEnumerable<TracedText> Words(TracedText text)
    {
        var (start, kind) = (0, 0);
        for (int index = 0, next; index < text.Length; index = next)
        {
            Rune.DecodeFromUtf16(text.Span[index..], out var rune, out var length);
            next = index + length;
            var now = Characters.IsWord(rune) ? 1 : Rune.IsWhiteSpace(rune) ? 0 : 2;
            if (now == kind)
                continue;
            if (kind != 0)
                yield return text.Slice(start, index);
            (start, kind) = (index, now);
        }

        if (kind != 0)
            yield return text.Slice(start, text.Length);
    }

    /// <summary>Pieces of so many characters, the last one shorter.</summary>
    public static IEnumerable<TracedText> Chunks(TracedText text, int characters)
    {
        var (start, count) = (0, 0);
        for (var index = 0; index < text.Length; index++)
        {
            if (index > start && char.IsLowSurrogate(text[index]))
                continue;
            if (count++ < characters)
                continue;
            yield return text.Slice(start, index);
            (start, count) = (index, 1);
        }

        if (start < text.Length)
            yield return text.Slice(start, text.Length);
    }

    private static List<(int Start, int End, bool Match)> Join(List<(int Start, int End, bool Match)> parts, Behavior behavior)
    {
        switch (behavior)
        {
            case Behavior.Removed:
                parts.RemoveAll(part => part.Match);
                return parts;
            case Behavior.Isolated:
                return parts;
        }

        // Joining with the next is joining with the previous, read backwards.
        var backwards = behavior == Behavior.MergedWithNext;
        if (backwards)
            parts.Reverse();
        var result = new List<(int Start, int End, bool Match)>();
        var previous = false;
        foreach (var part in parts)
        {
            var joins = result.Count > 0 && (behavior == Behavior.Contiguous ? part.Match == previous : part.Match && !previous);
            if (joins)
                result[^1] = (Math.Min(result[^1].Start, part.Start), Math.Max(result[^1].End, part.End), part.Match);
            else
                result.Add(part);
            previous = part.Match;
        }

        if (backwards)
            result.Reverse();
        return result;
    }

    private static List<(int Start, int End)> Matches(TracedText text, Func<Rune, bool> belongs)
    {
        var matches = new List<(int, int)>();
        var start = 0;
        foreach (var rune in text.Span.EnumerateRunes())
        {
            if (belongs(rune))
                matches.Add((start, start + rune.Utf16SequenceLength));
            start += rune.Utf16SequenceLength;
        }

        return matches;
    }
}
