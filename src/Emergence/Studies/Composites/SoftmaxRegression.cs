using Emergence.Devices;

namespace Emergence.Studies.Composites;

/// <summary>
/// Multinomial logistic regression on standardised features: the minimum of mean cross-entropy + l2/2 |W|^2, where biases are
/// free. The loss is convex; L-BFGS goes on until the gradient proves that it is at most 1e-9 above its minimum.
/// </summary>
internal sealed class SoftmaxRegression
{
    private const int MostSteps = 5_000;
    private const int Memory = 20;

    /// <summary>Nats that the loss may be above its minimum: |gradient|^2 / (2 l2) bounds them, as W is curved by l2 at least.</summary>
    private const double Excess = 1e-9;

    private readonly int _columns;
    private readonly int _classes;
    private readonly double[] _means;
    private readonly double[] _scales;
    private readonly double[] _weights;

    private SoftmaxRegression(int classes, double[] means, double[] scales, double[] weights, double loss)
    {
        (_classes, _means, _scales, _weights) = (classes, means, scales, weights);
        (_columns, Loss) = (means.Length, loss);
    }

    /// <summary>Mean cross-entropy + l2/2 |W|^2 of the examples.</summary>
    public double Loss { get; }

    /// <param name="examples">(n, p).</param>
    /// <param name="labels">(n), each below <paramref name="classes"/>.</param>
    /// <param name="classes">K.</param>
    /// <param name="l2">Above 0.</param>
    /// <param name="cancellation">Ends the search.</param>
    public static SoftmaxRegression Fit(double[][] examples, int[] labels, int classes, double l2, CancellationToken cancellation = default)
    {
        var (n, p) = (examples.Length, examples[0].Length);
        var (means, scales) = Standards(examples);
        var x = new double[n * p];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < p; j++)
                x[i * p + j] = (examples[i][j] - means[j]) * scales[j];
        }

        var (weights, loss) = LimitedMemory.Minimise(new double[classes * (p + 1)], Evaluate, Math.Sqrt(2 * l2 * Excess), Memory,
            MostSteps, cancellation);
        return new(classes, means, scales, weights, loss);

        double Evaluate(double[] at, double[] slope)
        {
            Array.Clear(slope);
            var (sum, scores) = (0.0, new double[classes]);
            for (var i = 0; i < n; i++)
            {
                var row = x.AsSpan(i * p, p);
                sum -= LogProbabilities(at, row, scores)[labels[i]];
                for (var c = 0; c < classes; c++)
                {
                    var pull = (Math.Exp(scores[c]) - (c == labels[i] ? 1 : 0)) / n;
                    DoubleProducts.AddScaled(pull, row, slope.AsSpan(c * p, p));
                    slope[classes * p + c] += pull;
                }
            }

            var flat = at.AsSpan(0, classes * p);
            DoubleProducts.AddScaled(l2, flat, slope.AsSpan(0, classes * p));
            return sum / n + l2 / 2 * DoubleProducts.Dot(flat, flat);
        }
    }

    /// <summary>ln p of every class, (m, K).</summary>
    public double[][] LogProbabilities(double[][] rows)
    {
        var result = new double[rows.Length][];
        var x = new double[_columns];
        for (var i = 0; i < rows.Length; i++)
        {
            for (var j = 0; j < _columns; j++)
                x[j] = (rows[i][j] - _means[j]) * _scales[j];
            result[i] = LogProbabilities(_weights, x, new double[_classes]);
        }

        return result;
    }

    private static double[] LogProbabilities(double[] weights, ReadOnlySpan<double> x, double[] scores)
    {
        var (p, classes, most) = (x.Length, scores.Length, double.NegativeInfinity);
        for (var c = 0; c < classes; c++)
        {
            scores[c] = DoubleProducts.Dot(x, weights.AsSpan(c * p, p)) + weights[classes * p + c];
            most = Math.Max(most, scores[c]);
        }

        var sum = 0.0;
        for (var c = 0; c < classes; c++)
            sum += Math.Exp(scores[c] - most);
        var partition = most + Math.Log(sum);
        for (var c = 0; c < classes; c++)
            scores[c] -= partition;
        return scores;
    }

    /// <summary>Mean and 1 / SD of every column; a constant column counts for nothing.</summary>
    private static (double[] Means, double[] Scales) Standards(double[][] rows)
    {
        var (means, scales) = (new double[rows[0].Length], new double[rows[0].Length]);
        for (var j = 0; j < means.Length; j++)
        {
            var (sum, squares) = (0.0, 0.0);
            foreach (var row in rows)
                sum += row[j];
            means[j] = sum / rows.Length;
            foreach (var row in rows)
                squares += (row[j] - means[j]) * (row[j] - means[j]);
            var deviation = Math.Sqrt(squares / rows.Length);
            scales[j] = deviation > 1e-12 * Math.Abs(means[j]) ? 1 / deviation : 0;
        }

        return (means, scales);
    }
}
