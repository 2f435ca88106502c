using Emergence.Datasets;
using Emergence.Tokenizers;

namespace Emergence.Tests.Datasets;

public sealed class TextWindowsTests
{
    private static readonly Tokenizer Stories = Tokenizer.Load(Path.Combine(TestData.Repository, "samples", "stories260k"));

    [Theory]
    [InlineData("a.txt", "Before it. Lily was in the big day with mom. Tim said that he was up\n")]
    [InlineData("a.csv", "id,text\r\n7,\"Before it. Lily was in the big day with mom. Tim said that he was up\"\r\n")]
    [InlineData("a.jsonl", "{\"id\":7,\"text\":\"Before it. Lily was in the big day with mom. Tim said that he was up\"}\n")]
    public void Windows_start_after_a_full_stop(string name, string content)
    {
        var data = Create(name, content, window: 5);

        Assert.Equal(2, data.Count);
        Assert.False(data.IsEnumeration);
        Assert.Equal(["Lily was in the big", "Tim said that he was"], Texts(data).Order());
    }

    [Theory]
    [InlineData("x. Lily was: in the big day with mom")]
    [InlineData("x. Lily was; in the big day with mom")]
    [InlineData("x. Lily was? in the big day with mom")]
    [InlineData("x. Lily was - in the big day with mom")]
    [InlineData("x.Lily was in the big day with mom")]
    [InlineData("x. Lily was")]
    [InlineData("Lily was in the big day with mom")]
    public void Windows_with_unwanted_characters_or_too_few_tokens_are_skipped(string line)
    {
        var data = Create("a.txt", line + "\nx. Tim said that he was up\n", window: 5);

        Assert.Equal(["Tim said that he was"], Texts(data));
    }

    [Fact]
    public void A_line_end_ends_a_window() =>
        Assert.Throws<EmergenceException>(() => Create("a.jsonl", "{\"text\":\"x. Lily was in\\nthe big day with mom\"}", window: 5));

    [Fact]
    public void What_is_there_is_said_when_more_was_asked_for() =>
        Assert.Contains("2 windows are there, 100 were asked for",
            Assert.Single(Create("a.txt", "x. Lily was in the big day. Tim said that he was up", window: 5).Notes));

    [Theory]
    [InlineData("a.csv", "id,words\r\n1,x\r\n", "names no column \"text\"")]
    [InlineData("a.jsonl", "{\"words\":\"x\"}\n", "line 1 has no string \"text\"")]
    [InlineData("a.jsonl", "{\"text\":\"x\"}\nno json\n", "line 2 is not valid JSON")]
    [InlineData("a.txt", "no full stop in here\n", "no window of 5 tokens after a full stop")]
    public void A_file_without_text_is_one_line(string name, string content, string expected)
    {
        var error = Assert.Throws<EmergenceException>(() => Create(name, content, window: 5));

        Assert.Contains(expected, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void Windows_of_real_prose_are_those_of_the_text()
    {
        var path = TestData.Large("data/text/human.txt");
        var tokenizer = Tokenizer.Load(TestData.Large("models/smollm2-135m"));

        var data = DatasetTable.Create(path, tokenizer, new DatasetOptions { Window = 8, Sequences = 1_000 });

        Assert.Equal(1_000, data.Count);
        var text = File.ReadAllText(path);
        for (var n = 0; n < data.Count; n++)
        {
            var window = tokenizer.Decode(data[n]);
            Assert.Contains("." + window, text);
            Assert.DoesNotContain(window, c => ":;?-\n".Contains(c));
        }
    }

    private static IEnumerable<string> Texts(Dataset data) => Enumerable.Range(0, data.Count).Select(n => Stories.Decode(data[n]).Trim());

    private static Dataset Create(string name, string content, int window)
    {
        var path = Path.Combine(TestData.TemporaryFolder(), name);
        File.WriteAllText(path, content);
        return DatasetTable.Create(path, Stories, new DatasetOptions { Window = window, Sequences = 100 });
    }
}
