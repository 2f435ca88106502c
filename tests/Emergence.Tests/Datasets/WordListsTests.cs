using System.Collections.Concurrent;
using Emergence.Datasets;
using Emergence.Tests.Cli;
using Emergence.Tokenizers;

namespace Emergence.Tests.Datasets;

public sealed class WordListsTests
{
    private static readonly ConcurrentDictionary<string, Tokenizer> s_loaded = new();

    private static readonly string s_stories = Path.Combine(TestData.Repository, "samples", "stories260k");

    public static TheoryData<string, string> Pairs =>
        [.. from tokenizer in (string[])["smollm2-135m", "mistral"] from list in WordLists.All select (tokenizer, list.Name)];

    /// <summary>Whatever the language and the tokenizer, a sequence reads as the list of its words.</summary>
    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_sequence_reads_as_a_list_of_words(string tokenizerName, string name)
    {
        var folder = TestData.Large(tokenizerName == "mistral" ? "golden/tokenizers/mistral" : "models/smollm2-135m");
        var tokenizer = s_loaded.GetOrAdd(folder, Tokenizer.Load);
        var list = WordLists.All.Single(each => each.Name == name);
        var (comma, space) = Path.GetExtension(name) switch
        {
            ".ja" or ".zh" => ("、", ""),
            ".ar" => ("،", " "),
            _ => (",", " "),
        };
        var tokens = new WordFit(list, tokenizer, null).Words.Where(word => word.IsUsable).CountBy(word => word.Ids.Length)
            .MaxBy(pair => pair.Value);
        Assert.True(tokens.Value >= 3, $"{tokens.Value} words of {tokens.Key} tokens");

        var data = DatasetTable.Create(name, tokenizer, new() { Shots = 3, Sequences = 40, EntityTokens = tokens.Key });

        // 40 draws meet 20 of 25 first words on average, with a standard deviation of 1.6, and nearly all where there are fewer.
        var words = Math.Min(tokens.Value, list.Limit);
        Assert.InRange(data.DistinctPrefixes[tokens.Key - 1], 0.6 * words, words);
        Assert.Equal(3 * data.ShotLength, data.Length);
        Assert.Equal(data.Length, data.Labels.Distinct().Count());
        for (var n = 0; n < data.Count; n++)
        {
            var text = tokenizer.Decode(data[n]).Trim();
            var read = text.TrimEnd(comma[0]).Split(comma, StringSplitOptions.TrimEntries);
            Assert.Equal(3, read.Distinct().Count());
            Assert.All(read, word => Assert.Contains(word, list.Words));
            Assert.Equal(string.Concat(read.Select(word => $"{space}{word}{comma}")).Trim(), text);
        }
    }

    [Fact]
    public void Words_of_several_tokens_are_asked_for_by_their_number()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "色.txt");
        File.WriteAllLines(path, ["赤", "青", "黄", "緑", "金色"]);
        Dataset Create(int tokens, string? separator = null) => DatasetTable.Create(path, Tokenizer.Load(s_stories),
            new() { Shots = 2, EntityTokens = tokens, Separator = separator });

        var data = Create(3); // the three bytes of a sign: this tokenizer knows none of them

        Assert.Equal(["word 1.1", "word 1.2", "word 1.3", "comma 1.1", "comma 1.2", "comma 1.3"], data.Labels.Take(6));
        Assert.Equal((12, 6, 12), (data.Length, data.ShotLength, data.Count));
        Assert.Equal("赤、青、", Tokenizer.Load(s_stories).Decode(data[0]));
        Assert.Contains(data.Notes, note => note.Contains("every word has 3 tokens, and a position is one of them"));
        Assert.Contains(data.Notes, note => note.Contains("not 3 tokens: 金色"));
        Assert.Equal(["word 1.1", "word 1.2", "word 1.3", "separator 1"], Create(3, "/").Labels.Take(4));
        var error = Assert.Throws<EmergenceException>(() => Create(1));
        Assert.Contains("no word is one token with a 、 token after it in this tokenizer", error.Message);
        Assert.EndsWith("4 are 3 tokens, 1 is 6 tokens: --entity-tokens 3 takes those of 3", error.Message);
    }

    [Fact]
    public void Windows_follow_full_stops_of_any_script()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "text.jsonl");
        File.WriteAllLines(path, ["""{"text": "犬がいる。猫もいる。鳥もいるよ。魚は？いない。"}"""]);
        var tokenizer = Tokenizer.Load(s_stories);

        var data = DatasetTable.Create(path, tokenizer, new() { Window = 6 });

        Assert.Equal(["猫も", "鳥も", "魚は"], Enumerable.Range(0, data.Count).Select(n => tokenizer.Decode(data[n])));
    }

    [Fact]
    public void The_program_says_which_words_are_one_token()
    {
        var (code, output, error) = Child.Run(["tokenize", "--model", s_stories, "--words", "color.ja"]);

        Assert.Equal(0, code);
        Assert.Contains("赤             3  ", output);
        Assert.Contains("color.ja: 0 of 18 words are one token", error);
        Assert.Contains("--entity-tokens 3 takes those of 3", error);
    }

    [Theory]
    [InlineData("--data")]
    [InlineData("--entities")]
    public void A_measurement_takes_entities_of_several_tokens(string option)
    {
        var run = Path.Combine(TestData.TemporaryFolder(), "run");
        var (code, _, error) = Child.Run(["measure", "--model", s_stories, option, "color.ja", "--entity-tokens", "3", "--shots", "1",
            "--estimator", "exact", "--device", "cpu", "--out", run]);

        Assert.True(code == 0, error);
        Assert.Contains("word 1.3", File.ReadAllText(Path.Combine(run, "report.html")));
    }
}
