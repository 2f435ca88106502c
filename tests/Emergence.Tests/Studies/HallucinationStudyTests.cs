using System.Text.Json;
using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Information.Statistics;
using Emergence.Studies;
using Emergence.Tests.Capture;
using Emergence.Tests.Models;
using Emergence.Tokenizers;

namespace Emergence.Tests.Studies;

public sealed class HallucinationStudyTests
{
    [Fact]
    public void Accuracies_are_those_of_the_models_own_continuations()
    {
        var folder = ModelReference.Resolve("stories260k");
        var result = StudyRun.Of(new HallucinationStudy(), ["stories260k"], ("data", "words"), ("shots", "4"), ("sequences", "40"),
            ("estimator", "exact"), ("boundaries", "1"));
        var data = DatasetTable.Create("words", Tokenizer.Load(folder),
            new DatasetOptions { Shots = 4, Sequences = 40, ModelFolder = folder });
        using var model = OutputHeadTests.Stories();
        var words = Enumerable.Range(0, 40).SelectMany(n => new[] { data[n][0], data[n][2], data[n][4], data[n][6] }).ToHashSet();
        for (var shot = 1; shot <= 4; shot++)
        {
            // One sequence after the other, by the path that the golden texts take.
            var next = Enumerable.Range(0, 40).Select(n => (N: n, Token: Greedy.Continue(model, data[n][..(2 * shot)], 1)[0])).ToList();
            Assert.Equal(100.0 * next.Count(pair => words.Contains(pair.Token)) / 40, Number(shot, "category_percent"), 1e-9);
            Assert.Equal(100.0 * next.Count(pair => words.Contains(pair.Token) && !data[pair.N][..(2 * shot)].Contains(pair.Token)) / 40,
                Number(shot, "new_percent"), 1e-9);
            Assert.Equal(0, Number(shot, "sd_layers_bits"));
        }

        double Number(int shot, string column) => StudyRun.Number(result, "shots", column, ("shot", $"{shot}"));
    }

    [Theory]
    // 1 - 6 * 4 / (5 * 24); Fisher by hand
    [InlineData(new double[] { 1, 2, 3, 4, 5 }, new double[] { 2, 1, 4, 3, 5 }, 0.8, -0.4572, 0.9908)]
    [InlineData(new double[] { 1, 2, 2, 3 }, new double[] { 4, 3, 3, 1 }, -1, -1, -1)] // equal ranks throughout, ties included
    [InlineData(new double[] { 1, 2, 3 }, new double[] { 1, 3, 2 }, 0.5, double.NaN, double.NaN)] // three pairs have no interval
    [InlineData(new double[] { 1, 1, 1, 1 }, new double[] { 1, 3, 2, 5 }, double.NaN, double.NaN, double.NaN)]
    public void Rank_correlations_are_those_of_hand(double[] x, double[] y, double rho, double low, double high)
    {
        var found = RankCorrelation.Of(x, y);

        Assert.Equal(rho, found.Rho, 1e-9);
        Assert.Equal(low, found.Low, 1e-4);
        Assert.Equal(high, found.High, 1e-4);
    }

    [Fact]
    public void Ranks_of_what_was_not_read_have_no_correlation() =>
        Assert.Equal(new RankCorrelation(double.NaN, double.NaN, double.NaN, 5),
            RankCorrelation.Of([1, 2, 3, 4, 5], [double.NaN, double.NaN, double.NaN, double.NaN, double.NaN]));

    [Fact]
    public void Published_figures_are_those_of_the_reference()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(TestData.Large("reference/paper_tables.json")));
        foreach (var (model, data, bits) in Published.Gains)
            Assert.Equal(Row(json.RootElement.GetProperty("table4").GetProperty("rows").GetProperty(model).GetProperty(data)), bits);
        var shots = json.RootElement.GetProperty("shots").GetProperty("rows");
        var table = PublishedShots.Table();
        Assert.Equal(Row(shots.GetProperty("value_bits")), table.Rows.Select(row => row[1].Value));
        foreach (var (column, name) in new[] { (3, "accuracy_country"), (4, "accuracy_animal"), (5, "accuracy_color") })
            Assert.Equal(Row(shots.GetProperty(name)), table.Rows.Select(row => row[column].Value));
        var texts = json.RootElement.GetProperty("table2").GetProperty("rows");
        foreach (var row in PublishedTexts.Table().Rows)
            Assert.Equal(Row(texts.GetProperty(row[0].Words.Replace(" ", ""))), row.Skip(1).Select(cell => cell.Value));
    }

    [Fact]
    public void A_text_is_refused()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "text.txt");
        File.WriteAllText(path, "She went up. The big day was there with him and her friend.\n");

        var error = Assert.Throws<EmergenceException>(() => StudyRun.Of(new HallucinationStudy(), ["stories260k"], ("data", path)));

        Assert.Contains("text is no list of words: expected one word a line, or country, animal, color, words", error.Message);
    }

    private static double[] Row(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetDouble())];
}
