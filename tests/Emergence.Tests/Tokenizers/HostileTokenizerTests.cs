using System.Diagnostics;
using System.Globalization;
using System.Text;
using Emergence.Tokenizers;
using Emergence.Tokenizers.Models;

namespace Emergence.Tests.Tokenizers;

/// <summary>Files made to take all time or memory: each is refused, or done in 2 seconds of a quiet processor (4 are granted) and with 300
/// MB.</summary>
public class HostileTokenizerTests
{
    [Fact]
    public void A_sequence_of_very_many_steps_is_refused()
    {
        var steps = string.Join(",", Enumerable.Repeat("""{"type":"NFC"}""", 100_000));
        var json = TokenizerJsonTests.Json(normalizer: $$"""{"type":"Sequence","normalizers":[{{steps}}]}""");
        Assert.Contains("a list of at most 256 steps", Refused(() => Load(json)));
    }

    [Fact]
    public void Sequences_in_sequences_in_sequences_are_refused()
    {
        var json = TokenizerJsonTests.Json(pre:
            string.Concat(Enumerable.Repeat("""{"type":"Sequence","pretokenizers":[""", 5000))
                + string.Concat(Enumerable.Repeat("]}", 5000)));
        Assert.Contains("at most 64 levels", Refused(() => Load(json)));
    }

    [Theory]
    [InlineData("aa", 40)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 4)]
    public void A_text_that_grows_in_every_step_is_refused(string content, int steps)
    {
        var step = $$"""{"type":"Replace","pattern":{"String":"a"},"content":"{{content}}"}""";
        var json = TokenizerJsonTests.Json(
            normalizer: $$"""{"type":"Sequence","normalizers":[{{string.Join(",", Enumerable.Repeat(step, steps))}}]}""");
        var tokenizer = Load(json);
        Assert.Contains("the tokenizer's normalizer makes more than", Refused(() => tokenizer.Encode("aaa")));
    }

    [Fact]
    public void A_million_pieces_of_one_score_are_read_and_searched()
    {
        var vocabulary = new StringBuilder("[[\"<unk>\",0]");
        for (var i = 1; i < 1_000_000; i++)
            vocabulary.Append(CultureInfo.InvariantCulture, $",[\"{i:x}\",-1]");
        var folder = TokenizerJsonTests.Write(TokenizerJsonTests.Json(
            vocabulary: vocabulary.Append(']').ToString(), modelSettings: ""","unk_id":0""", type: "Unigram"));
        var tokenizer = Bounded(() => Tokenizer.Load(folder));
        Assert.Equal(10_000 / 5, Bounded(() => tokenizer.Encode(new string('a', 10_000))).Length);
    }

    [Theory]
    [InlineData("1e999")]
    [InlineData("-1e999")]
    [InlineData("null")]
    [InlineData("\"NaN\"")]
    public void A_score_that_is_no_finite_number_is_refused(string score) => Assert.Contains(
        "model.vocab[1][1] must be a finite number",
        Refused(() => Load(TokenizerJsonTests.Json(vocabulary: $"[[\"<unk>\",0],[\"a\",{score}]]", modelSettings: ""","unk_id":0""",
            type: "Unigram"))));

    [Fact]
    public void A_character_map_that_claims_a_gigabyte_is_refused()
    {
        byte[] map = [0, 0, 0, 0x40, 1, 2, 3, 4];
        Assert.Contains("claims 1073741824 bytes for its trie, and has 4", Refused(() => Load(WithMap(map))));
    }

    [Theory]
    [InlineData(0xFFFFFC00u, 0u)]
    [InlineData(1u << 10, 0x7FFFFFFFu)]
    public void A_character_map_that_points_outside_itself_is_refused(uint root, uint leaf)
    {
        // A trie whose 'a' has a leaf: the root's children lie from its offset on, 'a' at the offset xor 97, the leaf behind that.
        var units = new uint[128];
        units[0] = root;
        units[1 ^ 'a'] = 'a' | 1u << 8 | 1u << 10;
        units[1 ^ 'a' ^ 1] = leaf;
        byte[] map = [.. BitConverter.GetBytes(4 * units.Length), .. units.SelectMany(BitConverter.GetBytes), .. "x\0"u8];
        var tokenizer = Load(WithMap(map));
        Assert.Contains("the precompiled character map points outside itself", Refused(() => tokenizer.Encode("a")));
    }

    [Fact]
    public void A_piece_of_very_many_characters_is_refused() => Assert.Contains(
        "piece 1 must have at most 4096 characters, found 5000",
        Refused(() => Load(TokenizerJsonTests.Json(vocabulary: $"[[\"<unk>\",0],[\"{new string('a', 5000)}\",-1]]", type: "Unigram"))));

    [Fact]
    public void Pairs_of_one_token_do_not_fall_together()
    {
        // Half a million pairs (x, x): a table whose hash gives them all one place would look at 10^11 of them.
        var found = Bounded(() =>
        {
            var table = new MergeTable();
            for (var i = 0; i < 500_000; i++)
                table.Add(i, i, i, i + 1);
            return Enumerable.Range(0, 500_000).Count(i =>
                table.TryFind(i, i, out var rank, out var id) && rank == i && id == i + 1 && !table.TryFind(i, i + 1, out _, out _));
        });
        Assert.Equal(500_000, found);
    }

    [Theory]
    [InlineData("like-llama3")]
    [InlineData("like-gemma")]
    [InlineData("sentencepiece-bpe")]
    public void A_word_of_a_million_letters_is_cut_in_a_second_or_two(string name)
    {
        var tokenizer = Tokenizer.Load(TestData.Golden($"tokenizers/{name}"));
        var text = new string('a', 1_000_000);
        Assert.Equal(text, tokenizer.Decode(Bounded(() => tokenizer.Encode(text, addSpecialTokens: false))));
    }

    private static string WithMap(byte[] map) => TokenizerJsonTests.Json(
        normalizer: $$"""{"type":"Precompiled","precompiled_charsmap":"{{Convert.ToBase64String(map)}}"}""");

    private static Tokenizer Load(string json) => Tokenizer.Load(TokenizerJsonTests.Write(json));

    private static string Refused<T>(Func<T> make) => Bounded(() =>
    {
        var message = Assert.Throws<EmergenceException>(() => make()).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    });

    private static T Bounded<T>(Func<T> make)
    {
        var (allocated, time) = (GC.GetAllocatedBytesForCurrentThread(), ProcessorTime());
        var result = make();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 300L << 20);

        // Two seconds; where others use the caches of this processor, twice that.
        Assert.InRange((ProcessorTime() - time).TotalSeconds, 0, 4);
        return result;
    }

    /// <summary>Of this thread alone, however busy the machine is; where Linux does not tell, of the clock.</summary>
    private static TimeSpan ProcessorTime()
    {
        const string Statistics = "/proc/thread-self/schedstat";
        return File.Exists(Statistics)
            ? TimeSpan.FromTicks(long.Parse(File.ReadAllText(Statistics).Split(' ')[0], CultureInfo.InvariantCulture) / 100)
            : Stopwatch.GetElapsedTime(0);
    }
}
