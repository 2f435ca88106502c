using Emergence.Studies;
using Emergence.Tests.Cli;

namespace Emergence.Tests.Studies;

public sealed class SkillsStudyTests
{
    private static readonly (string, string)[] Small = [("texts", "20000"), ("skills", "500"), ("graph-k", "2,8"), ("starts", "1")];

    [Fact]
    public void Without_runs_the_published_law_speaks()
    {
        var result = StudyRun.Of(new SkillsStudy(), [], Small);

        Assert.Equal(1.905, StudyRun.Number(result, "law", "value", ("constant", "10^b: ten times the data")), 1e-3);
        Assert.Equal(8, StudyRun.Number(result, "tuples", "t_by_halves", ("tokens", "1e+13")), 1e-9);
        Assert.Equal(6.918, StudyRun.Number(result, "tuples", "t_by_b", ("tokens", "1e+13")), 1e-3);
        Assert.Equal(4.5019076944, StudyRun.Number(result, "bound", "beta_at_0.1", ("k", "8.000")), 1e-9); // mpmath, 50 digits
        var rows = result.Tables.Single(table => table.Name == "graph").Table.Rows;
        Assert.Equal(10, rows.Count);
        Assert.All(rows, row => Assert.Equal("no", row[^1].Words));
        Assert.Equal(["bound", "graph", "tuples"], result.Figures.Select(figure => figure.Name));
        Assert.Contains("6.92-tuples", result.Finding);
    }

    [Fact]
    public void Runs_are_fitted_and_models_put_beside_the_law()
    {
        var folder = TestData.TemporaryFolder();
        var (runs, text) = (Path.Combine(folder, "runs.csv"), Path.Combine(folder, "text.txt"));
        File.WriteAllLines(runs, ["N,D,L", .. from n in (double[])[1e5, 1e6, 1e7, 1e8] from d in (double[])[1e7, 1e8, 1e9, 1e10]
            select FormattableString.Invariant($"{n},{d},{0.4 + 20 / Math.Pow(n, 0.3) + 90 / Math.Pow(d, 0.25):R}")]);
        File.WriteAllLines(text, ["Once upon a time there was a little girl named Lily.", "She had a big red ball and a happy dog."]);

        var result = StudyRun.Of(new SkillsStudy(), ["stories260k"], [.. Small, ("runs", runs), ("text", text)]);

        Assert.Equal(0.25, StudyRun.Number(result, "law", "value", ("constant", "b")), 1e-4);
        Assert.Equal(0.25, StudyRun.Number(result, "law", "lo", ("constant", "b")), 1e-3); // nothing to resample
        Assert.Equal(260_032, StudyRun.Number(result, "models", "N", ("model", "stories260k")));
        var bits = StudyRun.Number(result, "models", "bits_per_token", ("model", "stories260k"));
        Assert.InRange(bits, 0.5, 9);
        Assert.Equal(bits * Math.Log(2), StudyRun.Number(result, "models", "nats_per_token", ("model", "stories260k")), 1e-9);
        Assert.Equal(16, result.Tables.Single(table => table.Name == "runs").Table.Rows.Count);
        Assert.Contains(result.Figures, figure => figure.Name == "law");
    }

    [Theory]
    [InlineData("--theta 2: expected a share between 0 and 1", "--theta", "2")]
    [InlineData("--tokens 1e13,1e10: expected more tokens for the larger model", "--tokens", "1e13,1e10")]
    [InlineData("--tokens 1e13: expected 2 numbers of 1 or more with commas", "--tokens", "1e13")]
    [InlineData("--skills-per-text 1,x: expected 1 to 6 numbers", "--skills-per-text", "1,x")]
    [InlineData("--graph-k 2,4,8,16: expected 1 to 3 numbers", "--graph-k", "2,4,8,16")]
    [InlineData("expected 65535 or fewer skills", "--skills", "100000")]
    [InlineData("no file 'nowhere.csv'", "--runs", "nowhere.csv")]
    [InlineData("study skills needs --text", "--model", "stories260k")]
    public void Misuse_is_one_line(string expected, params string[] arguments)
    {
        string[] small = ["--texts", "1000", "--graph-k", "2", "--skills", "100"];
        var (code, output, error) = Child.Run(
            ["study", "skills", "--out", Path.Combine(TestData.TemporaryFolder(), "study"), .. small.Chunk(2)
                .Where(pair => !arguments.Contains(pair[0])).SelectMany(pair => pair), .. arguments]);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(expected, error);
        Assert.StartsWith("emergence: ", error.Split('\n')[^2]);
    }
}
