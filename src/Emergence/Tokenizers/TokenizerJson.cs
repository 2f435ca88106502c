using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>Reads tokenizer.json.</summary>
internal static class TokenizerJson
{
    public static TokenizerParts Read(TokenizerFile file, TokenizerSettings settings) => file.ReadJson(root =>
    {
        var model = root["model"];
        var type = model["type"].OptionalText() ?? "BPE";
        if (type != "BPE")
            throw model.Unsupported($"a model of type {Printable.Quote(type)}; BPE is");
        var vocabulary = Vocabulary.FromJson(model["vocab"]);
        var added = ReadAdded(root["added_tokens"], vocabulary);
        if (vocabulary.Size == 0)
            throw model["vocab"].Error("an object with at least one token");
        var normalize = Normalizers.FromJson(root["normalizer"]);
        var frame = Frame.FromJson(root["post_processor"], vocabulary);
        return new TokenizerParts
        {
            Vocabulary = vocabulary,
            Added = new(file, added, normalize),
            PreTokenizer = PreTokenizers.FromJson(root["pre_tokenizer"]),
            Model = ReadModel(model, vocabulary),
            Frame = frame,
            Decoder = Decoders.FromJson(root["decoder"]),
            BeginningOfSequence = settings.Find("bos_token", vocabulary) ?? (frame.Before.Length > 0 ? frame.Before[0] : null),
        };
    });

    private static BytePairModel ReadModel(JsonField field, Vocabulary vocabulary)
    {
        var prefix = field["continuing_subword_prefix"].OptionalText();
        if (prefix != null)
            throw field.Unsupported($"continuing_subword_prefix {Printable.Quote(prefix)}");
        if (!field["dropout"].IsZero)
            throw field.Unsupported("dropout, which makes ids random,");
        var unknown = field["unk_token"].OptionalText();
        if (unknown != null && vocabulary.Find(unknown) == null)
            throw field["unk_token"].Error("a token of the vocabulary");
        var model = new BytePairModel(field.File, vocabulary)
        {
            Unknown = unknown == null ? null : vocabulary.Find(unknown),
            FuseUnknown = field["fuse_unk"].Flag(absent: false),
            ByteFallback = field["byte_fallback"].Flag(absent: false),
            IgnoreMerges = field["ignore_merges"].Flag(absent: false),
            EndOfWord = field["end_of_word_suffix"].OptionalText() ?? "",
        };
        var index = 0;
        foreach (var merge in field["merges"].Items())
        {
            var (left, right) = ReadMerge(merge);
            model.AddMerge(index++, left, right);
        }

        return model;
    }

    /// <summary>"a b" in older files, ["a", "b"] in newer ones.</summary>
    private static (string Left, string Right) ReadMerge(JsonField merge)
    {
        string[] parts = merge.IsText ? merge.Text().Split(' ') : [.. merge.Items().Select(part => part.Text())];
        return parts is [var left, var right] ? (left, right) : throw merge.Error("two tokens");
    }

    /// <summary>Added tokens, special ones first; those that are not in the vocabulary yet are put there.</summary>
    private static List<AddedToken> ReadAdded(JsonField field, Vocabulary vocabulary)
    {
        var special = new List<AddedToken>();
        var plain = new List<AddedToken>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in field.Items())
        {
            var text = item["content"].Text();
            var id = item["id"].Whole(Vocabulary.MaximumEntries - 1);
            if (!seen.Add(text))
                throw field.File.Error($"added token {Printable.Quote(text)} is listed twice");
            if (vocabulary[id] != text)
                vocabulary.Add(text, id);
            var isSpecial = item["special"].Flag(absent: false);
            (isSpecial ? special : plain).Add(new(
                id,
                text,
                item["single_word"].Flag(absent: false),
                item["lstrip"].Flag(absent: false),
                item["rstrip"].Flag(absent: false),
                item["normalized"].Flag(absent: !isSpecial)));
        }

        return [.. special, .. plain];
    }
}
