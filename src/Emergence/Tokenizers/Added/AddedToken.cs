namespace Emergence.Tokenizers.Added;

/// <summary>A token that is cut out of the text before anything else looks at it.</summary>
/// <param name="Text">As written in the file.</param>
/// <param name="Id">The id that the file gives it; null if it gives none.</param>
internal sealed record AddedToken(string Text, int? Id = null)
{
    /// <summary>Counts only if no word character touches it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Takes the white space before it along.</summary>
    public bool StripLeft { get; init; }

    /// <summary>Takes the white space after it along.</summary>
    public bool StripRight { get; init; }

    /// <summary>Is looked for, in its normalized form, in the normalized text.</summary>
    public bool Normalized { get; init; }

    /// <summary>Says something about the text instead of being part of it.</summary>
    public bool Special { get; init; }

    /// <summary>Reads {"content": ..., "special": ..., ...}.</summary>
    public static AddedToken FromJson(JsonField field, int? id, bool? special = null)
    {
        var isSpecial = special ?? field["special"].Flag(absent: false);
        return new(field["content"].Text(), id)
        {
            SingleWord = field["single_word"].Flag(absent: false),
            StripLeft = field["lstrip"].Flag(absent: false),
            StripRight = field["rstrip"].Flag(absent: false),
            Normalized = field["normalized"].Flag(absent: !isSpecial),
            Special = isSpecial,
        };
    }
}
