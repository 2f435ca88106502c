using Emergence.Studies;
using Emergence.Tests.Cli;

namespace Emergence.Tests.Studies;

public sealed class ShotsStudyTests
{
    private static readonly (string, string)[] Exact = [("data", "words"), ("estimator", "exact"), ("boundaries", "1,3")];

    [Fact]
    public void Shots_of_words_add_what_counting_says()
    {
        var result = StudyRun.Of(new ShotsStudy(), ["stories260k"], [.. Exact, ("shots", "3"), ("sequences", "13800")]);

        // A word is one of 25, commas are constant: the tokens carry log2(25) / 2 in the mean; the prefix all arrangements.
        double[] whole = [25, 25 * 24, 25 * 24 * 23];
        for (var shot = 1; shot <= 3; shot++)
        {
            (string, string) row = ("shot", $"{shot}");
            Assert.Equal(Math.Log2(whole[shot - 1]) - Math.Log2(25) / 2, StudyRun.Number(result, "gains", "e_bits", row), 1e-9);
            var gain = shot == 1 ? Math.Log2(25) / 2 : Math.Log2(whole[shot - 1] / whole[shot - 2]);
            Assert.Equal(gain, StudyRun.Number(result, "gains", "gain_bits", row), 1e-9);
            Assert.Equal(gain, StudyRun.Number(result, "gains", "exact_gain_bits", row), 1e-9);
        }

        Assert.DoesNotContain(result.Tables, table => table.Name == "published");
        Assert.Contains("shot 2 adds most, 4.58 bits", result.Finding);
    }

    [Fact]
    public void What_would_read_as_nothing_is_not_said()
    {
        var result = StudyRun.Of(new ShotsStudy(), ["stories260k"], ("data", "words"), ("estimator", "s-mine"), ("preset", "demo"),
            ("boundaries", "1"), ("seeds", "1"), ("shots", "1"));

        Assert.InRange(StudyRun.Number(result, "gains", "exact_bits", ("shot", "1"))
            - StudyRun.Number(result, "gains", "e_bits", ("shot", "1")), 0, 0.01);
        Assert.DoesNotContain(result.Sentences, sentence => sentence.Contains("furthest below"));
        Assert.Contains("after 1 shot (", result.Finding);
        Assert.Contains(result.HeldFixed, pair => pair.Value == "words, 1 shot of 2 tokens");
        Assert.Contains(result.HeldFixed, pair => pair.Value.EndsWith(", 1 seed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_study_goes_on_after_Ctrl_C_and_ends_with_the_same_bytes()
    {
        string[] command = ["study", "shots", "--model", "stories260k", "--data", "words", "--shots", "2", "--sequences", "60",
            "--boundaries", "1,3", "--seeds", "3", "--threads", "1", "--out"];
        var (whole, stopped) = (TestData.TemporaryFolder(), TestData.TemporaryFolder());
        var (code, output, error) = Child.Run([.. command, whole]);
        Assert.True(code is 0 or 4, error);

        using var process = Child.Start([.. command, stopped]);
        var journal = Path.Combine(stopped, "runs", "stories260k", "results.jsonl");
        while (!File.Exists(journal) || File.ReadLines(journal).Count() < 3)
            Thread.Sleep(20);
        Child.Signal(process, "INT");
        var interrupted = Child.Finish(process);
        Assert.Equal(130, interrupted.Code);
        Assert.Contains("run the same command again to go on", interrupted.Error);
        Assert.False(File.Exists(Path.Combine(stopped, "report.html")));

        var again = Child.Run([.. command, stopped]);
        Assert.Equal(code, again.Code);
        Assert.Contains("cells were finished before", again.Error);
        foreach (var file in new[] { "tables/gains.csv", "tables/tokens.json", "figures/e.svg", "summary.md" })
            Assert.Equal(File.ReadAllText(Path.Combine(whole, file)), File.ReadAllText(Path.Combine(stopped, file)));
        Assert.Equal(output.Replace(whole, stopped), again.Out);
    }

    [Fact]
    public void A_file_of_options_does_what_the_command_line_does()
    {
        var folder = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(folder, "study.json"),
            """{"model": ["stories260k"], "data": "words", "shots": 1, "estimator": "exact", "boundaries": [1, 2]}""");

        var (code, output, error) =
            Child.Run("study", "shots", "--config", Path.Combine(folder, "study.json"), "--shots", "2", "--out", folder, "-o", "csv");

        Assert.True(code == 0, error);
        Assert.Equal(2, output.Split('\n').Count(line => line.StartsWith("stories260k,", StringComparison.Ordinal)));
        Assert.Contains("\"shots\":[\"2\"]", error);
        Assert.Contains("\"boundaries\":[\"1,2\"]", error);
    }

    [Theory]
    [InlineData("'--model' is required", "--data", "words")]
    [InlineData("--shots 0: expected a whole number, 1 or more", "--model", "stories260k", "--data", "words", "--shots", "0")]
    [InlineData("has no fields: expected at least one", "--model", "stories260k", "--data", "ROWS", "--template", "no fields")]
    [InlineData("braces do not match", "--model", "stories260k", "--data", "ROWS", "--template", "{1, is {2},")]
    [InlineData("expected VALUE=WORD after ':', found 'sad'", "--model", "stories260k", "--data", "ROWS", "--template", "{1} is {2:sad},")]
    [InlineData("no label is one token in this tokenizer, e.g. 'xyzzy': map labels to short words", "--model", "stories260k", "--data",
        "ROWS", "--template", "{1} is {2},")]
    [InlineData("3 shots need as many rows, but only 2 of 2 fit", "--model", "stories260k", "--data", "ROWS", "--template",
        "{1} is {2:xyzzy=big},", "--field-tokens", "2", "--shots", "3")]
    [InlineData("but only 0 of 2 fit: text fields of 30 tokens or more", "--model", "stories260k", "--data", "ROWS", "--template",
        "{1} is {2:xyzzy=big},", "--field-tokens", "30", "--shots", "1")]
    [InlineData("names no column 'mood'", "--model", "stories260k", "--data", "ROWS", "--template", "{mood},")]
    [InlineData("line 1 has 2 columns, the template needs 3", "--model", "stories260k", "--data", "ROWS", "--template", "{1} {3},")]
    [InlineData("a template needs a .tsv, .csv or .jsonl file", "--model", "stories260k", "--data", "country", "--template", "{1},")]
    [InlineData("byte 4 is not UTF-8: convert the file", "--model", "stories260k", "--data", "LATIN", "--template", "{1} is {2},")]
    [InlineData("the file is empty: expected text", "--model", "stories260k", "--data", "EMPTY", "--template", "{1} is {2},")]
    [InlineData("has no shots: expected a list of words", "--model", "stories260k", "--data", "TEXT", "--estimator", "exact",
        "--boundaries", "1")]
    public void Misuse_is_one_line(string expected, params string[] arguments)
    {
        var folder = TestData.TemporaryFolder();
        var files = new Dictionary<string, byte[]>
        {
            ["ROWS"] = "she was happy\txyzzy\nthey said no\txyzzy\n"u8.ToArray(),
            ["LATIN"] = [.. "Caf"u8, 0x20, 0xE9, .. "\tgood\n"u8],
            ["EMPTY"] = " \n"u8.ToArray(),
            ["TEXT"] =
                [.. Enumerable.Repeat("She went to the park. The big dog was there to play with her friend and she was happy. "u8.ToArray(),
                3).SelectMany(bytes => bytes)],
        };
        foreach (var (name, bytes) in files)
            File.WriteAllBytes(Path.Combine(folder, name + (name == "TEXT" ? ".txt" : ".tsv")), bytes);
        var words = arguments.Select(word => files.ContainsKey(word) ? Path.Combine(folder, word + (word == "TEXT" ? ".txt" : ".tsv"))
            : word);

        var (code, output, error) = Child.Run(["study", "shots", "--out", Path.Combine(folder, "study"), .. words]);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(expected, error);
        Assert.StartsWith("emergence: ", error.Split('\n')[^2]);
    }
}
