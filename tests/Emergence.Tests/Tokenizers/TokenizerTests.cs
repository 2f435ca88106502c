using System.Text.Json;
using Emergence.Tokenizers;

namespace Emergence.Tests.Tokenizers;

/// <summary>Every case of the golden files: ids with and without the special tokens around, and the text back.</summary>
public class TokenizerTests
{
    private const string Sample = "samples/stories260k";

    [Theory]
    [InlineData("like-llama3")]
    [InlineData("like-gemma")]
    [InlineData("like-openai-gpt")]
    [InlineData("sentencepiece-bpe")]
    public void Small_golden_cases_agree(string name) =>
        Agree(TestData.Golden($"tokenizers/{name}"), TestData.Golden($"tokenizers/{name}/cases.jsonl"), atLeast: 100);

    [Theory]
    [InlineData("gpt2-files")]
    [InlineData("like-gemma")]
    [InlineData("like-llama3")]
    [InlineData("like-openai-gpt")]
    [InlineData("like-opt")]
    [InlineData("like-qwen")]
    [InlineData("mistral")]
    [InlineData("sentencepiece-bpe")]
    [InlineData("sentencepiece-bpe-noprefix")]
    [InlineData("smollm2-135m", "models/smollm2-135m")]
    [InlineData("stories260k", Sample)]
    public void All_golden_cases_agree(string name, string? tokenizer = null)
    {
        var folder = $"golden/tokenizers/{name}";
        Agree(tokenizer == Sample ? Path.Combine(TestData.Repository, Sample)
            : TestData.Large(tokenizer ?? folder), TestData.Large($"{folder}/cases.jsonl"), atLeast: 400);
    }

    [Fact]
    public void A_lone_surrogate_counts_as_the_replacement_character()
    {
        var tokenizer = Tokenizer.Load(TestData.Golden("tokenizers/like-llama3"));
        Assert.Equal(tokenizer.Encode("a\uFFFDb\uFFFD"), tokenizer.Encode("a\uD800b\uDC00"));
    }

    [Fact]
    public void The_identity_is_the_checksum_of_the_file()
    {
        // sha256sum tokenizer.json
        var tokenizer = Tokenizer.Load(TestData.Golden("tokenizers/like-llama3"));
        Assert.Equal("a39702e5f3ad34ab69a7b1f6d314e62e0481aeb2581d124d1353656b51853102", tokenizer.Identity);
        Assert.Equal(1500, tokenizer.VocabularySize);
        Assert.Equal(0, tokenizer.BeginningOfSequence);
        Assert.Equal("<|begin_of_text|>", tokenizer.TokenText(0));
    }

    [Fact]
    public void An_id_outside_the_vocabulary_is_an_error()
    {
        var tokenizer = Tokenizer.Load(TestData.Golden("tokenizers/like-llama3"));
        Assert.Contains("token id 1500 is not in the vocabulary",
            Assert.Throws<EmergenceException>(() => tokenizer.Decode([1500])).Message);
        Assert.Throws<EmergenceException>(() => tokenizer.Decode([-1]));
    }

    [Theory]
    [InlineData("like-llama3")]
    [InlineData("like-gemma")]
    [InlineData("like-openai-gpt")]
    [InlineData("sentencepiece-bpe")]
    public void A_long_text_without_spaces_encodes_like_its_parts(string name)
    {
        // Quadratic merging would take minutes here. A run of one letter repeats the same tokens but for its ends.
        var tokenizer = Tokenizer.Load(TestData.Golden($"tokenizers/{name}"));
        var text = new string('a', 100_000);
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addSpecialTokens: false)));
    }

    private static void Agree(string tokenizerFolder, string cases, int atLeast)
    {
        var tokenizer = Tokenizer.Load(tokenizerFolder);
        var wrong = new List<string>();
        var count = 0;
        foreach (var line in File.ReadLines(cases))
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var text = root.GetProperty("text").GetString()!;
            var ids = Ids(root.GetProperty("ids"));
            var plain = Ids(root.GetProperty("ids_plain"));
            count++;
            if (!tokenizer.Encode(text).SequenceEqual(ids) || !tokenizer.Encode(text, addSpecialTokens: false).SequenceEqual(plain))
                wrong.Add($"{line}: got {string.Join(' ', tokenizer.Encode(text))}");
            else if (tokenizer.Decode(plain) != root.GetProperty("decoded").GetString())
                wrong.Add($"{line}: decoded as {JsonSerializer.Serialize(tokenizer.Decode(plain), JsonSerializerOptions.Default)}");
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count} cases differ:\n{string.Join('\n', wrong.Take(5))}");
        Assert.True(count >= atLeast, $"only {count} cases in {cases}");
    }

    private static int[] Ids(JsonElement element) => [.. element.EnumerateArray().Select(id => id.GetInt32())];
}
