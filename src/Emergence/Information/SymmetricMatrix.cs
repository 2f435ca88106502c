namespace Emergence.Information;

/// <summary>Covariances and their determinants, for the Gaussian estimator.</summary>
internal static class SymmetricMatrix
{
    /// <summary>Covariance (c, c) of the columns of (N, c) values, divided by N - 1.</summary>
    public static double[] Covariance(ReadOnlySpan<double> values, int columns)
    {
        var rows = values.Length / columns;
        var centred = values.ToArray();
        for (var column = 0; column < columns; column++)
        {
            var mean = 0.0;
            for (var row = 0; row < rows; row++)
                mean += centred[row * columns + column] / rows;
            for (var row = 0; row < rows; row++)
                centred[row * columns + column] -= mean;
        }

        var covariance = new double[columns * columns];
        for (var row = 0; row < rows; row++)
        {
            var values1 = centred.AsSpan(row * columns, columns);
            for (var i = 0; i < columns; i++)
            {
                var target = covariance.AsSpan(i * columns, i + 1);
                for (var j = 0; j <= i; j++)
                    target[j] += values1[i] * values1[j];
            }
        }

        for (var i = 0; i < columns; i++)
        {
            for (var j = 0; j <= i; j++)
                covariance[i * columns + j] = covariance[j * columns + i] = covariance[i * columns + j] / (rows - 1);
        }

        return covariance;
    }

    /// <summary>The part of rows and columns start .. start + count - 1.</summary>
    public static double[] Block(double[] matrix, int size, int start, int count)
    {
        var block = new double[count * count];
        for (var i = 0; i < count; i++)
            matrix.AsSpan((start + i) * size + start, count).CopyTo(block.AsSpan(i * count));
        return block;
    }

    /// <summary>
    /// ln det by Cholesky; NaN where a pivot falls below 1e-10 of its diagonal element: a column is, up to rounding,
    /// a combination of others.
    /// </summary>
    public static double LogDeterminant(double[] matrix, int size)
    {
        var factor = (double[])matrix.Clone();
        var sum = 0.0;
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var value = factor[i * size + j];
                for (var k = 0; k < j; k++)
                    value -= factor[i * size + k] * factor[j * size + k];
                if (i == j && !(value > 1e-10 * matrix[i * size + i]))
                    return double.NaN;
                factor[i * size + j] = i == j ? Math.Sqrt(value) : value / factor[j * size + j];
            }

            sum += 2 * Math.Log(factor[i * size + i]);
        }

        return sum;
    }

    /// <summary>
    /// Share of the mean variance to put in place of the sample covariance: (1 - s) S + s tr(S)/c I (Ledoit and Wolf 2004).
    /// </summary>
    public static double ShrinkageShare(ReadOnlySpan<double> standardised, double[] covariance, int columns)
    {
        var rows = standardised.Length / columns;
        double trace = 0, square = 0;
        for (var i = 0; i < columns; i++)
            trace += covariance[i * columns + i];
        foreach (var value in covariance)
            square += value * value;
        var spread = square - trace * trace / columns; // squared distance of S from its target

        // Mean squared distance of x x' from S: |x|^4 - 2 x'Sx + |S|^2, summed over rows.
        var noise = 0.0;
        for (var row = 0; row < rows; row++)
        {
            var x = standardised.Slice(row * columns, columns);
            double norm = 0, form = 0;
            for (var i = 0; i < columns; i++)
            {
                norm += x[i] * x[i];
                for (var j = 0; j < columns; j++)
                    form += x[i] * covariance[i * columns + j] * x[j];
            }

            noise += norm * norm - 2 * form + square;
        }

        noise /= (double)rows * rows;
        return spread > 0 ? Math.Clamp(noise / spread, 0, 1) : 0;
    }
}
