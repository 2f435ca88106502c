using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Information.Critics;

namespace Emergence.Information.Canonical;

/// <summary>
/// Parameters of a critic that is a distance in canonical coordinates: T = -(a weighted sum of |Q D (z - z')|) with a random
/// rotation Q and the reliabilities D of the pairs. The half of the first layer that is +Q D (z - z') and the half that is its
/// negative make the absolute values; the other layers are magnitudes of the usual draw, the last one negative.
/// </summary>
internal static class CanonicalStart
{
    /// <summary>Correlations beyond are as good as 0 and 1.</summary>
    private const double LeastCorrelation = 1e-3, MostCorrelation = 0.9999;

    /// <summary>Halves of powers of two that the distance may be scaled by.</summary>
    private const int FirstPower = -16, LastPower = 9;

    public static float[] Parameters(CriticShape shape, IReadOnlyList<double> correlations, ulong seed, uint cell)
    {
        var parameters = CriticInitialization.Xavier(shape, seed, cell);
        var (columns, half) = (shape.XColumns, shape.Widths[0] / 2);
        var rotation = Rotation(columns, half, new RandomSequence(seed, cell, RandomStream.Start));
        var reliabilities = correlations.Select(Reliability).ToArray();
        for (var i = 0; i < half; i++)
        {
            for (var c = 0; c < columns; c++)
            {
                var value = (float)(rotation[c][i] * reliabilities[c] / reliabilities[0]);
                var (plus, minus) = (i * 2 * columns, (half + i) * 2 * columns);
                (parameters[plus + c], parameters[plus + columns + c]) = (value, -value);
                (parameters[minus + c], parameters[minus + columns + c]) = (-value, value);
            }
        }

        var next = shape.Widths[0] * (2 * columns + 1);
        for (var layer = 1; layer < shape.Layers; layer++)
        {
            var weights = parameters.AsSpan(next, shape.Widths[layer] * shape.InputColumns(layer));
            var sign = layer == shape.Layers - 1 ? -1 : 1;
            foreach (ref var weight in weights)
                weight = sign * Math.Abs(weight);
            next += weights.Length + shape.Widths[layer];
        }

        return parameters;
    }

    /// <summary>
    /// Scales the last layer by what makes the objective largest over the given pairs, and says that value in bits. Biases are
    /// zero still, so that the score is scaled as the weights are.
    /// </summary>
    /// <param name="shape">The critic.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="parts">What the scale is judged by: the scores that these parameters give.</param>
    /// <returns>The value, and what part of the partition off the support is that of near pairs; all if none are known.</returns>
    public static (double Bits, double NearShare) Scale(CriticShape shape, Span<float> parameters, IReadOnlyList<ScoredPairs> parts)
    {
        var nearest = parts.Max(part => part.Scores.Max());

        // The objective is concave in the scale: a line less a sum of exponentials' logarithm.
        var (low, high) = (FirstPower, LastPower);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            (low, high) = Bits(middle + 1) > Bits(middle) ? (middle + 1, high) : (low, middle);
        }

        foreach (ref var weight in parameters.Slice(parameters.Length - shape.InputColumns(shape.Layers - 1) - 1,
            shape.InputColumns(shape.Layers - 1)))
            weight *= (float)Factor(low);
        return (Bits(low), NearShare());

        double NearShare()
        {
            var (ofNear, all) = (0.0, 0.0);
            foreach (var (part, scores, near) in parts)
            {
                if (near == null)
                    return 1;
                for (var i = 0; i < part.Length; i++)
                {
                    if (part[i].Joint > 0)
                        continue;
                    var value = part[i].Product * Math.Exp(Factor(low) * (scores[i] - nearest));
                    all += value;
                    ofNear += near.Holds(part[i].A, part[i].B) ? value : 0;
                }
            }

            return all > 0 ? ofNear / all : 1;
        }

        static double Factor(int power) => Math.Pow(2, power / 2.0);

        double Bits(int power)
        {
            var (scale, joint, partition) = (Factor(power), 0.0, 0.0);
            foreach (var (part, scores, _) in parts)
            {
                for (var i = 0; i < part.Length; i++)
                {
                    joint += part[i].Joint * scale * (scores[i] - nearest);
                    partition += part[i].Product * Math.Exp(scale * (scores[i] - nearest));
                }
            }

            return (joint - Math.Log(partition)) / Math.Log(2);
        }
    }

    /// <summary>sqrt(r / (1 - r^2)): how far apart two values of a pair are, in units of what their partners vary by.</summary>
    public static double Reliability(double correlation)
    {
        var r = Math.Clamp(correlation, LeastCorrelation, MostCorrelation);
        return Math.Sqrt(r / (1 - r * r));
    }

    /// <summary>Columns of length 1 at right angles; if there are more columns than rows, only random ones.</summary>
    private static double[][] Rotation(int columns, int rows, RandomSequence random)
    {
        var made = new double[columns][];
        for (var c = 0; c < columns; c++)
        {
            var column = made[c] = [.. Enumerable.Range(0, rows).Select(_ => random.NextNormal())];
            for (var pass = 0; pass < 2 && columns <= rows; pass++)
            {
                for (var before = 0; before < c; before++)
                    DoubleProducts.AddScaled(-DoubleProducts.Dot(column, made[before]), made[before], column);
            }

            var scale = 1 / (columns <= rows ? Math.Sqrt(DoubleProducts.Dot(column, column)) : Math.Sqrt(columns));
            made[c] = [.. column.Select(value => value * scale)];
        }

        return made;
    }
}
