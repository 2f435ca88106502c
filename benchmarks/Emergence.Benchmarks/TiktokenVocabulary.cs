using System.IO.Compression;
using System.Reflection;
using System.Text.Json.Nodes;
using Emergence.Tokenizers;

namespace Emergence.Benchmarks;

/// <summary>
/// A real vocabulary of tiktoken, which Microsoft's data packages carry, as the tokenizer.json of a model that was trained with it.
/// </summary>
/// <param name="Encoding">tiktoken's name, such as <c>o200k_base</c>.</param>
/// <param name="Package">The end of the package's name.</param>
/// <param name="Pattern">How a text is cut before merging.</param>
internal sealed record TiktokenVocabulary(string Encoding, string Package, string Pattern)
{
    public static TiktokenVocabulary Cl100k { get; } = new("cl100k_base", "Cl100kBase",
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+");

    public static TiktokenVocabulary O200k { get; } = new("o200k_base", "O200kBase",
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+");

    /// <summary>Writes tokenizer.json into a folder: ids are the ranks, and a merge is the last step that makes a token of earlier
    /// ones.</summary>
    public void Write(string folder)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (rank, line) in Lines().Index().Where(entry => entry.Item.Length > 0))
            ranks.Add(ByteLevel.Encode(Convert.FromBase64String(line)), rank);

        var merges = ranks.Where(token => token.Key.Length > 1).OrderBy(token => token.Value)
            .Select(token => LastStep(token.Key, token.Value, ranks)).OfType<(string, string)>()
            .Select(pair => (JsonNode)new JsonArray(pair.Item1, pair.Item2));
        var file = new JsonObject
        {
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = JsonNode.Parse("""
                {"type":"Sequence","pretokenizers":[
                  {"type":"Split","pattern":{"Regex":""},"behavior":"Isolated","invert":false},
                  {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}
                """),
            ["post_processor"] = null,
            ["decoder"] = JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"""),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["ignore_merges"] = true,
                ["vocab"] = new JsonObject(ranks.Select(token => KeyValuePair.Create(token.Key, (JsonNode?)token.Value))),
                ["merges"] = new JsonArray([.. merges]),
            },
        };
        file["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = Pattern;
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), file.ToJsonString());
    }

    /// <summary>Bytes of the tokens in the order of their ranks, in base 64.</summary>
    private IEnumerable<string> Lines()
    {
        var assembly = Assembly.Load($"Microsoft.ML.Tokenizers.Data.{Package}");
        using var stream = assembly.GetManifestResourceStream($"{Encoding}.tiktoken.deflate")
            ?? throw new InvalidOperationException(
                $"{assembly} has no {Encoding}, only {string.Join(", ", assembly.GetManifestResourceNames())}");
        using var reader = new StreamReader(new DeflateStream(stream, CompressionMode.Decompress));
        reader.ReadLine(); // How many there are.
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    /// <summary>The two parts that are left when all earlier tokens have been joined; null where there are not two.</summary>
    private static (string, string)? LastStep(string token, int rank, Dictionary<string, int> ranks)
    {
        var parts = token.Select(c => c.ToString()).ToList();
        while (parts.Count > 2)
        {
            var (best, place) = (rank, -1);
            for (var i = 0; i + 1 < parts.Count; i++)
            {
                if (ranks.TryGetValue(parts[i] + parts[i + 1], out var other) && other < best)
                    (best, place) = (other, i);
            }

            if (place < 0)
                return null;
            parts[place] += parts[place + 1];
            parts.RemoveAt(place + 1);
        }

        return (parts[0], parts[1]);
    }
}
