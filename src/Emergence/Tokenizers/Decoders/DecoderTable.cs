using Emergence.Tokenizers.PreTokenizers;

namespace Emergence.Tokenizers.Decoders;

/// <summary>How token texts become text again; the results are joined without a gap.</summary>
internal delegate List<string> Decoder(List<string> tokens);

/// <summary>The kinds of "decoder" of tokenizer.json.</summary>
internal static class DecoderTable
{
    public static KindTable<Decoder> Kinds { get; } = new(
        "decoder",
        new("BPEDecoder", "OpenAI GPT, CLIP", "11-bpedecoder", field => TokenDecoders.EndOfWord(field["suffix"].OptionalText() ?? "</w>")),
        new("ByteFallback", "Llama 2, Mistral, Gemma", "11-bytefallback", _ => TokenDecoders.ByteFallback),
        new("ByteLevel", "GPT-2, Llama 3, Qwen, Falcon, StarCoder", "11-bytelevel", _ => TokenDecoders.Bytes),
        new("CTC", "Wav2Vec2, HuBERT", "11-ctc", Ctc),
        new("Fuse", "Llama 2, Mistral, Gemma", "11-fuse", _ => tokens => [string.Concat(tokens)]),
        new("Metaspace", "T5, ALBERT, XLM-R", "11-metaspace", Metaspaces),
        new("Replace", "Gemma, Llama 2", "11-replace", Replace),
        new("Sequence", "Llama 2, Mistral, Gemma", "11-sequence", field => Sequence(Kinds!.Steps(field["decoders"]))),
        new("Strip", "Llama 2, Mistral", "11-strip", Strip),
        new("WordPiece", "BERT, DistilBERT, MiniLM, Electra", "11-wordpiece", WordPiece));

    /// <summary>Without a decoder, tokens stand with spaces between them.</summary>
    public static Decoder FromJson(JsonField field) => field.IsNull ? tokens => [string.Join(' ', tokens)] : Kinds.Read(field);

    public static Decoder Sequence(params Decoder[] steps) => tokens => steps.Aggregate(tokens, (current, step) => step(current));

    private static Decoder Replace(JsonField field)
    {
        var replace = Pattern.Replacement(field);
        return tokens => tokens.ConvertAll(token => replace(new(token)).ToString());
    }

    private static Decoder Strip(JsonField field) =>
        TokenDecoders.Strip(field["content"].Character(), field["start"].Whole(int.MaxValue), field["stop"].Whole(int.MaxValue));

    private static Decoder WordPiece(JsonField field)
    {
        var prefix = field["prefix"].IsNull ? "##" : field["prefix"].Text();
        var cleanup = field["cleanup"].Flag(absent: true);
        return tokens => TokenDecoders.WordPiece(tokens, prefix, cleanup);
    }

    private static Decoder Ctc(JsonField field)
    {
        var pad = field["pad_token"].OptionalText() ?? "<pad>";
        var delimiter = field["word_delimiter_token"].OptionalText() ?? "|";
        var cleanup = field["cleanup"].Flag(absent: true);
        return tokens => TokenDecoders.Ctc(tokens, pad, delimiter, cleanup);
    }

    private static Decoder Metaspaces(JsonField field)
    {
        var mark = field["replacement"].Character().ToString();
        var never = Metaspace.Scheme(field) == "never";
        return tokens => [.. tokens.Select((token, i) => token.Replace(mark, i == 0 && !never ? "" : " ", StringComparison.Ordinal))];
    }
}
