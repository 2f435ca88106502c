using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;
using HuggingFace = Tokenizers.DotNet.Tokenizer;

namespace Emergence.Benchmarks;

/// <summary>The libraries that could cut texts for this program, each opened on a folder of a tokenizer.</summary>
internal static class TokenizerPeers
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public static readonly string[] Names = ["own", "Tokenizers.DotNet", "Microsoft.ML.Tokenizers"];

    /// <summary>Ids of a text with or without what is put around it, null where it cannot say; null as a whole where it has no class for
    /// the kind.</summary>
    public static Func<string, bool, IReadOnlyList<int>?>? Open(string library, string folder)
    {
        switch (library)
        {
            case "own":
                var own = Tokenizers.Tokenizer.Load(folder);
                return (text, whole) => own.Encode(text, whole);
            case "Tokenizers.DotNet":
                var path = Path.Combine(folder, "tokenizer.json");
                if (!File.Exists(path))
                    return null;
                var file = JsonNode.Parse(File.ReadAllText(path))!;
                file["post_processor"] = null;
                var copy = Path.Combine(Directory.CreateTempSubdirectory("emergence-benchmark-").FullName, "tokenizer.json");
                File.WriteAllText(copy, file.ToJsonString());
                var (full, plain) = (new HuggingFace(vocabPath: path), new HuggingFace(vocabPath: copy));
                return (text, whole) => [.. (whole ? full : plain).Encode(text).Select(id => (int)id)];
            default:
                return Microsoft(folder) is { } other ? (text, whole) => whole ? null : other.EncodeToIds(text) : null;
        }
    }

    /// <summary>The class of Microsoft's library for a folder: SentencePiece, BERT, or byte-level BPE with one pattern.</summary>
    private static Tokenizer? Microsoft(string folder)
    {
        var model = Directory.GetFiles(folder, "*.model").FirstOrDefault();
        if (model != null)
        {
            using var stream = File.OpenRead(model);
            return SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false);
        }

        var path = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(path))
            return null;
        var file = JsonNode.Parse(File.ReadAllText(path))!;
        var kind = file["model"]!["type"]?.GetValue<string>() ?? "BPE";
        var vocabulary = kind == "Unigram" ? [] : file["model"]!["vocab"]!.AsObject()
            .Select(entry => KeyValuePair.Create(entry.Key, entry.Value!.GetValue<int>())).ToArray();
        if (kind == "WordPiece" && file["normalizer"]?["type"]?.GetValue<string>() == "BertNormalizer")
        {
            var lines = string.Join('\n', vocabulary.OrderBy(entry => entry.Value).Select(entry => entry.Key));
            return BertTokenizer.Create(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(lines)));
        }

        if (kind != "BPE" || Pattern(file["pre_tokenizer"]) is not { } pattern || file["normalizer"] != null)
            return null;
        return BpeTokenizer.Create(new BpeOptions(vocabulary)
        {
            Merges = file["model"]!["merges"]!.AsArray()
                .Select(merge => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : merge!.GetValue<string>()),
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(new Regex(pattern, RegexOptions.CultureInvariant), null),
            SpecialTokens = file["added_tokens"]!.AsArray()
                .ToDictionary(token => token!["content"]!.GetValue<string>(), token => token!["id"]!.GetValue<int>()),
        });
    }

    /// <summary>The one pattern of a byte-level pre-tokenizer; null where it is another.</summary>
    private static string? Pattern(JsonNode? pre)
    {
        var steps = pre?["type"]?.GetValue<string>() == "Sequence" ? pre["pretokenizers"]!.AsArray().ToArray() : [pre];
        return steps switch
        {
            [{ } bytes] when Is(bytes, "ByteLevel") => Gpt2,
            [{ } split, { } bytes] when Is(split, "Split") && Is(bytes, "ByteLevel")
                && split["behavior"]!.GetValue<string>() == "Isolated" =>
                split["pattern"]!["Regex"]?.GetValue<string>(),
            _ => null,
        };
    }

    private static bool Is(JsonNode node, string type) => node["type"]!.GetValue<string>() == type;
}
