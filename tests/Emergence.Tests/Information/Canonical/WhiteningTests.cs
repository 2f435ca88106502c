using Emergence.Devices;
using Emergence.Information.Canonical;
using Emergence.Information.Exact;

namespace Emergence.Tests.Information.Canonical;

public class WhiteningTests
{
    /// <summary>More classes than columns and fewer, in different weights.</summary>
    [Theory]
    [InlineData(200, 70, 70)]
    [InlineData(40, 70, 39)]
    [InlineData(2, 5, 1)]
    public void Makes_uncorrelated_columns_of_variance_1(int classes, int columns, int coordinates)
    {
        var rows = new RowClasses(Cells.Vectors(classes, columns, 3), columns,
            [.. Enumerable.Range(1, classes).Select(k => (double)(1 + k % 4))]);
        var whitening = new Whitening(rows, DoubleProducts.Alone);
        Assert.Equal(coordinates, whitening.Count);
        AssertWhite(rows, Coordinates(whitening, rows));
    }

    /// <summary>A column of 2e4, one twice, one constant, and one that is another's double plus a third.</summary>
    [Fact]
    public void Leaves_out_what_adds_nothing()
    {
        const int Classes = 50, Columns = 8;
        var values = Cells.Vectors(Classes, Columns, 4);
        for (var k = 0; k < Classes; k++)
        {
            var row = values.AsSpan(k * Columns, Columns);
            row[0] += 20_000;
            (row[3], row[4], row[5]) = (row[1], 7, 2 * row[1]);
        }

        var rows = new RowClasses(values, Columns, [.. Enumerable.Repeat(1.0, Classes)]);
        var whitening = new Whitening(rows, DoubleProducts.Alone);
        Assert.Equal(new WhitenedSide(5, 2, 0), whitening.Describe());
        AssertWhite(rows, Coordinates(whitening, rows));
    }

    /// <summary>
    /// Two columns that are one, but that each alone tells two classes apart, by a few units in the last place: whichever is taken,
    /// the other's two classes need a coordinate of their own.
    /// </summary>
    [Fact]
    public void Keeps_classes_apart_that_differ_in_the_last_bits()
    {
        const int Classes = 30, Columns = 6;
        var values = Cells.Vectors(Classes, Columns, 5);
        for (var k = 0; k < Classes; k++)
            values[k * Columns + 5] = values[k * Columns + 4];
        values.AsSpan(Columns, Columns).CopyTo(values);
        values.AsSpan(3 * Columns, Columns).CopyTo(values.AsSpan(2 * Columns));
        values[5] += 5e-7f;
        values[2 * Columns + 4] += 5e-7f;
        var rows = new RowClasses(values, Columns, [.. Enumerable.Repeat(1.0, Classes)]);
        Assert.Equal(Classes, rows.Count);
        var whitening = new Whitening(rows, DoubleProducts.Alone);
        Assert.Equal(new WhitenedSide(6, 1, 1), whitening.Describe());
        var white = Coordinates(whitening, rows);
        AssertWhite(rows, white);
        Assert.Equal(Classes, white.Chunk(whitening.Count).Select(row => string.Join(' ', row)).Distinct().Count());
    }

    private static float[] Coordinates(Whitening whitening, RowClasses rows) =>
        whitening.Project(DoubleProducts.Alone, whitening.Count, whitening.FillMapColumn);

    /// <summary>Single precision keeps 1e-7 of a coordinate; a sum over classes no more than a few of that.</summary>
    private static void AssertWhite(RowClasses rows, float[] white)
    {
        var count = white.Length / rows.Count;
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(0, Mean(k => white[k * count + i]), 1e-5);
            for (var j = 0; j <= i; j++)
                Assert.Equal(i == j ? 1 : 0, Mean(k => (double)white[k * count + i] * white[k * count + j]), 1e-5);
        }

        double Mean(Func<int, double> of)
        {
            var sum = 0.0;
            for (var k = 0; k < rows.Count; k++)
                sum += rows.Weights[k] * of(k);
            return sum;
        }
    }
}
