namespace Emergence.Information.Gaussian;

/// <summary>Covariances and their determinants, for the Gaussian estimator.</summary>
internal static class SymmetricMatrix
{
    /// <summary>A pivot below this share of its diagonal element is rounding: the column is a combination of others.</summary>
    private const double Singular = 1e-10;

    /// <summary>Covariance (c, c) of the columns of (K, c) values that occur so often, N times in all, divided by N - 1.</summary>
    public static double[] Covariance(ReadOnlySpan<double> values, int columns, ReadOnlySpan<int> counts)
    {
        var (rows, total) = (counts.Length, 0.0);
        foreach (var count in counts)
            total += count;
        var centred = values.ToArray();
        for (var column = 0; column < columns; column++)
        {
            var mean = 0.0;
            for (var row = 0; row < rows; row++)
                mean += counts[row] * centred[row * columns + column] / total;
            for (var row = 0; row < rows; row++)
                centred[row * columns + column] -= mean;
        }

        var covariance = new double[columns * columns];
        for (var row = 0; row < rows; row++)
        {
            var own = centred.AsSpan(row * columns, columns);
            for (var i = 0; i < columns; i++)
            {
                var part = covariance.AsSpan(i * columns, i + 1);
                var factor = counts[row] * own[i];
                for (var j = 0; j <= i; j++)
                    part[j] += factor * own[j];
            }
        }

        for (var i = 0; i < columns; i++)
        {
            for (var j = 0; j <= i; j++)
                covariance[i * columns + j] = covariance[j * columns + i] = covariance[i * columns + j] / (total - 1);
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

    /// <summary>The lower Cholesky factor; null if a column is, up to rounding, a combination of others.</summary>
    public static double[]? Factor(double[] matrix, int size)
    {
        var factor = (double[])matrix.Clone();
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var value = factor[i * size + j];
                for (var k = 0; k < j; k++)
                    value -= factor[i * size + k] * factor[j * size + k];
                if (i == j && !(value > Singular * matrix[i * size + i]))
                    return null;
                factor[i * size + j] = i == j ? Math.Sqrt(value) : value / factor[j * size + j];
            }
        }

        return factor;
    }

    /// <summary>ln det of the matrix with this factor.</summary>
    public static double LogDeterminant(double[] factor, int size)
    {
        var sum = 0.0;
        for (var i = 0; i < size; i++)
            sum += 2 * Math.Log(factor[i * size + i]);
        return sum;
    }

    /// <summary>z' C^-1 z of the matrix with this factor.</summary>
    public static double SquaredLength(double[] factor, int size, ReadOnlySpan<double> z)
    {
        var (whitened, sum) = (new double[size], 0.0);
        for (var i = 0; i < size; i++)
        {
            var value = z[i];
            for (var k = 0; k < i; k++)
                value -= factor[i * size + k] * whitened[k];
            whitened[i] = value / factor[i * size + i];
            sum += whitened[i] * whitened[i];
        }

        return sum;
    }

    /// <summary>x with C x = b of the matrix with this factor.</summary>
    public static double[] Solve(double[] factor, int size, ReadOnlySpan<double> b)
    {
        var x = b.ToArray();
        for (var i = 0; i < size; i++)
        {
            for (var k = 0; k < i; k++)
                x[i] -= factor[i * size + k] * x[k];
            x[i] /= factor[i * size + i];
        }

        for (var i = size - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < size; k++)
                x[i] -= factor[k * size + i] * x[k];
            x[i] /= factor[i * size + i];
        }

        return x;
    }

    /// <summary>Columns that are, beyond rounding, no combination of the columns before them.</summary>
    public static int Rank(double[] matrix, int size)
    {
        var factor = (double[])matrix.Clone();
        var kept = new List<int>();
        for (var i = 0; i < size; i++)
        {
            foreach (var j in kept)
            {
                for (var k = 0; k < kept.Count && kept[k] < j; k++)
                    factor[i * size + j] -= factor[i * size + kept[k]] * factor[j * size + kept[k]];
                factor[i * size + j] /= factor[j * size + j];
            }

            var rest = matrix[i * size + i];
            foreach (var j in kept)
                rest -= factor[i * size + j] * factor[i * size + j];
            if (!(rest > Singular * matrix[i * size + i]))
                continue;
            factor[i * size + i] = Math.Sqrt(rest);
            kept.Add(i);
        }

        return kept.Count;
    }

    /// <summary>
    /// Share of the mean variance to put in place of the sample covariance: (1 - s) S + s tr(S)/c I (Ledoit and Wolf 2004).
    /// </summary>
    public static double ShrinkageShare(ReadOnlySpan<double> standardised, double[] covariance, int columns, ReadOnlySpan<int> counts)
    {
        var (rows, total) = (counts.Length, 0.0);
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

            noise += counts[row] * (norm * norm - 2 * form + square);
            total += counts[row];
        }

        noise /= total * total;
        return spread > 0 ? Math.Clamp(noise / spread, 0, 1) : 0;
    }
}
