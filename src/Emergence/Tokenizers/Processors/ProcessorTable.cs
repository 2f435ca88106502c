using Emergence.Tokenizers.Added;

namespace Emergence.Tokenizers.Processors;

/// <summary>The kinds of "post_processor" of tokenizer.json.</summary>
internal static class ProcessorTable
{
    // Parts of a template, and ids it puts around a text.
    private const int MaximumLength = 1024;

    public static KindTable<Func<AddedTokens, PostProcessor>> Kinds { get; } = new(
        "post-processor",
        new("BertProcessing", "BERT, early conversions", "10-bert", field => names => Pair(field, names)),
        new("ByteLevel", "GPT-2, Qwen, GPT-4o; only places change", "10-bytelevel",
            field => _ => PostProcessor.None with { Trim = Trim(field) }),
        new("RobertaProcessing", "RoBERTa, BART", "10-roberta", field => names => Pair(field, names) with { Trim = Trim(field) }),
        new("Sequence", "Llama 3", "10-sequence", Sequence),
        new("TemplateProcessing", "BERT, T5, NLLB, Llama, Mistral, Whisper", "10-template", field => names => Template(field, names)));

    public static PostProcessor FromJson(JsonField field, AddedTokens names) =>
        field.IsNull ? PostProcessor.None : Kinds.Read(field)(names);

    private static Func<AddedTokens, PostProcessor> Sequence(JsonField field)
    {
        var steps = Kinds.Steps(field["processors"]);
        return names => steps.Select(step => step(names)).Aggregate(PostProcessor.None, (inner, outer) =>
            new([.. outer.Before, .. inner.Before], [.. inner.After, .. outer.After]) { Trim = outer.Trim ?? inner.Trim });
    }

    private static SpaceTrim? Trim(JsonField field) =>
        field["trim_offsets"].Flag(absent: true) ? new(field["add_prefix_space"].Flag(absent: true)) : null;

    // "sep": ["</s>", 2], "cls": ["<s>", 0]
    private static PostProcessor Pair(JsonField field, AddedTokens names) =>
        new([Known(field["cls"].Pair().Second, names)], [Known(field["sep"].Pair().Second, names)]);

    private static PostProcessor Template(JsonField field, AddedTokens names)
    {
        var before = new List<int>();
        var after = new List<int>();
        var seen = false;
        var parts = 0;
        foreach (var piece in field["single"].Items())
        {
            if (++parts > MaximumLength || before.Count + after.Count > MaximumLength)
                throw field["single"].Error($"a template of at most {MaximumLength} tokens");
            if (!piece["Sequence"].IsNull)
            {
                if (seen || piece["Sequence"]["id"].Text() != "A")
                    throw field["single"].Error("a template with the sequence A once");
                seen = true;
                continue;
            }

            var name = piece["SpecialToken"]["id"].Text();
            var token = field["special_tokens"][name];
            if (token.IsNull)
                throw piece["SpecialToken"]["id"].Error("one of special_tokens");
            foreach (var id in token["ids"].Items())
                (seen ? after : before).Add(Known(id, names));
        }

        return seen ? new([.. before], [.. after]) : throw field["single"].Error("a template with the sequence A once");
    }

    private static int Known(JsonField field, AddedTokens names)
    {
        var id = field.Whole(Vocabulary.MaximumEntries);
        return names[id] != null ? id : throw field.Error("the id of a token");
    }
}
