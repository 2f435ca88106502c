using System.Text;
using Emergence.Tokenizers.Unicode;

namespace Emergence.Tokenizers.Normalizers;

/// <summary>What is done to a text before it is cut into words.</summary>
internal delegate TracedText Normalizer(TracedText text);

/// <summary>The kinds of "normalizer" of tokenizer.json.</summary>
internal static class NormalizerTable
{
    // A file that doubles its text in every step would otherwise fill the memory.
    private const int FreeGrowth = 1 << 20, MostGrowth = 64;

    public static KindTable<Normalizer> Kinds { get; } = new(
        "normalizer",
        new("BertNormalizer", "BERT, DistilBERT, MiniLM, Electra", "07-bert", Bert),
        new("ByteLevel", "tokenizers 0.20 and later", "07-bytelevel", _ => CharacterNormalizers.Bytes),
        new("Lowercase", "CLIP, SigLIP, ALBERT", "07-lowercase", _ => CharacterNormalizers.Lowercase),
        new("NFC", "Qwen, GPT-NeoX, CLIP", "03-qwen2", _ => text => Normalization.Normalize(text, NormalizationForm.FormC)),
        new("NFD", "BERT kin", "07-nfd", _ => text => Normalization.Normalize(text, NormalizationForm.FormD)),
        new("NFKC", "Claude 2", "07-nfkc", _ => text => Normalization.Normalize(text, NormalizationForm.FormKC)),
        new("NFKD", "ALBERT, XLNet", "07-nfkd", _ => text => Normalization.Normalize(text, NormalizationForm.FormKD)),
        new("Nmt", "Marian, conversions of SentencePiece", "07-nmt", _ => CharacterNormalizers.Nmt),
        new("Precompiled", "T5, XLM-R, mBART, CamemBERT, mDeBERTa", "07-precompiled-full",
            field => CharacterMap.FromJson(field["precompiled_charsmap"]).Normalize),
        new("Prepend", "Llama 2", "07-prepend", Prepend),
        new("Replace", "Gemma, Llama 2, T5, ALBERT", "07-replace-regex", Pattern.Replacement),
        new("Sequence", "most", "07-sequence", field => Sequence(Kinds!.Steps(field["normalizers"]))),
        new("Strip", "T5, XLM-R", "07-strip", Strip),
        new("StripAccents", "ALBERT, XLNet", "07-stripaccents", _ => CharacterNormalizers.StripAccents));

    public static Normalizer FromJson(JsonField field) => field.IsNull ? text => text : Kinds.Read(field);

    public static Normalizer Sequence(params Normalizer[] steps) => text =>
    {
        var most = FreeGrowth + (long)MostGrowth * text.Length;
        foreach (var step in steps)
        {
            text = step(text);
            if (text.Length > most)
                throw new EmergenceException($"the tokenizer's normalizer makes more than {most} characters of a text");
        }

        return text;
    };

    private static Normalizer Prepend(JsonField field)
    {
        var prefix = field["prepend"].Text();
        return text => CharacterNormalizers.Prepend(text, prefix);
    }

    private static Normalizer Strip(JsonField field)
    {
        var (left, right) = (field["strip_left"].Flag(absent: true), field["strip_right"].Flag(absent: true));
        return text => CharacterNormalizers.Strip(text, left, right);
    }

    private static Normalizer Bert(JsonField field)
    {
        var lowercase = field["lowercase"].Flag(absent: true);
        return new BertNormalizer(
            field["clean_text"].Flag(absent: true),
            field["handle_chinese_chars"].Flag(absent: true),
            field["strip_accents"].Flag(absent: lowercase),
            lowercase).Normalize;
    }
}
