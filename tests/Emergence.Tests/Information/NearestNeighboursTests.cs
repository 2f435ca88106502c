using Emergence.Devices.Randomness;
using Emergence.Information.Neighbours;

namespace Emergence.Tests.Information;

/// <summary>Searches along one column against comparing every pair of rows.</summary>
public sealed class NearestNeighboursTests
{
    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(1, 3, 0)]
    [InlineData(4, 2, 0)]
    [InlineData(1, 1, 7)]
    [InlineData(3, 1, 7)]
    public void Counts_are_those_of_all_pairs(int xColumns, int yColumns, int window)
    {
        const int Rows = 333;
        var random = new RandomSequence(1, (uint)(xColumns + 10 * yColumns), RandomStream.Samplers);
        double[] Draw(int columns) =>
            [.. Enumerable.Range(0, Rows * columns).Select(i => i % 5 == 0 ? Math.Round(random.NextNormal(), 1) : random.NextNormal())];
        var (x, y) = (Draw(xColumns), Draw(yColumns));
        var partners = Enumerable.Range(0, Rows).ToArray();
        random.Shuffle(partners.AsSpan());
        var plain = new NearestNeighbours(x, xColumns, y, yColumns, [.. Enumerable.Repeat(1, Rows)], window);
        double[] shuffled = [.. partners.SelectMany(row => y[(row * yColumns)..((row + 1) * yColumns)])];
        foreach (var (found, other) in new[] { (plain.Find(3, 5), y), (plain.Pair(partners).Find(3, 5), shuffled) })
        {
            for (var row = 0; row < Rows; row++)
            {
                double[] ofX = Distances(x, xColumns, row), ofY = Distances(other, yColumns, row);
                var others = Enumerable.Range(0, Rows).Where(o => Math.Abs(o - row) > window).ToList();
                for (var i = 0; i < 2; i++)
                {
                    var radius = others.Select(o => Math.Max(ofX[o], ofY[o])).Order().ElementAt(i == 0 ? 2 : 4);
                    Assert.Equal(
                        (radius, others.Count(o => ofX[o] < radius), others.Count(o => ofY[o] < radius), others.Count + 1),
                        (found[i][row].Radius, found[i][row].CloserX, found[i][row].CloserY, found[i][row].Total));
                }
            }
        }
    }

    /// <summary>Rows that repeat, once with their counts and once written out; labels are never near each other.</summary>
    [Fact]
    public void Repeats_and_labels()
    {
        double[] x = [0, 0, 0, 1, 1, 2], y = [0, 0.5, 0.6, 0, 0.1, 7];
        var labelled = new NearestNeighbours([.. x.Select(value => NearestNeighbours.Apart * value)], 1, y, 1, [1, 1, 1, 1, 1, 1])
            .Find(5)[0];
        Assert.Equal([2, 2, 2, 1, 1, 0], labelled.Select(row => row.K));
        Assert.Equal([0.6, 0.5, 0.6, 0.1, 0.1, 0], labelled.Select(row => row.Radius), (a, b) => Math.Abs(a - b) < 1e-12);
        var counted = new NearestNeighbours([0, 1], 1, [0, 1], 1, [3, 2]).Find(2)[0];
        Assert.Equal([(0.0, 2, 2, 2), (1.0, 0, 1, 1)], counted.Select(row => (row.Radius, row.Same, row.CloserX, row.CloserY)));
    }

    private static double[] Distances(double[] values, int columns, int row) =>
        [.. Enumerable.Range(0, values.Length / columns).Select(other =>
            Enumerable.Range(0, columns).Max(column => Math.Abs(values[row * columns + column] - values[other * columns + column])))];
}
