using System.Diagnostics;
using Emergence.Tokenizers;

namespace Emergence.Tests.Tokenizers;

/// <summary>Broken and hostile tokenizer files: every one is refused in one line that names the file and the fault.</summary>
public class TokenizerRefusalTests
{
    public static TheoryData<string, string> Broken => new()
    {
        { "", "is empty (0 bytes)" },
        { "{\n  \"model\": x }", "levels at line 2, column 12: 'x' is an invalid start of a value" },
        { "[]", "the file must be an object, found '[]'" },
        { "{}", "model must be an object, found nothing" },
        { TokenizerJsonTests.Json()[..80], "not valid JSON" },
        { "\uFEFF" + TokenizerJsonTests.Json(), "not valid JSON" },
        { TokenizerJsonTests.Json(normalizer: Nested(100)), "not valid JSON of at most 64 levels" },
        { TokenizerJsonTests.Json(vocabulary: "{}", merges: "[]"), "at least one token" },
        { TokenizerJsonTests.Json(vocabulary: """{"a":0,"b":1}"""), "merge 0 makes unknown token 'ab'" },
        { TokenizerJsonTests.Json(merges: "[" + string.Join(",", Enumerable.Repeat("\"a b\"", 17)) + ",\"b a\"]"),
            "merge 17 makes unknown token 'ba'" },
        { TokenizerJsonTests.Json(merges: """["a x"]"""), "merge 0 joins unknown token 'x'" },
        { TokenizerJsonTests.Json(merges: """["a b c"]"""), "model.merges[0] must be two tokens, found '\"a b c\"'" },
        { TokenizerJsonTests.Json(merges: """[["a",1]]"""), "model.merges[0][1] must be a text, found '1'" },
        { TokenizerJsonTests.Json(merges: "7"), "model.merges must be a list" },
        { TokenizerJsonTests.Json(vocabulary: """{"a":0,"b":1,"ab":1}"""), "id 1 belongs to both 'b' and 'ab'" },
        { TokenizerJsonTests.Json(vocabulary: """{"a":0,"\u0061":1}"""), "not valid JSON" },
        { TokenizerJsonTests.Json(vocabulary: """{"a":-1}"""), "token 'a' must have an id from 0 to 999999, found '-1'" },
        { TokenizerJsonTests.Json(vocabulary: """{"a":2147483648}"""), "found '2147483648'" },
        { TokenizerJsonTests.Json(vocabulary: """{"a":1e99}"""), "found '1e99'" },
        { TokenizerJsonTests.Json(vocabulary: """{"a":"0"}"""), "found '\"0\"'" },
        { TokenizerJsonTests.Json(vocabulary: """{"\ud800":0}"""), "not valid" },
        { TokenizerJsonTests.Json(added: """[{"id":1,"content":"a"},{"id":0,"content":"b"}]"""),
            "added token 'a' has id 1, and the tokenizers library gives it 0 (its id in the vocabulary)" },
        { TokenizerJsonTests.Json(added: """[{"id":50,"content":"a"}]"""),
            "added token 'a' has id 50, and the tokenizers library gives it 0" },
        { TokenizerJsonTests.Json(added: """[{"id":11,"content":"x"},{"id":12,"content":"x"}]"""), "added token 'x' is listed twice" },
        { TokenizerJsonTests.Json(added: """[{"id":4294967296,"content":"x"}]"""),
            "added_tokens[0].id must be a whole number from 0 to 999999" },
        { TokenizerJsonTests.Json(added: """[{"id":11,"content":""}]"""), "must have 1 to 1024 characters" },
        { TokenizerJsonTests.Json(added: $$"""[{"id":11,"content":"{{new string('x', 1025)}}"}]"""), "found 1025" },
        { TokenizerJsonTests.Json(added: """[{"id":50,"content":"x"}]"""),
            "added token 'x' has id 50, and the tokenizers library gives it 11 (the next one)" },
        { TokenizerJsonTests.Json(modelSettings: ""","byte_fallback":"yes" """), "model.byte_fallback must be true or false" },
        { TokenizerJsonTests.Json(modelSettings: ""","dropout":0.1"""), "dropout, which makes ids random, is not supported" },
        { TokenizerJsonTests.Json(modelSettings: ""","continuing_subword_prefix":"##" """),
            "merge 0 joins 'b', which is shorter than the mark of a continuing token" },
        { TokenizerJsonTests.Json(type: "Unigram"), "model.vocab must be a list" },
        { TokenizerJsonTests.Json(type: "Other"), "model: model 'Other' is not supported" },
        { TokenizerJsonTests.Json(normalizer: """{"type":"Precompiled","precompiled_charsmap":"AAA="}"""),
            "the precompiled character map claims 0 bytes for its trie, and has 0" },
        { TokenizerJsonTests.Json(normalizer: """{"type":"Other"}"""), "normalizer: normalizer 'Other' is not supported" },
        { TokenizerJsonTests.Json(pre: """{"type":"Other"}"""), "pre_tokenizer: pre-tokenizer 'Other' is not supported" },
        { TokenizerJsonTests.Json(pre: """{"type":"FixedLength","length":0}"""), "pre_tokenizer.length must be a whole number from 1" },
        { TokenizerJsonTests.Json(decoder: """{"type":"Other"}"""), "decoder: decoder 'Other' is not supported" },
        { TokenizerJsonTests.Json(post: """{"type":"Other"}"""), "post_processor: post-processor 'Other' is not supported" },
        { TokenizerJsonTests.Json(pre: Split(@"(a)\\1")), @"pattern '(a)\1' (the back reference \1) is not supported" },
        { TokenizerJsonTests.Json(pre: Split(@"(?<n>a)\\k<n>")), @"(the back reference \k<n>) is not supported" },
        { TokenizerJsonTests.Json(pre: Split(@"\\p{Klingon}+")), @"pattern '\p{Klingon}+' (the property \p{Klingon}) is not supported" },
        { TokenizerJsonTests.Json(pre: Split(new string('a', 50) + "(?~b)")),
            $"pattern '{new string('a', 40)}...' ((?~) is not supported" },
        { TokenizerJsonTests.Json(pre: Split(@"(a")), "pattern '(a' (a group without an end) is not supported" },
        { TokenizerJsonTests.Json(pre: Split(@"((a{1,999}){1,999}){1,999}b")), "is not supported" },
        { TokenizerJsonTests.Json(pre: Split(new string('a', 20_000))), "is not supported" },
        { TokenizerJsonTests.Json(post: """{"type":"BertProcessing","sep":["b",77],"cls":["a",0]}"""),
            "post_processor.sep[1] must be the id of a token, found '77'" },
        { TokenizerJsonTests.Json(post: """{"type":"TemplateProcessing","single":[]}"""), "a template with the sequence A once" },
    };

    [Theory]
    [MemberData(nameof(Broken), DisableDiscoveryEnumeration = true)]
    public void Broken_files_are_refused_by_name(string json, string message)
    {
        var error = Assert.Throws<EmergenceException>(() => Tokenizer.Load(TokenizerJsonTests.Write(json)));
        Assert.Contains(message, error.Message);
        Assert.Contains("tokenizer.json", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_file_of_more_than_64_MB_is_not_read()
    {
        var folder = TestData.TemporaryFolder();
        using (var file = File.Create(Path.Combine(folder, "tokenizer.json")))
            file.SetLength(300L << 20);
        Assert.Contains("is 314572800 bytes, over the limit", Message(folder));
    }

    [Fact]
    public void More_than_a_million_merges_are_refused()
    {
        var merges = "[" + string.Join(",", Enumerable.Repeat("\"a b\"", 1_000_001)) + "]";
        Assert.Contains("has more than 1000000 merges", Message(TokenizerJsonTests.Write(TokenizerJsonTests.Json(merges: merges))));
    }

    [Fact]
    public void A_template_cannot_grow_without_bound()
    {
        var token = """{"SpecialToken":{"id":"x"}}""";
        var tokens = string.Join(",", Enumerable.Repeat(token, 2000));
        var post = """{"type":"TemplateProcessing","special_tokens":{"x":{"ids":[0]}},"single":[""" + tokens + "]}";
        Assert.Contains("a template of at most 1024 tokens", Message(TokenizerJsonTests.Write(TokenizerJsonTests.Json(post: post))));
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_refused()
    {
        var folder = TestData.TemporaryFolder();
        var bytes = System.Text.Encoding.UTF8.GetBytes(TokenizerJsonTests.Json(vocabulary: """{"a":0,"b":1,"?":2}"""));
        bytes[Array.IndexOf(bytes, (byte)'?')] = 0xFF;
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.json"), bytes);
        Assert.Contains("not valid", Message(folder));
    }

    [Fact]
    public void A_folder_without_a_tokenizer_says_what_was_expected()
    {
        Assert.Contains("expected tokenizer.json, tokenizer.model, or vocab.json and merges.txt", Message(TestData.TemporaryFolder()));
        Assert.Contains("no such folder", Message("/nonexistent/tokenizer"));
    }

    [Fact]
    public void A_file_that_is_not_regular_is_refused()
    {
        var folder = TestData.TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder, "tokenizer.json"));
        Assert.Contains("not a regular file but a folder", Message(folder));
        if (!OperatingSystem.IsLinux())
            return;
        var other = TestData.TemporaryFolder();
        Process.Start("mkfifo", Path.Combine(other, "tokenizer.json")).WaitForExit();
        Assert.Contains("not a regular file but a named pipe", Message(other));
    }

    [Fact]
    public void A_pattern_made_to_backtrack_forever_takes_linear_time()
    {
        var folder = TokenizerJsonTests.Write(TokenizerJsonTests.Json(pre: Split("(a+)+c")));
        Assert.Equal(50_000, Tokenizer.Load(folder).Encode(new string('a', 50_000)).Length);
    }

    /// <summary>Whatever happens to a file, it loads and works or it is refused; nothing else escapes.</summary>
    [Theory]
    [InlineData("like-gemma", "tokenizer.json")]
    [InlineData("sentencepiece-bpe", "tokenizer.model")]
    public void Random_damage_is_survived(string name, string file)
    {
        var original = File.ReadAllBytes(TestData.Golden($"tokenizers/{name}/{file}"));
        var folder = TestData.TemporaryFolder();
        var random = new Random(11);
        var refused = 0;
        for (var i = 0; i < 100; i++)
        {
            var bytes = original[..(random.Next(4) == 0 ? random.Next(original.Length) : original.Length)];
            for (var n = random.Next(1, 8); n > 0 && bytes.Length > 0; n--)
                bytes[random.Next(bytes.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : original[random.Next(original.Length)];
            File.WriteAllBytes(Path.Combine(folder, file), bytes);
            try
            {
                var tokenizer = Tokenizer.Load(folder);
                tokenizer.Decode(tokenizer.Encode("Hello, wörld! 日本語 <bos>\n"));
            }
            catch (EmergenceException error)
            {
                Assert.DoesNotContain('\n', error.Message);
                refused++;
            }
        }

        Assert.True(refused >= 10, $"only {refused} of 100 damaged files were refused");
    }

    private static string Split(string regex) =>
        $$"""{"type":"Split","pattern":{"Regex":"{{regex}}"},"behavior":"Isolated","invert":false}""";

    private static string Nested(int depth) =>
        string.Concat(Enumerable.Repeat("""{"type":"Sequence","normalizers":[""", depth)) + string.Concat(Enumerable.Repeat("]}", depth));

    private static string Message(string folder) => Assert.Throws<EmergenceException>(() => Tokenizer.Load(folder)).Message;
}
