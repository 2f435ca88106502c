using System.Globalization;
using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>A token that is cut out of the text before anything else looks at it.</summary>
/// <param name="Id">Its id, also in the vocabulary.</param>
/// <param name="Text">As written in the file.</param>
/// <param name="SingleWord">Counts only where no word character touches it.</param>
/// <param name="StripLeft">Takes the white space before it along.</param>
/// <param name="StripRight">Takes the white space after it along.</param>
/// <param name="Normalized">Is looked for, in its normalized form, in the normalized text.</param>
internal sealed record AddedToken(
    int Id, string Text, bool SingleWord = false, bool StripLeft = false, bool StripRight = false, bool Normalized = false);

/// <summary>Cuts added tokens out of a text: first those looked for as written, then, in the rest, the normalized ones.</summary>
internal sealed class AddedTokens
{
    // Longest added token: bounds the time of a search in a text that keeps beginning to match.
    private const int MaximumLength = 1024;

    private readonly List<AddedToken> _tokens = [];
    private readonly TokenTrie _asWritten;
    private readonly TokenTrie _normalized;
    private readonly Func<string, string> _normalize;

    /// <summary>Added tokens in the order of preference among equals: special ones first.</summary>
    public AddedTokens(TokenizerFile file, IEnumerable<AddedToken> tokens, Func<string, string> normalize)
    {
        (_asWritten, _normalized) = (new(file), new(file));
        _normalize = normalize;
        foreach (var token in tokens)
        {
            var text = token.Normalized ? normalize(token.Text) : token.Text;
            if (text.Length is 0 or > MaximumLength)
                throw file.Error(
                    $"added token {Printable.Quote(token.Text)} must have 1 to {MaximumLength} characters to look for, found {text.Length}");
            (token.Normalized ? _normalized : _asWritten).Add(text, _tokens.Count);
            _tokens.Add(token);
        }
    }

    /// <summary>The parts of a text in order: added tokens as (null, id), the rest, normalized, as (text, -1).</summary>
    public IEnumerable<(string? Text, int Id)> Split(string text)
    {
        foreach (var (raw, rawId) in Cut(text, _asWritten))
        {
            if (raw == null)
            {
                yield return (null, rawId);
                continue;
            }

            foreach (var part in Cut(_normalize(raw), _normalized))
                yield return part;
        }
    }

    private IEnumerable<(string? Text, int Id)> Cut(string text, TokenTrie trie)
    {
        var done = 0;
        for (var i = 0; i < text.Length && !trie.IsEmpty;)
        {
            if (!trie.TryMatch(text, i, out var length, out var index))
            {
                i++;
                continue;
            }

            var token = _tokens[index];
            var (start, stop) = (i, i + length);
            i = stop;
            if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || StartsWithWord(text.AsSpan(stop))))
                continue;
            while (token.StripLeft && start > done && char.IsWhiteSpace(text[start - 1]))
                start--;
            while (token.StripRight && stop < text.Length && char.IsWhiteSpace(text[stop]))
                stop++;
            if (start > done)
                yield return (text[done..start], -1);
            yield return (null, token.Id);
            done = stop;
        }

        if (done < text.Length)
            yield return (done == 0 ? text : text[done..], -1);
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var rune, out _) == System.Buffers.OperationStatus.Done && IsWord(rune);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var rune, out _) == System.Buffers.OperationStatus.Done && IsWord(rune);

    /// <summary>Word characters of UTS #18: alphabetic, marks, decimal digits, connectors and joiners.</summary>
    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => true,

        // Letters in circles and squares are symbols that count as alphabetic.
        _ => Rune.IsLetter(rune) || rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9)
            or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
    };
}
