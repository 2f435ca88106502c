using System.Numerics;
using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Information;

/// <summary>
/// "noisy-channel": I(a; h_a + s Z) of the classes a of y with standard normal Z, s = sigma times the root mean square of
/// the column-centred y. The mixture's density is known, so a Monte-Carlo mean over Z is exact up to its standard error:
/// I = -E ln sum_b w_b exp(z.(u_b - u_a) - |u_b - u_a|^2 / 2), u = h / s. Falls with sigma and never exceeds H(a).
/// </summary>
internal sealed class NoisyChannel : Estimator
{
    /// <summary>Draws of (a, z); every sigma sees the same.</summary>
    private const int Draws = 4096;

    /// <summary>Draws whose products with all classes are held at once.</summary>
    private const int DrawsAtOnce = 256;

    internal const string EstimatorName = "noisy-channel";

    public override string Name => EstimatorName;

    public override string Description => "information of y's classes that is left after normal noise as large as y itself (sigma 1)";

    public override bool IsRandom => true;

    /// <summary>One value for each sigma, with the standard error of the Monte-Carlo mean.</summary>
    public static IReadOnlyList<BitsEstimate> Curve(Device device, RowClasses classes, IReadOnlyList<double> sigmas, ulong seed, uint cell)
    {
        if (classes.Count == 1)
            return [.. sigmas.Select(sigma => new BitsEstimate(Label(sigma), 0, 0))];
        var centred = Centre(classes, out var scale);
        var random = new RandomSequence(seed, cell, RandomStream.Resampling);
        var drawn = Systematic(classes.Weights, random.NextDouble());
        var sums = sigmas.Select(_ => new List<double>(Draws)).ToArray();
        var (columns, weights) = (classes.Columns, classes.Weights.ToArray());
        using var h = device.Allocate(classes.Count, columns);
        using var z = device.Allocate(DrawsAtOnce, columns);
        using var products = device.Allocate(DrawsAtOnce, classes.Count);
        device.Upload(centred, h);
        var (noise, dots) = (new float[DrawsAtOnce * columns], new double[DrawsAtOnce * classes.Count]);
        for (var start = 0; start < Draws; start += DrawsAtOnce)
        {
            for (var i = 0; i < noise.Length; i++)
                noise[i] = (float)random.NextNormal();
            device.Upload(noise, z);
            device.MatMul(z, h, products, transposeB: true);
            device.Download(products, dots);
            var nats = new double[DrawsAtOnce, sigmas.Count];
            Parallel.For(0, DrawsAtOnce, draw => Read(centred, columns, weights, dots.AsSpan(draw * classes.Count, classes.Count),
                drawn[start + draw], sigmas, scale, nats, draw));
            for (var draw = 0; draw < DrawsAtOnce; draw++)
            {
                for (var i = 0; i < sigmas.Count; i++)
                    sums[i].Add(nats[draw, i] / Math.Log(2));
            }
        }

        var most = Entropy.Bits(classes.Weights, 1);
        return [.. sigmas.Select((sigma, i) => new BitsEstimate(Label(sigma), Math.Clamp(sums[i].Average(), 0, most),
            SeedSpread.StandardDeviation(sums[i]) / Math.Sqrt(Draws)))];
    }

    internal override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs)
    {
        var joint = request.Joint;
        if (joint.Y.NonFinite > 0)
            return new FinishedEstimation(Fail(request, $"{joint.Y.NonFinite} inputs are not finite"));
        var value = Curve(device, joint.Y, [1.0], request.Seed, request.Cell)[0];
        return new FinishedEstimation(Describe(request, value.Bits) with { SamplingErrorBits = value.StandardError });
    }

    private static string Label(double sigma) => FormattableString.Invariant($"sigma {sigma:0.####}");

    /// <summary>What one draw says at every sigma, in nats.</summary>
    private static void Read(float[] rows, int columns,
        ReadOnlySpan<double> weights, ReadOnlySpan<double> dots, int own, IReadOnlyList<double> sigmas, double scale, double[,] nats,
        int draw)
    {
        var (distances, exponents) = (new double[weights.Length], new double[weights.Length]);
        for (var other = 0; other < distances.Length; other++)
            distances[other] = SquaredDistance(rows.AsSpan(own * columns, columns), rows.AsSpan(other * columns, columns));
        for (var i = 0; i < sigmas.Count; i++)
        {
            var s = sigmas[i] * scale;
            var (largest, sum) = (double.NegativeInfinity, 0.0);
            for (var other = 0; other < exponents.Length; other++)
            {
                exponents[other] = Math.Log(weights[other]) + (dots[other] - dots[own]) / s - distances[other] / (2 * s * s);
                largest = Math.Max(largest, exponents[other]);
            }

            foreach (var exponent in exponents)
                sum += Math.Exp(exponent - largest);
            nats[draw, i] = -largest - Math.Log(sum);
        }
    }

    /// <summary>By differences: the products of two far rows that lie close together would cancel.</summary>
    private static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var (sums, sum, i) = (Vector<float>.Zero, 0.0, 0);
        for (; i <= a.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var difference = new Vector<float>(a[i..]) - new Vector<float>(b[i..]);
            sums += difference * difference;
        }

        for (; i < a.Length; i++)
            sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        return sum + Vector.Sum(sums);
    }

    /// <summary>(K, d) minus the weighted column means, and the root mean square of what is left.</summary>
    private static float[] Centre(RowClasses classes, out double scale)
    {
        var (columns, square) = (classes.Columns, 0.0);
        var centred = new float[classes.Count * columns];
        for (var column = 0; column < columns; column++)
        {
            var mean = 0.0;
            for (var k = 0; k < classes.Count; k++)
                mean += classes.Weights[k] * classes.Rows[k * columns + column];
            for (var k = 0; k < classes.Count; k++)
            {
                var difference = classes.Rows[k * columns + column] - mean;
                centred[k * columns + column] = (float)difference;
                square += classes.Weights[k] * difference * difference;
            }
        }

        scale = Math.Sqrt(square / columns);
        return centred;
    }

    /// <summary>Classes at evenly spaced places of the summed weights: each as often as its weight says, to one draw.</summary>
    private static int[] Systematic(ReadOnlySpan<double> weights, double offset)
    {
        var (drawn, k, end) = (new int[Draws], 0, weights[0]);
        for (var i = 0; i < Draws; i++)
        {
            while ((i + offset) / Draws >= end && k < weights.Length - 1)
                end += weights[++k];
            drawn[i] = k;
        }

        return drawn;
    }
}
