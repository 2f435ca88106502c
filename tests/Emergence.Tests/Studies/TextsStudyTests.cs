using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Measurement.Results;
using Emergence.Studies;
using Emergence.Tests.Capture;
using Emergence.Tests.Cli;
using Emergence.Tokenizers;

namespace Emergence.Tests.Studies;

public sealed class TextsStudyTests
{
    private static readonly string[] Names = ["Lily", "Tim", "mom", "friend", "she", "he", "they", "it"];

    [Fact]
    public void Exact_emergence_of_a_part_is_that_of_a_run_on_it()
    {
        var folder = ModelReference.Resolve("stories260k");
        var data = DatasetTable.Create("words", Tokenizer.Load(folder),
            new DatasetOptions { Shots = 2, Sequences = 600, ModelFolder = folder });
        using var model = OutputHeadTests.Stories();
        var exact = ExactEmergence.Of(model, data, [1, 2], CancellationToken.None);

        // Of all 600: closed forms. Of a part: the entropies of its tokens and prefixes, as another class counts them.
        var (all, prefixes) = exact.Mean([.. Enumerable.Range(0, 600)]);
        Assert.Equal([0, Math.Log2(25) / 2, Math.Log2(600) - 2 * Math.Log2(25) / 3, Math.Log2(600) - Math.Log2(25) / 2], all, (a, b) =>
            Math.Abs(a - b) < 1e-9);
        Assert.Equal([25, 25, 600, 600], prefixes);
        var drawn = Subsampling.Draw(600, 90, 5, 3);
        var part = new Dataset("part", data.TokenizerIdentity, 4, [.. drawn.SelectMany(n => data[n].ToArray())]);
        var (bits, counts) = exact.Mean(drawn);
        for (var t = 0; t < 4; t++)
            Assert.Equal(part.PrefixBits[t] - part.TokenBits.Take(t + 1).Average(), bits[t], 1e-9);
        Assert.Equal(part.DistinctPrefixes, counts);
    }

    [Fact]
    public void A_draw_has_no_repetitions_and_depends_on_its_number()
    {
        var (first, again, second) = (Subsampling.Draw(50, 20, 1, 0), Subsampling.Draw(50, 20, 1, 0), Subsampling.Draw(50, 20, 1, 1));

        Assert.Equal(first, again);
        Assert.NotEqual(first, second);
        Assert.Equal(20, first.Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 50), Subsampling.Draw(50, 50, 1, 0).Order());
    }

    [Fact]
    public void Areas_and_quantiles_are_those_of_hand()
    {
        // Of the 6 pairs 3 > 1, 3 > 2, 2 > 1 win, 2 = 2 is half, 1 = 1 is half, and 1 < 2 loses.
        Assert.Equal(4 / 6.0, Subsampling.AreaUnderCurve([3, 2, 1], [1, 2]), 1e-12);
        Assert.Equal(0.5, Subsampling.AreaUnderCurve([1, 1], [1]), 1e-12);
        Assert.Equal(2.5, Subsampling.Quantile([4.0, 1, 3, 2], 0.5), 1e-12);
        Assert.Equal(1.3, Subsampling.Quantile([4.0, 1, 3, 2], 0.1), 1e-12);
    }

    [Fact]
    public void Texts_of_few_and_of_many_words_are_told_apart_and_the_same_text_is_not()
    {
        var folder = TestData.TemporaryFolder();
        var (few, many, same) = (Write(folder, "few.txt", 2, 1), Write(folder, "many.txt", 5, 2), Write(folder, "same.txt", 5, 3));

        var apart = Run(few, many);
        Assert.True(StudyRun.Number(apart, "differences", "difference_bits", ("n", "60"), ("tokens", "2")) < -0.5);
        Assert.Equal(0, StudyRun.Number(apart, "differences", "auc", ("n", "60"), ("tokens", "2")), 1e-9);
        Assert.Contains("60 texts of each origin tell few from many (AUC 1.00 at T = 2)", apart.Finding);

        var alike = Run(many, same);
        Assert.Equal(0, StudyRun.Number(alike, "differences", "difference_bits", ("n", "60"), ("tokens", "2")), 0.2);
        Assert.Contains("cannot be told apart", alike.Finding);

        StudyResult Run(string first, string second) => StudyRun.Of(new TextsStudy(), ["stories260k"], ("text", first), ("text", second),
            ("window", "3"), ("sizes", "60"), ("draws", "20"), ("boundaries", "1"), ("beside", "exact"));
    }

    [Theory]
    [InlineData("expected --text twice or more, found 1", "--text", "GOOD")]
    [InlineData("the file is empty: expected text", "--text", "GOOD", "--text", "EMPTY")]
    [InlineData("is not UTF-8: convert the file", "--text", "GOOD", "--text", "WIDE")]
    [InlineData("two texts are named 'good'", "--text", "GOOD", "--text", "GOOD")]
    [InlineData("--sizes 5000: expected whole numbers from 2 to", "--text", "GOOD", "--text", "OTHER", "--sizes", "5000")]
    [InlineData("no window of 900 tokens after a full stop", "--text", "GOOD", "--text", "OTHER", "--window", "900")]
    public void Misuse_is_one_line(string expected, params string[] arguments)
    {
        var folder = TestData.TemporaryFolder();
        var files = new Dictionary<string, string> { ["GOOD"] = Write(folder, "good.txt", 3, 1), ["OTHER"] =
            Write(folder, "other.txt", 3, 2), ["EMPTY"] = Path.Combine(folder, "empty.txt"), ["WIDE"] = Path.Combine(folder, "wide.txt") };
        File.WriteAllText(files["EMPTY"], "\n");
        File.WriteAllText(files["WIDE"], "Some text. And more of it.", System.Text.Encoding.Unicode);

        var (code, output, error) =
            Child.Run(["study", "texts", "--model", "stories260k", "--out", Path.Combine(folder, "study"),
            .. arguments.Select(word => files.GetValueOrDefault(word, word))]);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(expected, error.Split('\n')[^2]);
        Assert.StartsWith("emergence: ", error.Split('\n')[^2]);
    }

    /// <summary>Sentences of three of so many words.</summary>
    private static string Write(string folder, string name, int words, int seed)
    {
        var random = new Random(seed);
        var path = Path.Combine(folder, name);
        var sentences = Enumerable.Range(0, 200)
            .Select(_ => string.Join(' ', Enumerable.Range(0, 3).Select(_ => Names[random.Next(words)])) + ". ");
        File.WriteAllText(path, "Start. " + string.Concat(sentences) + "\n");
        return path;
    }
}
