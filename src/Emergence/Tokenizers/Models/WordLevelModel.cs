using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers.Models;

/// <summary>Every word is a token, or unknown.</summary>
internal sealed class WordLevelModel(TokenizerFile file, Vocabulary vocabulary, string unknown) : Model
{
    public static WordLevelModel FromJson(JsonField field, Vocabulary vocabulary) =>
        new(field.File, vocabulary, field["unk_token"].OptionalText() ?? "<unk>");

    public override void Encode(ReadOnlySpan<char> word, TokenSink tokens)
    {
        var id = vocabulary.Find(word) is >= 0 and var known ? known : vocabulary.Find(unknown);
        if (id < 0)
            throw file.Error($"needs its unknown token {Printable.Quote(unknown)} for a text, and the model's vocabulary has none");
        tokens.Add(id, 0, Encoding.UTF8.GetByteCount(word));
    }
}
