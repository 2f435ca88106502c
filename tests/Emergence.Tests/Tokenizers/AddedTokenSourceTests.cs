using Emergence.Tokenizers;

namespace Emergence.Tests.Tokenizers;

/// <summary>Added tokens from the files beside a vocabulary, and what is said where files and transformers disagree.</summary>
public class AddedTokenSourceTests
{
    private const string Text = "Hello<|pad|><|im_start|>user<|endoftext|>";
    private static readonly int[] s_ids = [15496, 50257, 50258, 7220, 50256];

    [Theory]
    [InlineData("added_tokens.json", """{"<|pad|>":50257,"<|im_start|>":50258}""")]
    [InlineData("tokenizer_config.json",
        """{"added_tokens_decoder":{"50258":{"content":"<|im_start|>","special":true},"50257":{"content":"<|pad|>"}}}""")]
    [InlineData("special_tokens_map.json", """{"pad_token":"<|pad|>","additional_special_tokens":["<|im_start|>"]}""")]
    [InlineData("tokenizer_config.json", """{"pad_token":{"content":"<|pad|>"},"extra_special_tokens":{"start":"<|im_start|>"}}""")]
    public void Tokens_listed_beside_GPT2_are_found(string file, string json)
    {
        var folder = Copy(TestData.Large("golden/tokenizers/gpt2-files"));
        File.WriteAllText(Path.Combine(folder, file), json);
        var tokenizer = Tokenizer.Load(folder);
        Assert.Equal(s_ids, tokenizer.Encode(Text));
        Assert.Equal(Text, tokenizer.Decode(s_ids));
        Assert.Equal(50259, tokenizer.VocabularySize);
        Assert.NotEqual(Tokenizer.Load(Copy(TestData.Large("golden/tokenizers/gpt2-files"))).Identity, tokenizer.Identity);
    }

    [Fact]
    public void A_special_token_may_be_left_out_of_a_text()
    {
        var folder = Copy(TestData.Large("golden/tokenizers/gpt2-files"));
        File.WriteAllText(Path.Combine(folder, "added_tokens.json"), """{"<|pad|>":50257,"<|im_start|>":50258}""");
        File.WriteAllText(Path.Combine(folder, "special_tokens_map.json"), """{"pad_token":"<|pad|>"}""");
        Assert.Equal("Hello<|im_start|>user", Tokenizer.Load(folder).Decode(s_ids, skipSpecialTokens: true));
    }

    [Fact]
    public void A_token_with_another_id_than_the_library_gives_is_named()
    {
        var folder = Copy(TestData.Large("golden/tokenizers/gpt2-files"));
        File.WriteAllText(Path.Combine(folder, "added_tokens.json"), """{"<|pad|>":50300}""");
        var error = Assert.Throws<EmergenceException>(() => Tokenizer.Load(folder));
        Assert.Contains("added token '<|pad|>' has id 50300, and the tokenizers library gives it 50257 (the next one)", error.Message);
    }

    [Fact]
    public void Tokens_lie_over_a_SentencePiece_model()
    {
        var folder = Copy(TestData.Golden("tokenizers/sentencepiece-bpe"));
        var before = Tokenizer.Load(folder);
        var size = before.VocabularySize;
        File.WriteAllText(Path.Combine(folder, "added_tokens.json"), $$"""{"<|x|>":{{size}}}""");
        var tokenizer = Tokenizer.Load(folder);
        var hello = before.Encode("Hello", addSpecialTokens: false);
        Assert.Equal([.. hello, size, .. hello], tokenizer.Encode("Hello<|x|>Hello", addSpecialTokens: false));
        Assert.Equal("Hello<|x|> Hello", tokenizer.Decode([.. hello, size, .. hello]));
    }

    [Theory]
    [InlineData("""{"bos_token":"a","add_bos_token":true}""", "null", "add_bos_token of tokenizer_config.json has no effect")]
    [InlineData("""{"eos_token":"a","add_eos_token":true}""", "null", "add_eos_token of tokenizer_config.json has no effect")]
    [InlineData("""{"bos_token":"a","add_bos_token":false}""", """{"type":"BertProcessing","cls":["a",0],"sep":["b",1]}""",
        "add_bos_token: false of")]
    [InlineData("""{"tokenizer_class":"GPT2TokenizerFast"}""", "null",
        "transformers 5 puts the pre-tokenizer and normalizer of its class GPT2TokenizerFast")]
    [InlineData("""{"tokenizer_class":"Qwen2Tokenizer"}""", "null", "of its class Qwen2Tokenizer")]
    [InlineData("""{"added_tokens_decoder":{"11":{"content":"<x>"}}}""", "null",
        "adds tokens that only tokenizer_config.json lists: '<x>'")]
    public void A_difference_is_said_in_one_line(string settings, string post, string expected)
    {
        var folder = TokenizerJsonTests.Write(TokenizerJsonTests.Json(post: post));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), settings);
        var warning = Tokenizer.Load(folder).Warning!;
        Assert.StartsWith("tokenizer.json is followed as it is; ", warning);
        Assert.Contains(expected, warning);
        Assert.DoesNotContain('\n', warning);
    }

    [Theory]
    [InlineData("""{"bos_token":"a","add_bos_token":true}""", """{"type":"BertProcessing","cls":["a",0],"sep":["b",1]}""", "null")]
    [InlineData("""{"bos_token":"a","add_bos_token":false}""", "null", "null")]
    [InlineData("""{"tokenizer_class":"GPT2Tokenizer"}""", "null", """{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}""")]
    [InlineData("""{"tokenizer_class":"LlamaTokenizer"}""", "null", "null")]
    public void Nothing_is_said_where_all_agree(string settings, string post, string pre)
    {
        var folder = TokenizerJsonTests.Write(TokenizerJsonTests.Json(post: post, pre: pre));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), settings);
        Assert.Null(Tokenizer.Load(folder).Warning);
    }

    private static string Copy(string folder)
    {
        var copy = TestData.TemporaryFolder();
        foreach (var file in Directory.GetFiles(folder))
            File.WriteAllBytes(Path.Combine(copy, Path.GetFileName(file)), File.ReadAllBytes(file));
        return copy;
    }
}
