using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers.Models;

/// <summary>What a piece of a SentencePiece vocabulary is for; numbers as in the file.</summary>
internal enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>The pieces of a tokenizer.model, and what is made of characters that have none.</summary>
internal sealed class SentencePieces
{
    private readonly int[]? _bytes;

    /// <param name="file">The file, for errors.</param>
    /// <param name="vocabulary">Texts and ids.</param>
    /// <param name="types">What each is for.</param>
    /// <param name="scores">How well each does.</param>
    /// <param name="byteFallback">Characters without a piece become their bytes.</param>
    public SentencePieces(TokenizerFile file, Vocabulary vocabulary, List<PieceType> types, List<float> scores, bool byteFallback)
    {
        (Vocabulary, Types, Scores) = (vocabulary, [.. types], [.. scores]);
        UserDefined = new(file, "user-defined pieces");
        Unknown = types.IndexOf(PieceType.Unknown);
        if (Unknown < 0 || types.LastIndexOf(PieceType.Unknown) != Unknown)
            throw file.Error($"must have one piece for unknown characters, found {types.Count(type => type == PieceType.Unknown)}");
        for (var id = 0; id < Types.Length; id++)
        {
            if (Types[id] == PieceType.UserDefined)
                UserDefined.Add(vocabulary.Text(id), id);
        }

        if (byteFallback)
            _bytes = [.. Enumerable.Range(0, 256).Select(value => ByteId(file, (byte)value))];
    }

    public Vocabulary Vocabulary { get; }

    public PieceType[] Types { get; }

    public float[] Scores { get; }

    /// <summary>The pieces that stay whole wherever they are found.</summary>
    public TokenTrie UserDefined { get; }

    public int Unknown { get; }

    /// <summary>Adds the bytes of characters without a piece; else one unknown token for all in a row.</summary>
    public void AddUnknown(ReadOnlySpan<char> text, int start, int end, bool afterUnknown, TokenSink tokens)
    {
        if (_bytes == null)
        {
            if (!afterUnknown)
                tokens.Add(Unknown, start, end);
            else if (tokens.Places is { } places)
                places[^1] = places[^1] with { End = end };
            return;
        }

        Span<byte> bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        foreach (var value in bytes)
            tokens.Add(_bytes[value], start, end);
    }

    private int ByteId(TokenizerFile file, byte value)
    {
        var token = BytePairModel.ByteToken(value);
        return Vocabulary.Find(token) is >= 0 and var id && Types[id] == PieceType.Byte
            ? id
            : throw file.Error($"falls back to bytes, but has no byte piece {Printable.Quote(token)}");
    }
}
