using Emergence.Tokenizers;
using Emergence.Tokenizers.Decoders;
using Emergence.Tokenizers.Normalizers;
using Emergence.Tokenizers.PreTokenizers;

namespace Emergence.Tests.Tokenizers;

/// <summary>What the parts of tokenizer.json do that the golden files do not use, by the documented behaviour of each.</summary>
public class TokenizerJsonTests
{
    private const string Vocabulary = """{"a":0,"b":1,"c":2,"▁":3,"ab":4,"<unk>":5,"Ġ":6,"1":7,"A":8,"$":9,"abc":10}""";

    [Theory]
    [InlineData("Removed", "the|final|countdown")]
    [InlineData("Isolated", "the|-|final|-|-|countdown")]
    [InlineData("MergedWithPrevious", "the-|final-|-|countdown")]
    [InlineData("MergedWithNext", "the|-final|-|-countdown")]
    [InlineData("Contiguous", "the|-|final|--|countdown")]
    public void Split_keeps_or_joins_its_matches(string behavior, string words)
    {
        // The example of the documentation of the tokenizers library.
        Assert.Equal(words.Split('|'),
            Words($$"""{"type":"Split","pattern":{"String":"-"},"behavior":"{{behavior}}","invert":false}""", "the-final--countdown"));
    }

    [Theory]
    [InlineData("""{"type":"Metaspace","replacement":"▁","add_prefix_space":true}""", "▁Hey|▁you", "▁Hey|▁you")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}""", "Hey|▁you", "Hey|▁you")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"}""", "▁Hey|▁you", "Hey|▁you")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":false}""", "▁Hey▁you", "▁Hey▁you")]
    [InlineData("""{"type":"Digits","individual_digits":false}""", "Hey you", "Hey you")]
    public void Words_begin_with_a_mark_or_not(string json, string atStart, string later)
    {
        Assert.Equal(atStart.Split('|'), Words(json, "Hey you"));
        Assert.Equal(later.Split('|'), Words(json, "Hey you", atStart: false));
    }

    [Theory]
    [InlineData("""{"type":"Digits","individual_digits":true}""", "a12b", "a|1|2|b")]
    [InlineData("""{"type":"Digits","individual_digits":false}""", "a1²Ⅷb", "a|1²Ⅷ|b")]
    [InlineData("""{"type":"BertPreTokenizer"}""", "Hey\u3000you, $5!", "Hey|you|,|$|5|!")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":true,"use_regex":false}""", "é a", "ĠÃ©Ġa")]
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"BertPreTokenizer"},{"type":"ByteLevel","add_prefix_space":true}]}""", "a b",
        "Ġa|Ġb")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\p{L}+"},"behavior":"Removed","invert":true}""", "a-\U00010400b 1",
        "a|\U00010400b")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"(a|aa)+c|b"},"behavior":"Isolated"}""", "aaaabaac", "aaaa|b|aac")]
    public void Pre_tokenizers_cut(string json, string text, string words) => Assert.Equal(words.Split('|'), Words(json, text));

    [Theory]
    [InlineData("""{"type":"NFKC"}""", "ﬁ①", "fi1")]
    [InlineData("""{"type":"Lowercase"}""", "ÀB", "àb")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"_"}""", "a  b c   ", "a_b c_")]
    [InlineData(
        """{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"x"},{"type":"Replace","pattern":{"String":"xx"},"content":"y"}]}""", "xxx", "yy")]
    [InlineData("""{"type":"Prepend","prepend":"x"}""", "", "")]
    [InlineData("""{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,"strip_accents":false,"lowercase":true}""",
        "É\u000B\t中\uFFFD", "é 中")]
    [InlineData("""{"type":"BertNormalizer","clean_text":false,"handle_chinese_chars":true,"strip_accents":true,"lowercase":false}""",
        "É\t中", "E\t 中 ")]
    [InlineData("null", "É", "É")]
    public void Normalizers_change_the_text(string json, string text, string expected) =>
        Assert.Equal(expected, Read(json, NormalizerTable.FromJson)(new(text)).ToString());

    [Theory]
    [InlineData("null", "a|b", "a b")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","add_prefix_space":true}""", "▁a|▁b", "a b")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}""", "▁a|▁b", " a b")]
    [InlineData("""{"type":"BPEDecoder","suffix":"</w>"}""", "a</w>|b|c</w>", "a bc")]
    [InlineData("""{"type":"ByteFallback"}""", "<0xC3>|<0xA9>|a|<0xC3>|b", "éa\uFFFDb")]
    [InlineData("""{"type":"ByteFallback"}""", "<0xE6>|<0x97>|<0xzz>", "\uFFFD\uFFFD<0xzz>")]
    [InlineData("""{"type":"Strip","content":" ","start":1,"stop":2}""", "  a   ", " a ")]
    [InlineData("""{"type":"ByteLevel"}""", "ĠÃ©|Ã|<a b>", " é\uFFFD<a b>")]
    public void Decoders_make_text(string json, string tokens, string expected) =>
        Assert.Equal(expected, string.Concat(Read(json, DecoderTable.FromJson)([.. tokens.Split('|')])));

    [Theory]
    [InlineData("abc", "4 2", "")]
    [InlineData("abc", "10", ""","ignore_merges":true""")]
    [InlineData("axyb", "4", "")]
    [InlineData("axyb", "0 5 5 1", ""","unk_token":"<unk>" """)]
    [InlineData("axyb", "0 5 1", ""","unk_token":"<unk>","fuse_unk":true""")]
    [InlineData("axyb", "0 5 1", ""","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true""")]
    public void The_model_joins_characters(string text, string ids, string settings) =>
        Assert.Equal(ids, string.Join(' ', Load(modelSettings: settings).Encode(text)));

    [Fact]
    public void Merges_may_be_pairs_or_texts() =>
        Assert.Equal(Load().Encode("cabab"), Load(merges: """["a b"]""").Encode("cabab"));

    [Theory]
    [InlineData("\"single_word\":true", "<m>a <m> <m>b", "0 6 11 6 1")]
    [InlineData("\"lstrip\":true", "a <m> b", "0 11 6 1")]
    [InlineData("\"rstrip\":true", "a <m> b", "0 6 11 1")]
    [InlineData("\"rstrip\":true,\"lstrip\":true", " <m>  <m> ", "11 11")]
    [InlineData("\"normalized\":true", "a<M>b", "0 11 1")]
    [InlineData("\"normalized\":false", "a<m>b<M>", "0 11 1")]
    public void Added_tokens_are_cut_out(string flags, string text, string expected)
    {
        // Spaces become a token; the characters of an "<m>" that is not cut out have none and are dropped.
        var added = """[{"id":11,"content":"<m>","special":true,FLAGS}]""".Replace("FLAGS", flags, StringComparison.Ordinal);
        const string Normalizer =
            """{"type":"Sequence","normalizers":[{"type":"Lowercase"},{"type":"Replace","pattern":{"String":" "},"content":"Ġ"}]}""";
        var tokenizer = Load(added: added, normalizer: Normalizer);
        Assert.Equal(expected, string.Join(' ', tokenizer.Encode(text)));
    }

    [Theory]
    [InlineData("""{"type":"RobertaProcessing","sep":["b",1],"cls":["a",0],"trim_offsets":true,"add_prefix_space":true}""", "0 2 1")]
    [InlineData(
        """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"x","type_id":0}}],"special_tokens":{"x":{"id":"x","ids":[1,0],"tokens":["b","a"]}}}""", "2 1 0")]
    [InlineData(
        """{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"BertProcessing","sep":["b",1],"cls":["a",0]},{"type":"BertProcessing","sep":["ab",4],"cls":["▁",3]}]}""", "3 0 2 1 4")]
    public void Post_processors_put_tokens_around(string json, string ids)
    {
        var tokenizer = Load(post: json);
        Assert.Equal(ids, string.Join(' ', tokenizer.Encode("c")));
        Assert.Equal([2], tokenizer.Encode("c", addSpecialTokens: false));
    }

    [Fact]
    public void The_first_token_of_a_sequence_is_the_one_the_settings_name()
    {
        var folder = Write(Json());
        Assert.Null(Tokenizer.Load(folder).BeginningOfSequence);
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"bos_token":{"content":"ab"}}""");
        Assert.Equal(4, Tokenizer.Load(folder).BeginningOfSequence);
    }

    internal static string Json(
        string? vocabulary = null, string merges = """[["a","b"]]""", string modelSettings = "", string added = "[]",
        string normalizer = "null", string pre = "null", string post = "null", string decoder = "null", string type = "BPE") =>
        $$"""
        {"version":"1.0","added_tokens":{{added}},"normalizer":{{normalizer}},"pre_tokenizer":{{pre}},"post_processor":{{post}},
        "decoder":{{decoder}},"model":{"type":"{{type}}","vocab":{{vocabulary ?? Vocabulary}},"merges":{{merges}}{{modelSettings}} } }
        """;

    internal static string Write(string json)
    {
        var folder = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), json);
        return folder;
    }

    private static Tokenizer Load(
        string merges = """[["a","b"]]""", string modelSettings = "", string added = "[]", string normalizer = "null",
            string post = "null") =>
        Tokenizer.Load(Write(Json(merges: merges, modelSettings: modelSettings, added: added, normalizer: normalizer, post: post)));

    /// <summary>The words of a text that stands at the start or after one more character.</summary>
    private static IEnumerable<string> Words(string json, string text, bool atStart = true)
    {
        var part = TracedText.Trace(atStart ? text : "." + text);
        return Read(json, PreTokenizerTable.FromJson).Cut(part.Slice(atStart ? 0 : 1, part.Length)).Select(word => word.ToString());
    }

    private static T Read<T>(string json, Func<JsonField, T> read) =>
        TokenizerFile.Read(Path.Combine(Write(json), "tokenizer.json")).ReadJson(read);
}
