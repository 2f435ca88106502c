using System.Text;

namespace Emergence.Tokenizers.Normalizers;

/// <summary>
/// What SentencePiece itself does to a text before it looks for pieces: user-defined pieces stay, the longest beginning that is
/// in the character map is replaced, extra spaces go, spaces become visible, and one is put in front or behind.
/// </summary>
internal sealed class SentencePieceNormalizer
{
    /// <summary>How spaces are written in pieces.</summary>
    public const char Space = '\u2581';

    /// <summary>The pieces that stay as they are, wherever they are found.</summary>
    public required TokenTrie UserDefined { get; init; }

    public CharacterMap? Map { get; init; }

    public bool DummyPrefix { get; init; } = true;

    public bool RemoveExtraSpaces { get; init; } = true;

    public bool SpaceAsSuffix { get; init; }

    /// <summary>Later parts of a text, after an added token, get no space of their own.</summary>
    public bool DummyPrefixOnlyAtStart { get; init; }

    public TracedText Normalize(TracedText text)
    {
        var rewrite = new TextRewrite(text);
        var afterSpace = RemoveExtraSpaces;

        // What is put last may be spaces that go again, so that the text is written up to a length known beforehand.
        var (units, places) = (new StringBuilder(text.Length + 1), new List<int>(text.Length + 1));
        for (int start = 0, length; start < text.Length; start += length)
        {
            var unit = Prefix(text.Span[start..], out length).AsSpan();
            var skipped = 0;
            while (afterSpace && skipped < unit.Length && unit[skipped] == ' ')
                skipped++;
            if (skipped == unit.Length)
                continue;
            for (var i = skipped; i < unit.Length; i++)
            {
                units.Append(unit[i] == ' ' ? Space : unit[i]);
                places.Add(start + Math.Min(i, length - 1));
            }

            afterSpace = RemoveExtraSpaces && unit[^1] == ' ';
        }

        var kept = units.Length;
        while (RemoveExtraSpaces && kept > 0 && units[kept - 1] == Space)
            kept--;
        var dummy = DummyPrefix && kept > 0 && !(DummyPrefixOnlyAtStart && text.Place(0).Start > 0);
        if (dummy && !SpaceAsSuffix)
            rewrite.Put([Space], 0);
        for (var i = 0; i < kept; i++)
            rewrite.Put([units[i]], places[i]);
        if (dummy && SpaceAsSuffix)
            rewrite.Put([Space], text.Length - 1);
        return rewrite.Done();
    }

    /// <summary>What becomes of the first character or characters, and how many of them there are.</summary>
    private string Prefix(ReadOnlySpan<char> text, out int length)
    {
        if (UserDefined.TryMatch(text, out length, out _))
            return text[..length].ToString();
        var (longest, leaf) = Map == null ? (0, 0) : LongestMatch(text);
        length = longest > 0 ? longest : char.IsHighSurrogate(text[0]) && text.Length > 1 ? 2 : 1;
        return longest > 0 ? Map!.Text(leaf) : text[..length].ToString();
    }

    private (int Length, int Leaf) LongestMatch(ReadOnlySpan<char> text)
    {
        var (longest, found) = (0, 0);
        var node = Map!.Root;
        var length = 0;
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var leaf = CharacterMap.NoLeaf;
            foreach (var value in bytes[..rune.EncodeToUtf8(bytes)])
            {
                leaf = Map.Step(ref node, value);
                if (leaf == CharacterMap.NoWay)
                    return (longest, found);
            }

            length += rune.Utf16SequenceLength;
            if (leaf >= 0)
                (longest, found) = (length, leaf);
        }

        return (longest, found);
    }
}
