using System.Buffers;
using System.Text;
using Emergence.Tokenizers.Normalizers;

namespace Emergence.Tokenizers.Decoders;

/// <summary>How SentencePiece makes text of its pieces.</summary>
/// <param name="unknown">The piece for unknown characters.</param>
/// <param name="unknownShown">What is written for it.</param>
/// <param name="eatsSpace">The space in front of the text, which encoding puts there, goes.</param>
/// <param name="eatsAllSpaces">So do all others at the beginning: encoding leaves none.</param>
internal sealed class SentencePieceDecoder(string unknown, string unknownShown, bool eatsSpace, bool eatsAllSpaces)
{
    public List<string> Decode(List<string> tokens)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();
        var atStart = true;
        foreach (var token in tokens)
        {
            if (TokenDecoders.TryByte(token, out var value))
            {
                bytes.Add(value);
                continue;
            }

            Flush(bytes, text);
            var piece = token.AsSpan();
            atStart &= text.Length == 0;
            if (atStart && eatsSpace && piece.StartsWith([SentencePieceNormalizer.Space]))
            {
                piece = piece[1..];
                atStart = eatsAllSpaces;
            }

            text.Append(token == unknown ? unknownShown : piece.ToString().Replace(SentencePieceNormalizer.Space, ' '));
        }

        Flush(bytes, text);
        return [text.ToString()];
    }

    /// <summary>A byte that is no UTF-8 becomes U+FFFD, and the next begins anew.</summary>
    private static void Flush(List<byte> bytes, StringBuilder text)
    {
        ReadOnlySpan<byte> rest = bytes.ToArray();
        while (!rest.IsEmpty)
        {
            var whole = Rune.DecodeFromUtf8(rest, out var rune, out var length) == OperationStatus.Done;
            text.Append(whole ? rune.ToString() : "\uFFFD");
            rest = rest[(whole ? length : 1)..];
        }

        bytes.Clear();
    }
}
