using System.Text.Json.Nodes;
using Emergence.Tokenizers;

namespace Emergence.Tests.Tokenizers;

/// <summary>The same vocabulary as vocab.json and merges.txt gives the ids that tokenizer.json gives.</summary>
public class VocabularyAndMergesTests
{
    [Fact]
    public void Words_ending_in_a_mark_agree_with_the_golden_ids()
    {
        var tokenizer = Tokenizer.Load(Convert(TestData.Golden("tokenizers/like-openai-gpt")));
        foreach (var line in File.ReadLines(TestData.Golden("tokenizers/like-openai-gpt/cases.jsonl")))
        {
            var root = JsonNode.Parse(line)!;
            var ids = root["ids"]!.AsArray().Select(id => (int)id!).ToArray();
            Assert.Equal(ids, tokenizer.Encode((string)root["text"]!));
            Assert.Equal((string)root["decoded"]!, tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void The_settings_name_special_tokens()
    {
        var folder = Write("""{"a":0,"b":1,"ab":2,"</s>":3,"<":4,"/":5,"s":6,">":7,"Ġ":8}""", "#version: 0.2\na b\n");
        Assert.Equal([2, 4, 5, 6, 7, 8, 0], Tokenizer.Load(folder).Encode("ab</s> a"));
        File.WriteAllText(
            Path.Combine(folder, "tokenizer_config.json"),
            """{"tokenizer_class":"GPT2Tokenizer","bos_token":{"content":"</s>"},"add_bos_token":true,"add_prefix_space":true}""");
        var tokenizer = Tokenizer.Load(folder);
        Assert.Equal([3, 8, 2, 3, 8, 0], tokenizer.Encode("ab</s> a"));
        Assert.Equal([8, 0], tokenizer.Encode("a", addSpecialTokens: false));
        Assert.Equal(3, tokenizer.BeginningOfSequence);
    }

    [Theory]
    [InlineData("""{"a":0,"b":1}""", "#version: 0.2\na b\n", null, "merge 0 makes unknown token 'ab'")]
    [InlineData("""{"a":0,"b":1,"ab":2}""", "a b c\n", null, "merge 0 must be two tokens")]
    [InlineData("""{"a":0,"b</w>":1,"ab</w>":2}""", "a b</w>\n", null, "vocab.json has no <unk>")]
    [InlineData("""["a"]""", "", null, "the file must be an object")]
    [InlineData("""{"a":0}""", "", """{"tokenizer_class":"Qwen2Tokenizer"}""", "of a 'Qwen2Tokenizer' are not supported")]
    [InlineData("""{"a":0}""", "", """{"bos_token":5}""", "bos_token must be a text, found '5'")]
    public void Broken_files_are_refused_by_name(string vocabulary, string merges, string? settings, string message)
    {
        var folder = Write(vocabulary, merges);
        if (settings != null)
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), settings);
        Assert.Contains(message, Assert.Throws<EmergenceException>(() => Tokenizer.Load(folder)).Message);
    }

    [Fact]
    public void Merges_that_are_no_UTF8_are_refused()
    {
        var folder = Write("""{"a":0}""", "");
        File.WriteAllBytes(Path.Combine(folder, "merges.txt"), [(byte)'a', 0xFF]);
        Assert.Contains("merges.txt: not valid UTF-8 at byte 1", Assert.Throws<EmergenceException>(() => Tokenizer.Load(folder)).Message);
    }

    private static string Convert(string folder)
    {
        var model = JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "tokenizer.json")))!["model"]!;
        var merges = model["merges"]!.AsArray().Select(merge => $"{(string)merge![0]!} {(string)merge[1]!}\n");
        return Write(model["vocab"]!.ToJsonString(), "#version: 0.2\n" + string.Concat(merges));
    }

    private static string Write(string vocabulary, string merges)
    {
        var folder = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(folder, "vocab.json"), vocabulary);
        File.WriteAllText(Path.Combine(folder, "merges.txt"), merges);
        return folder;
    }
}
