using Emergence.Tokenizers;

namespace Emergence.Tests.Tokenizers;

/// <summary>Which bytes of a text each token stands for, by the documented behaviour of the tokenizers library.</summary>
public class TokenPlaceTests
{
    private const string Bytes = """{"type":"ByteLevel","add_prefix_space":PREFIX,"use_regex":true}""";

    [Theory]
    [InlineData("Hey friend!", "0-3 3-11")]
    [InlineData("Hey   friend!", "0-3 3-4 4-5 5-13")]
    [InlineData(" é x", "0-3 3-5")]
    public void A_visible_space_stands_for_the_space_or_the_letter_after_it(string text, string places) => Assert.Equal(
        places,
        Places(text, pre: """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}"""));

    [Theory]
    [InlineData("hé llo", false, "0-1 1-3 1-3 3-4 4-5 5-6 6-7")]
    [InlineData("h i", true, "0-1 0-1 1-2 2-3")]
    public void Bytes_of_a_letter_stand_for_the_letter(string text, bool prefix, string places) => Assert.Equal(
        places,
        Places(text, pre: Bytes.Replace("PREFIX", prefix ? "true" : "false", StringComparison.Ordinal), letters: true));

    [Theory]
    [InlineData("""{"type":"NFD"}""", "aé\u0301b", "0-1 1-3 1-3 3-5 5-6")]
    [InlineData("""{"type":"NFC"}""", "ae\u0301b", "0-1 1-2 4-5")]
    [InlineData("""{"type":"Lowercase"}""", "Aİb", "0-1 1-3 1-3 3-4")]
    [InlineData("""{"type":"StripAccents"}""", "e\u0301b", "0-1 3-4")]
    [InlineData("""{"type":"Strip","strip_left":true,"strip_right":true}""", "  a ", "2-3")]
    [InlineData("""{"type":"Prepend","prepend":"▁"}""", "ab", "0-1 0-1 1-2")]
    [InlineData("""{"type":"Replace","pattern":{"String":"ab"},"content":"cde"}""", "xab", "0-1 2-3 2-3 2-3")]
    [InlineData("""{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":true,"lowercase":true}""", "É中",
        "0-2 2-5 2-5 2-5")]
    public void What_a_normalizer_writes_stands_for_what_was_there(string normalizer, string text, string places) =>
        Assert.Equal(places, Places(text, normalizer: normalizer, letters: true));

    [Fact]
    public void An_added_token_stands_for_the_white_space_it_takes_along()
    {
        const string Added = """[{"id":0,"content":"<unk>","special":true},{"id":1,"content":"<m>","special":true,"lstrip":true}]""";
        Assert.Equal("0-1 1-5 5-6", Places("a <m>b", added: Added, vocabulary: """{"<unk>":0}"""));
    }

    [Fact]
    public void What_is_put_around_a_text_stands_for_nothing()
    {
        var folder = TokenizerJsonTests.Write(TokenizerJsonTests.Json(
            vocabulary: """{"<unk>":0}""", merges: "[]", type: "WordLevel", modelSettings: ""","unk_token":"<unk>" """,
            post: """{"type":"BertProcessing","sep":["<unk>",0],"cls":["<unk>",0]}"""));
        Assert.Equal([new Token(0, "<unk>", 0, 0), new Token(0, "<unk>", 0, 2), new Token(0, "<unk>", 0, 0)], Tokenizer.Load(folder)
            .Tokens("é"));
    }

    [Theory]
    [InlineData("true", "0-1 1-2 3-4")]
    [InlineData("false", "0-1 1-2 2-4")]
    public void Byte_level_tokens_lose_the_space_in_front_if_asked(string trim, string places)
    {
        var folder = TokenizerJsonTests.Write(TokenizerJsonTests.Json(
            vocabulary: """{"a":0,"b":1,"Ġ":2,"Ġb":3}""", merges: """["Ġ b"]""",
            pre: Bytes.Replace("PREFIX", "false", StringComparison.Ordinal),
            post: $$"""{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":{{trim}}}"""));
        Assert.Equal(places, Shown(Tokenizer.Load(folder).Tokens("ab b")));
    }

    /// <summary>Places of words, or of letters, none of which is known.</summary>
    private static string Places(
        string text, string normalizer = "null", string pre = "null", string added = "[]", string? vocabulary = null, bool letters = false)
    {
        var folder = TokenizerJsonTests.Write(TokenizerJsonTests.Json(
            vocabulary: vocabulary ?? """{"<unk>":0}""", merges: "[]", normalizer: normalizer, pre: pre, added: added,
            type: letters ? "BPE" : "WordLevel", modelSettings: ""","unk_token":"<unk>" """));
        return Shown(Tokenizer.Load(folder).Tokens(text));
    }

    private static string Shown(IEnumerable<Token> tokens) => string.Join(' ', tokens.Select(token => $"{token.Start}-{token.End}"));
}
