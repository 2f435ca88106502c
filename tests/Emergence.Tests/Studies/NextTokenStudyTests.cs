using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Studies;
using Emergence.Tests.Capture;
using Emergence.Tokenizers;

namespace Emergence.Tests.Studies;

public sealed class NextTokenStudyTests
{
    [Fact]
    public void At_the_last_boundary_it_is_the_direct_sum_over_the_models_probabilities()
    {
        var folder = ModelReference.Resolve("stories260k");
        var result = StudyRun.Of(new NextTokenStudy(), ["stories260k"], ("data", "words"), ("shots", "2"), ("sequences", "100"));
        var data = DatasetTable.Create("words", Tokenizer.Load(folder),
            new DatasetOptions { Shots = 2, Sequences = 100, ModelFolder = folder });
        using var model = OutputHeadTests.Stories();
        for (var t = 0; t < data.Length; t++)
        {
            var rows = Enumerable.Range(0, data.Count).Select(n => Probabilities(model.NextTokenLogits(data[n][..(t + 1)]))).ToList();
            var mean = Enumerable.Range(0, model.VocabularySize).Select(v => rows.Average(row => row[v])).ToArray();

            // The mean distance of each row from the mean of all: another form of H(mean p) - mean H(p).
            var expected = rows.Average(row => row.Zip(mean, (p, m) => p > 0 ? p * Math.Log2(p / m) : 0).Sum());
            Assert.Equal(expected, StudyRun.Number(result, "positions", "next_bits", ("boundary", "5"), ("position", $"{t}")), 1e-4);
            Assert.True(expected > 0.1);
        }
    }

    [Fact]
    public void What_the_data_hold_about_the_next_token_is_counted()
    {
        var result = StudyRun.Of(new NextTokenStudy(), ["stories260k"], ("data", "words"), ("shots", "2"), ("sequences", "600"),
            ("boundaries", "0,5"));

        // A comma is certain; the second word is one of 24 where one of 25 was to be expected; behind the last token there is nothing.
        Assert.Equal(0, Data(0), 1e-9);
        Assert.Equal(Math.Log2(25) - Math.Log2(24), Data(1), 1e-9);
        Assert.Equal(0, Data(2), 1e-9);
        Assert.Equal(4 * 2, result.Tables.Single(table => table.Name == "positions").Table.Rows.Count);
        Assert.Equal(Math.Log2(25), StudyRun.Number(result, "positions", "carried_bits", ("boundary", "0"), ("position", "0")), 1e-9);

        double Data(int position) => StudyRun.Number(result, "positions", "data_bits", ("boundary", "5"), ("position", $"{position}"));
    }

    private static double[] Probabilities(float[] logits)
    {
        var exponentials = logits.Select(score => Math.Exp((double)score)).ToArray();
        return [.. exponentials.Select(value => value / exponentials.Sum())];
    }
}
