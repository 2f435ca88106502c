using System.Globalization;
using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers.Models;

/// <summary>Byte-pair encoding with a list of merges: pairs of tokens, the first in the list joined first.</summary>
internal sealed class BytePairModel : MergeModel
{
    private readonly Vocabulary _vocabulary;
    private readonly TokenizerFile _file;
    private readonly MergeTable _merges = new();
    private readonly WordCache _cache;
    private readonly bool _hasSeams;

    // Ids of the first characters of Unicode, among them the alphabet of byte-level vocabularies.
    private readonly int[] _characters = new int[0x180];

    public BytePairModel(TokenizerFile file, Vocabulary vocabulary)
    {
        _file = file;
        _vocabulary = vocabulary;
        _cache = new(EncodeWord);
        _hasSeams = Seams.Exist(vocabulary);
        for (var character = 0; character < _characters.Length; character++)
            _characters[character] = vocabulary.Find([(char)character]);
    }

    /// <summary>The token of characters that have none; null drops them.</summary>
    public string? Unknown { get; init; }

    /// <summary>Unknown characters in a row make one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Unknown characters are spelled as their UTF-8 bytes, "&lt;0x41&gt;", if all of these are tokens.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>A word that is a token is that token, whatever the merges would make of it.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Marks every character of a word but the first, e.g. "##".</summary>
    public string Continuing { get; init; } = "";

    /// <summary>Marks the last character of a word, e.g. "&lt;/w&gt;".</summary>
    public string EndOfWord { get; init; } = "";

    private bool CutsAtSeams => _hasSeams && Continuing.Length + EndOfWord.Length == 0;

    public static BytePairModel FromJson(JsonField field, Vocabulary vocabulary)
    {
        if (!field["dropout"].IsZero)
            throw field.Unsupported("dropout, which makes ids random,");
        var model = new BytePairModel(field.File, vocabulary)
        {
            Unknown = field["unk_token"].OptionalText(),
            FuseUnknown = field["fuse_unk"].Flag(absent: false),
            ByteFallback = field["byte_fallback"].Flag(absent: false),
            IgnoreMerges = field["ignore_merges"].Flag(absent: false),
            Continuing = field["continuing_subword_prefix"].OptionalText() ?? "",
            EndOfWord = field["end_of_word_suffix"].OptionalText() ?? "",
        };
        var index = 0;
        foreach (var merge in field["merges"].Items())
        {
            // "a b" in older files, ["a", "b"] in newer ones.
            string[] parts = merge.IsText ? merge.Text().Split(' ') : [.. merge.Items().Select(part => part.Text())];
            if (parts is not [var left, var right])
                throw merge.Error("two tokens");
            model.AddMerge(index++, left, right);
        }

        return model;
    }

    /// <summary>Adds the next merge. The right token loses the mark of a continuing one.</summary>
    public void AddMerge(int index, string left, string right)
    {
        if (index >= Vocabulary.MaximumEntries)
            throw _file.Error($"has more than {Vocabulary.MaximumEntries} merges");
        if (right.Length < Continuing.Length)
            throw _file.Error($"merge {index} joins {Printable.Quote(right)}, which is shorter than the mark of a continuing token");
        var made = left + right[Continuing.Length..];
        _merges.Add(Known(index, "joins", left), Known(index, "joins", right), index, Known(index, "makes", made));
    }

    public override void Encode(ReadOnlySpan<char> word, TokenSink tokens)
    {
        if (!CutsAtSeams)
        {
            _cache.Encode(word, tokens);
            return;
        }

        if (IgnoreMerges && _vocabulary.Find(word) is >= 0 and var whole)
        {
            tokens.Add(whole, 0, Encoding.UTF8.GetByteCount(word));
            return;
        }

        Seams.Encode(word, _cache, tokens);
    }

    protected override bool TryMerge(ReadOnlySpan<char> word, in Symbol left, in Symbol right, out int rank, out int id) =>
        _merges.TryFind(left.Id, right.Id, out rank, out id);

    private void EncodeWord(ReadOnlySpan<char> word, TokenSink tokens)
    {
        if (IgnoreMerges && !CutsAtSeams && _vocabulary.Find(word) is >= 0 and var whole)
        {
            tokens.Add(whole, 0, Encoding.UTF8.GetByteCount(word));
            return;
        }

        var symbols = Characters(word);
        MergeAll(word, symbols);
        var bytes = 0;
        foreach (var symbol in symbols)
        {
            tokens.Add(symbol.Id, bytes, bytes + symbol.Bytes);
            bytes += symbol.Bytes;
        }
    }

    /// <summary>The tokens of the single characters. A held-back unknown token is placed before the next known character.</summary>
    private List<Symbol> Characters(ReadOnlySpan<char> word)
    {
        var symbols = new List<Symbol>(word.Length);
        Symbol? unknown = null;
        for (int start = 0, length; start < word.Length; start += length)
        {
            length = char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1;
            var bytes = length == 2 ? 4 : word[start] < 0x80 ? 1 : word[start] < 0x800 ? 2 : 3;
            var marked = Marked(word, start, length);
            var id = marked.Length == 1 && marked[0] < _characters.Length ? _characters[marked[0]] : _vocabulary.Find(marked);
            if (id >= 0)
            {
                Place(ref unknown, symbols);
                symbols.Add(new(id, start, length, bytes));
            }
            else if (!ByteFallback || !TryBytes(marked, start, symbols))
            {
                if (Unknown == null)
                    continue;
                if (!FuseUnknown)
                    Place(ref unknown, symbols);
                unknown = unknown is { } before ? before with { Bytes = before.Bytes + bytes } : new(UnknownId(), start, length, bytes);
            }
        }

        Place(ref unknown, symbols);
        return symbols;
    }

    private ReadOnlySpan<char> Marked(ReadOnlySpan<char> word, int start, int length)
    {
        var character = word.Slice(start, length);
        var (continues, ends) = (start > 0 && Continuing.Length > 0, start + length == word.Length && EndOfWord.Length > 0);
        return continues || ends ? string.Concat(continues ? Continuing : "", character, ends ? EndOfWord : "") : character;
    }

    private static void Place(ref Symbol? unknown, List<Symbol> symbols)
    {
        if (unknown is { } symbol)
            symbols.Add(symbol);
        unknown = null;
    }

    private bool TryBytes(ReadOnlySpan<char> text, int start, List<Symbol> symbols)
    {
        var count = symbols.Count;
        Span<byte> bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        foreach (var value in bytes)
        {
            if (_vocabulary.Find(ByteToken(value)) is not (>= 0 and var id))
            {
                symbols.RemoveRange(count, symbols.Count - count);
                return false;
            }

            symbols.Add(new(id, start, 1, 1));
        }

        return true;
    }

    /// <summary>How vocabularies with byte fallback spell a byte.</summary>
    public static string ByteToken(byte value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    private int UnknownId() => _vocabulary.Find(Unknown) is >= 0 and var id
        ? id
        : throw _file.Error($"needs its unknown token {Printable.Quote(Unknown!)} for a text, and the model's vocabulary has none");

    private int Known(int index, string does, string token) => _vocabulary.Find(token) is >= 0 and var id
        ? id
        : throw _file.Error($"merge {index} {does} unknown token {Printable.Quote(token)}");
}
