using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>The ids that are put before and after a text: what the "post_processor" of tokenizer.json does to a single text.</summary>
internal readonly record struct Frame(int[] Before, int[] After)
{
    // Parts of a template, and ids it puts around a text.
    private const int MaximumLength = 1024;

    public static Frame None { get; } = new([], []);

    public static Frame FromJson(JsonField field, Vocabulary vocabulary)
    {
        if (field.IsNull)
            return None;
        switch (field.Type)
        {
            case "Sequence":
                return field["processors"].Items().Select(step => FromJson(step, vocabulary))
                    .Aggregate(None, (inner, outer) => new([.. outer.Before, .. inner.Before], [.. inner.After, .. outer.After]));
            case "ByteLevel":
                return None;
            case "RobertaProcessing" or "BertProcessing":
                return new([Pair(field["cls"], vocabulary)], [Pair(field["sep"], vocabulary)]);
            case "TemplateProcessing":
                return Template(field, vocabulary);
            default:
                throw field.Unsupported($"post-processor {Printable.Quote(field.Type)}");
        }
    }

    private static Frame Template(JsonField field, Vocabulary vocabulary)
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
            foreach (var id in field["special_tokens"][name]["ids"].Items())
                (seen ? after : before).Add(Known(id, vocabulary));
        }

        return seen ? new([.. before], [.. after]) : throw field["single"].Error("a template with the sequence A once");
    }

    // ["</s>", 2]
    private static int Pair(JsonField field, Vocabulary vocabulary)
    {
        var items = field.Items().ToArray();
        return items.Length == 2 ? Known(items[1], vocabulary) : throw field.Error("a token and its id");
    }

    private static int Known(JsonField field, Vocabulary vocabulary)
    {
        var id = field.Whole(Vocabulary.MaximumEntries);
        return vocabulary[id] != null ? id : throw field.Error("the id of a token");
    }
}
