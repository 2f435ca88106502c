namespace Emergence.Tokenizers.Processors;

/// <summary>What is done to the tokens of a single text: ids are put before and after, and places lose the spaces at their ends.</summary>
internal sealed record PostProcessor(int[] Before, int[] After)
{
    public static PostProcessor None { get; } = new([], []);

    /// <summary>Null where the places of byte-level tokens keep their spaces.</summary>
    public SpaceTrim? Trim { get; init; }
}

/// <summary>Takes the spaces at the ends of byte-level tokens out of their places, as the library's ByteLevel does.</summary>
/// <param name="PrefixSpace">A space in front of the text may be one that was added: the first token keeps its own.</param>
internal sealed record SpaceTrim(bool PrefixSpace)
{
    private const char Space = '\u0120';

    public ByteRange Apply(string token, ByteRange place, bool isFirst)
    {
        var leading = token.TakeWhile(IsSpace).Count();
        var trailing = token.Reverse().TakeWhile(IsSpace).Count();
        if (leading > 0 && !(PrefixSpace && (isFirst || place.Start == 0)))
            place = place with { Start = Math.Min(place.Start + leading, place.End) };
        if (trailing > 0 && place.End >= trailing)
            place = place with { End = Math.Max(place.End - trailing, place.Start) };
        return place;
    }

    private static bool IsSpace(char character) => character == Space || char.IsWhiteSpace(character);
}
