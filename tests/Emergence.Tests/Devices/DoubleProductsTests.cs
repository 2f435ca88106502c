using Emergence.Devices;

namespace Emergence.Tests.Devices;

public class DoubleProductsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 33, 257)]
    [InlineData(31, 7, 256)]
    [InlineData(50, 17, 600)]
    public void Are_sums_of_products(int rows, int columns, int depth)
    {
        var random = new Random(rows);
        double[] left = Values(depth * rows), right = Values(depth * columns), c = Values(rows * columns);
        var before = (double[])c.Clone();
        DoubleProducts.Add(DoubleProducts.Alone, depth, (k, row) => left.AsSpan(k * rows, rows).CopyTo(row), rows, (k, row) =>
            right.AsSpan(k * columns, columns).CopyTo(row), columns, c, 0, columns);
        for (var i = 0; i < c.Length; i++)
        {
            var (sum, size) = ((decimal)before[i], Math.Abs(before[i]));
            for (var k = 0; k < depth; k++)
            {
                sum += (decimal)left[k * rows + i / columns] * (decimal)right[k * columns + i % columns];
                size += Math.Abs(left[k * rows + i / columns] * right[k * columns + i % columns]);
            }

            // A double becomes a decimal of 15 digits.
            Assert.Equal((double)sum, c[i], ((depth + 2) * 1.2e-16 + 3e-15) * size);
        }

        double[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() - 0.5)];
    }

    /// <summary>The same chains, whether rows of the left side come one by one or columns, whatever threads there are, and whether
    /// zeros of the right side are known.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(50, 9, 9)]
    [InlineData(49, 17, 300)]
    [InlineData(101, 64, 64)]
    public void Of_rows_are_the_same(int rows, int columns, int depth)
    {
        var random = new Random(rows);
        double[] left = [.. Enumerable.Range(0, rows * depth).Select(_ => random.NextDouble() - 0.5)];
        double[] right = [.. Enumerable.Range(0, depth * columns).Select(i => i / columns > i % columns ? 0 : random.NextDouble() - 0.5)];
        var sums = new double[rows * columns];
        DoubleProducts.Add(DoubleProducts.Alone, depth, (k, to) =>
        {
            for (var i = 0; i < rows; i++)
                to[i] = left[i * depth + k];
        }, rows, Right, columns, sums, 0, columns);
        float[] expected = [.. sums.Select(sum => (float)sum)];
        Assert.Equal(expected, DoubleProducts.OfRows(DoubleProducts.Alone, rows, Left, depth, Right, columns));
        Assert.Equal(expected, DoubleProducts.OfRows((count, body) => Parallel.For(0, count, body), rows, Left, depth, Right, columns,
            isLower: true));

        void Left(int i, Span<double> to) => left.AsSpan(i * depth, depth).CopyTo(to);

        void Right(int k, Span<double> to) => right.AsSpan(k * columns, columns).CopyTo(to);
    }

    [Fact]
    public void Are_the_same_bytes_for_any_number_of_threads()
    {
        const int Size = 70, Depth = 300;
        var random = new Random(1);
        double[] values = [.. Enumerable.Range(0, Size * Depth).Select(_ => random.NextDouble() - 0.5)];
        double[] alone = new double[Size * Size], together = new double[Size * Size];
        Add(DoubleProducts.Alone, alone);
        Add((count, body) => Parallel.For(0, count, body), together);
        Assert.Equal(alone, together);

        void Add(HostShare share, double[] to) =>
            DoubleProducts.Add(share, Depth, Row, Size, Row, Size, to, 0, Size);

        void Row(int k, Span<double> row) => values.AsSpan(k * Size, Size).CopyTo(row);
    }

    [Fact]
    public void Leave_what_is_above_the_diagonal_where_it_is_not_wanted()
    {
        const int Size = 20;
        double[] all = new double[Size * Size], lower = new double[Size * Size];
        DoubleProducts.Add(DoubleProducts.Alone, 5, Row, Size, Row, Size, all, 0, Size);
        DoubleProducts.Add(DoubleProducts.Alone, 5, Row, Size, Row, Size, lower, 0, Size, lowerOnly: true);
        for (var i = 0; i < Size; i++)
            Assert.Equal(all[(i * Size)..(i * Size + i + 1)], lower[(i * Size)..(i * Size + i + 1)]);

        static void Row(int k, Span<double> row)
        {
            for (var i = 0; i < row.Length; i++)
                row[i] = Math.Sin(k * 31 + i);
        }
    }
}
