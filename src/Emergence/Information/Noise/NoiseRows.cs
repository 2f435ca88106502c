using Emergence.Information.Exact;

namespace Emergence.Information.Noise;

/// <summary>The states of a side in units of the noise: what sigma times a standard normal is added to.</summary>
internal static class NoiseRows
{
    /// <summary>(K, d), centred; null if all are the same in these units, so that nothing is told apart.</summary>
    public static float[]? Of(RowClasses classes, NoiseScale scale)
    {
        var (count, columns) = (classes.Count, classes.Columns);
        if (count == 1)
            return null;
        var sizes = scale == NoiseScale.Normed ? Sizes(classes) : null;
        var (means, variances, rows) = (new double[columns], new double[columns], new float[checked(count * columns)]);
        for (var k = 0; k < count; k++)
        {
            var row = Row(k);
            var (size, weight) = (Size(k), classes.Weights[k]);
            for (var column = 0; column < row.Length; column++)
                means[column] += weight * (row[column] / size);
        }

        for (var k = 0; k < count; k++)
        {
            var row = Row(k);
            var to = rows.AsSpan(k * columns, columns);
            var (size, weight) = (Size(k), classes.Weights[k]);
            for (var column = 0; column < row.Length; column++)
            {
                var difference = row[column] / size - means[column];
                to[column] = (float)difference;
                variances[column] += weight * difference * difference;
            }
        }

        var square = variances.Average();
        if (!(square > 0))
            return null;
        var units = scale switch
        {
            NoiseScale.Isotropic => [.. variances.Select(_ => Math.Sqrt(square))],
            NoiseScale.Column => [.. variances.Select(variance => variance > 0 ? Math.Sqrt(variance) : 1)],
            _ => (double[]?)null,
        };
        for (var k = 0; units != null && k < count; k++)
        {
            var row = rows.AsSpan(k * columns, columns);
            for (var column = 0; column < row.Length; column++)
                row[column] = (float)(row[column] / units[column]);
        }

        return rows;

        ReadOnlySpan<float> Row(int k) => classes.Rows.Slice(k * columns, columns);

        double Size(int k) => sizes?[k] ?? 1;
    }

    /// <summary>(K): root mean square of each state; 1 of one that is zero.</summary>
    private static double[] Sizes(RowClasses classes)
    {
        var sizes = new double[classes.Count];
        for (var k = 0; k < sizes.Length; k++)
        {
            var sum = 0.0;
            foreach (var value in classes.Rows.Slice(k * classes.Columns, classes.Columns))
                sum += (double)value * value;
            sizes[k] = sum > 0 ? Math.Sqrt(sum / classes.Columns) : 1;
        }

        return sizes;
    }
}
