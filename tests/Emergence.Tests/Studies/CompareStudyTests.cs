using Emergence.Studies;

namespace Emergence.Tests.Studies;

public sealed class CompareStudyTests
{
    [Fact]
    public void A_model_and_its_copy_are_the_same_at_every_token_and_cost_the_same()
    {
        var result = StudyRun.Of(new CompareStudy(), ["stories260k", Copy("twin")], ("data", "words"), ("shots", "2"),
            ("estimator", "exact"), ("sequences", "600"));

        var verdicts = result.Tables.Single(table => table.Name == "verdicts").Table;
        Assert.Equal([1L, 2, 3, 4], verdicts.Rows.Select(row => row[2].Whole));
        Assert.All(verdicts.Rows, row => Assert.Equal("same", row[^1].Words));
        foreach (var name in new[] { "stories260k", "twin" })
        {
            // 25 words, their commas, 600 pairs, their commas, each through 260,032 weights (README of the sample).
            Assert.Equal(260_032, Number("parameters"));
            Assert.Equal((25 + 25 + 600 + 600) * 260_032.0, Number("forward_ops"));
            Assert.Equal(0, Number("training_ops"));

            // Boundary 0 knows its own token only: IE is formed from layer 1 on.
            Assert.Equal(1, Number("formed_at_layer"));

            double Number(string column) => StudyRun.Number(result, "models", column, ("model", name));
        }
    }

    [Fact]
    public void Its_pictures_name_their_models()
    {
        var result = StudyRun.Of(new CompareStudy(), ["stories260k", Copy("other")], ("data", "words"), ("shots", "1"),
            ("estimator", "exact"), ("boundaries", "0,4"));

        Assert.Equal(["stories260k: IE by layer and token", "other: IE by layer and token"], result.Figures.Take(2)
            .Select(figure => figure.Figure.Title));
    }

    [Fact]
    public void One_model_or_two_of_a_name_are_refused()
    {
        Assert.Contains("needs --model, 2 times: found 1",
            Assert.Throws<EmergenceException>(() => StudyRun.Of(new CompareStudy(), ["stories260k"])).Message);
        Assert.Contains("two models are named 'stories260k'",
            Assert.Throws<EmergenceException>(() => StudyRun.Of(new CompareStudy(), ["stories260k", "stories260k"])).Message);
    }

    private static string Copy(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(TestData.TemporaryFolder(), name)).FullName;
        TestData.CopyFiles(Path.Combine(TestData.Repository, "samples", "stories260k"), folder);
        return folder;
    }
}
