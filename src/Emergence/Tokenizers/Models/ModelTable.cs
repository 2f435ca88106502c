namespace Emergence.Tokenizers.Models;

/// <summary>The kinds of "model" of tokenizer.json.</summary>
internal static class ModelTable
{
    public static KindTable<(Vocabulary Vocabulary, Model Model)> Kinds { get; } = new(
        "model",
        new("BPE", "GPT, Llama, Mistral, Qwen, Gemma, DeepSeek, Phi, Falcon", "13-prefix-suffix",
            field => Over(field, BytePairModel.FromJson)),
        new("Unigram", "T5, mT5, ALBERT, XLNet, XLM-R, mBART, NLLB, DeBERTa-v2", "08-unigram", UnigramModel.FromJson),
        new("WordLevel", "toy, music and graph models", "08-wordlevel", field => Over(field, WordLevelModel.FromJson)),
        new("WordPiece", "BERT, DistilBERT, MiniLM, MPNet, Electra", "08-wordpiece", field => Over(field, WordPieceModel.FromJson)));

    /// <summary>Reads a model; the oldest files, which do not say its kind, have what the library would guess.</summary>
    public static (Vocabulary Vocabulary, Model Model) FromJson(JsonField field)
    {
        if (!field["type"].IsNull)
            return Kinds.Read(field);
        var isUnigram = field["vocab"].Element.ValueKind == System.Text.Json.JsonValueKind.Array;
        return isUnigram ? UnigramModel.FromJson(field)
            : !field["merges"].IsNull ? Over(field, BytePairModel.FromJson)
            : !field["max_input_chars_per_word"].IsNull ? Over(field, WordPieceModel.FromJson)
            : Over(field, WordLevelModel.FromJson);
    }

    private static (Vocabulary Vocabulary, Model Model) Over(JsonField field, Func<JsonField, Vocabulary, Model> read)
    {
        var vocabulary = Vocabulary.FromJson(field["vocab"]);
        return vocabulary.Size > 0
            ? (vocabulary, read(field, vocabulary))
            : throw field["vocab"].Error("an object with at least one token");
    }
}
