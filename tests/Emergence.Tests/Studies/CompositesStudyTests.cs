using System.Text.Json;
using Emergence.Studies;
using Emergence.Tests.Cli;

namespace Emergence.Tests.Studies;

public sealed class CompositesStudyTests
{
    private static readonly (string, string)[] NoCurves = [("train-curve", "none"), ("cells-curve", "none")];

    private static string Digits => TestData.Large("data/digits/digits.csv");

    /// <summary>What the independent prototype found over three seeds, with the tolerance of its own spread (0.06).</summary>
    [Fact]
    public void Shares_are_those_of_the_prototype()
    {
        using var prototype = JsonDocument.Parse(File.ReadAllBytes(TestData.Large("reference/composites.json")));
        double[] Shares(string name) =>
            [.. prototype.RootElement.GetProperty("seeds").EnumerateArray().Select(seed => seed.GetProperty(name)[0].GetDouble())];

        var result = StudyRun.Of(new CompositesStudy(), [], [("images", Digits), ("seeds", "1"), .. NoCurves]);

        foreach (var (name, features, pool) in new[] { ("probs_sum", "encoder-probs", "sum"), ("hidden_sum", "encoder-hidden", "sum"),
            ("pixels_sum", "pixels", "sum"), ("pixels_concat", "pixels", "concat"), ("hidden_concat", "encoder-hidden", "concat") })
        {
            var share = StudyRun.Number(result, "scores", "share", ("features", features), ("pool", pool));
            Assert.InRange(share, Shares(name).Min() - 0.06, Shares(name).Max() + 0.06);
        }

        Assert.Equal("encoder-probs", result.Values.Single(value => value.Name == "features").Value!.GetValue<string>());
        Assert.InRange(StudyRun.Number(result, "scores", "loss_nats", ("features", "encoder-probs"), ("pool", "sum")), Math.Log(4), 1.75);
        var bits = StudyRun.Number(result, "information", "set_bits", ("features", "encoder-probs"), ("pool", "sum"));
        Assert.InRange(bits, 6, Math.Log2(210));
        Assert.Contains(result.Figures, figure => figure.Name == "right");
        Assert.Contains("Not run on published weights", string.Join(' ', result.Sentences));
    }

    [Fact]
    public void A_study_that_is_run_again_computes_nothing_and_says_the_same()
    {
        var folder = Path.Combine(TestData.TemporaryFolder(), "study");
        string[] command = ["study", "composites", "--images", Digits, "--features", "encoder-logits", "--pool", "sum", "--train", "60",
            "--test", "100", "--seeds", "2", "--grid", "1x3", "--repeats", "--train-curve", "20,40", "--cells-curve", "1,2", "--device",
            "cpu", "--json", "--out", folder];
        var (first, second) = (Child.Run(command), Child.Run(command));

        Assert.Equal((0, 0), (first.Code, second.Code));
        Assert.Equal(first.Out, second.Out);
        Assert.Contains("training the encoder", first.Error);
        Assert.DoesNotContain("training the encoder", second.Error);
        using var json = JsonDocument.Parse(first.Out);
        var root = json.RootElement;
        var (share, low, high) = (root.GetProperty("share").GetDouble(), root.GetProperty("share_low").GetDouble(),
            root.GetProperty("share_high").GetDouble());
        Assert.True(0 < low && low < share && share < high && high < 1);
        Assert.True(root.GetProperty("loss_nats").GetDouble() > root.GetProperty("lowest_loss_nats").GetDouble());
        Assert.InRange(root.GetProperty("single_accuracy").GetDouble(), 0.9, 1);
        Assert.False(root.GetProperty("distinct").GetBoolean());
        Assert.Equal(2, root.GetProperty("tables").GetProperty("by_train").GetArrayLength());
        Assert.Contains("data:image/png;base64,", File.ReadAllText(Path.Combine(folder, "report.html")));
    }

    [Fact]
    public void A_clip_model_is_asked_about_cells_and_whole_pictures()
    {
        var result = StudyRun.Of(new CompositesStudy(), [],
            [("images", Digits), ("features", "clip"), ("encoder", TestData.Golden("clip-tiny")), ("pool", "concat,whole"), ("train", "60"),
                ("test", "50"), ("seeds", "1"), .. NoCurves]);

        Assert.Equal(2, result.Tables.Single(table => table.Name == "scores").Table.Rows.Count);
        Assert.Contains("CLIP vision model, 2 layers, width 12", string.Join(' ', result.Sentences));
    }

    [Theory]
    [InlineData("study composites needs --images")]
    [InlineData("no file 'nowhere'", "--images", "nowhere")]
    [InlineData("--grid 5x5: expected ROWSxCOLUMNS", "--grid", "5x5", "--images", "x")]
    [InlineData("--grid 4x3: 12 cells, but there are 10 digits: expected --repeats", "--grid", "4x3", "--images", "x")]
    [InlineData("--distinct and --repeats: expected one of them", "--distinct", "--repeats")]
    [InlineData("--features pixel: expected pixels, encoder-hidden", "--features", "pixel")]
    [InlineData("--pool mean: expected sum, concat, whole", "--pool", "mean")]
    [InlineData("--features clip: expected --encoder FOLDER", "--features", "clip")]
    [InlineData("--encoder: expected clip among --features", "--encoder", "folder")]
    [InlineData("--train 5: expected a whole number, 10 or more", "--train", "5")]
    [InlineData("--train-curve 3: expected whole numbers of 10 or more", "--train-curve", "3")]
    public void Misuse_is_one_line(string expected, params string[] arguments)
    {
        var (code, output, error) =
            Child.Run(["study", "composites", "--out", Path.Combine(TestData.TemporaryFolder(), "study"), .. arguments]);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(expected, error);
        Assert.StartsWith("emergence: ", error.Split('\n')[^2]);
    }
}
