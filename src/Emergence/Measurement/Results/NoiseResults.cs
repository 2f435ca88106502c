using Emergence.Information;
using Emergence.Information.Statistics;

namespace Emergence.Measurement.Results;

/// <summary>The size of the noise at which half of the exact value is gone, between points by a straight line over log sigma.</summary>
/// <param name="Sigma">0: less is left at the least noise read; infinite: more is left at the largest; NaN: nothing to halve.</param>
/// <param name="Low">From the lower ends of the values' intervals.</param>
/// <param name="High">From their upper ends.</param>
public readonly record struct HalfNoise(double Sigma, double Low, double High)
{
    // Of less there is no half to speak of.
    private const double LeastBits = 0.05;

    /// <summary>The least and the largest noise read.</summary>
    public (double Least, double Largest) Read { get; private init; }

    internal static HalfNoise Of(IReadOnlyList<(double Sigma, Interval Bits)> curve, double exactBits) =>
        exactBits < LeastBits || curve.Count == 0 ? new(double.NaN, double.NaN, double.NaN)
        : new(Crossing(curve, exactBits / 2, bits => bits.Mean), Crossing(curve, exactBits / 2, bits => bits.Low),
            Crossing(curve, exactBits / 2, bits => bits.High)) { Read = (curve[0].Sigma, curve[^1].Sigma) };

    /// <summary>The first sigma from below at which the curve is under the level.</summary>
    private static double Crossing(IReadOnlyList<(double Sigma, Interval Bits)> curve, double level, Func<Interval, double> end)
    {
        for (var i = 0; i < curve.Count; i++)
        {
            var here = end(curve[i].Bits);
            if (here >= level)
                continue;
            if (i == 0)
                return 0;
            var before = end(curve[i - 1].Bits);
            var (from, to) = (Math.Log2(curve[i - 1].Sigma), Math.Log2(curve[i].Sigma));
            return Math.Pow(2, from + (before - level) / (before - here) * (to - from));
        }

        return double.PositiveInfinity;
    }
}

/// <summary>
/// What noise leaves of IE(l, T): the two numbers of a layer, and the limit that they start from, which is the exact IE wherever a layer's
/// input tells as much as its output; boundary 0 knows only its own token.
/// </summary>
/// <param name="Boundary">l.</param>
/// <param name="Tokens">T.</param>
/// <param name="AtOne">IE at sigma 1 with its 95 % interval.</param>
/// <param name="Half">The noise that halves it.</param>
/// <param name="LimitBits">IE without noise.</param>
/// <param name="Verdict">The worst of the cells at sigma 1.</param>
public sealed record NoiseRow(int Boundary, int Tokens, Interval AtOne, HalfNoise Half, double LimitBits, Verdict Verdict);

/// <summary>E(T) through noise, the mean of IE over the layers.</summary>
/// <param name="Tokens">T.</param>
/// <param name="AtOne">E(T) at sigma 1 with its 95 % interval.</param>
/// <param name="Half">The noise that halves E(T).</param>
/// <param name="LimitBits">E(T) without noise.</param>
/// <param name="SdLayers">SD over layers of IE at sigma 1: a property of the model.</param>
/// <param name="GainBits">What the shot that ends here adds at sigma 1; NaN if none ends.</param>
/// <param name="Verdict">The worst of the layers'.</param>
public sealed record NoiseMean(int Tokens, Interval AtOne, HalfNoise Half, double LimitBits, double SdLayers, double GainBits,
    Verdict Verdict);

/// <summary>A run read through noise.</summary>
public sealed class NoiseResults
{
    private readonly SortedDictionary<double, RunResults> _all = [];
    private readonly List<(double Sigma, Dictionary<(int Boundary, int Tokens), Interval> Bits)> _curves;

    public NoiseResults(RunResults run)
    {
        ArgumentNullException.ThrowIfNull(run);
        foreach (var sigma in run.Cells.SelectMany(cell => cell.Information.Noise).Select(value => value.Sigma).Distinct())
            _all[sigma] = run.At(sigma);
        _curves = [.. _all.Select(entry =>
            (entry.Key, entry.Value.Emergence.ToDictionary(row => (row.Boundary, row.Tokens), row => row.Bits)))];
        RemainderBits = run.Cells.SelectMany(cell => cell.Information.Noise).Select(value => value.RemainderBits).DefaultIfEmpty(0).Max();
        Shown = [.. run.Sigmas.Where(_all.ContainsKey)];
        if (!_all.TryGetValue(NoisyChannel.Sigma, out var one))
            return;
        One = one;
        Rows = [.. one.Emergence.Select(row => new NoiseRow(row.Boundary, row.Tokens, row.Bits,
            HalfNoise.Of(Curve(row.Boundary, row.Tokens), row.ExactBits), row.ExactBits, row.Verdict))];
        Means = [.. one.Means.Select(mean => new NoiseMean(mean.Tokens, mean.Bits, HalfNoise.Of(Curve(mean.Tokens), mean.ExactBits),
            mean.ExactBits, mean.SdLayers, mean.GainBits, mean.Verdict))];
    }

    /// <summary>Whether there is IE to show through noise.</summary>
    public bool HasEmergence => Means.Count > 0;

    /// <summary>The sizes that were asked for, rising.</summary>
    public IReadOnlyList<double> Shown { get; }

    /// <summary>The run at sigma 1; null if it was not read through noise.</summary>
    public RunResults? One { get; }

    /// <summary>By boundary and tokens.</summary>
    public IReadOnlyList<NoiseRow> Rows { get; } = [];

    /// <summary>By tokens.</summary>
    public IReadOnlyList<NoiseMean> Means { get; } = [];

    /// <summary>Largest part of a value that classes out of reach may hold, in bits.</summary>
    public double RemainderBits { get; }

    public RunResults At(double sigma) => _all[sigma];

    /// <summary>IE(l, T) over sigma.</summary>
    public IReadOnlyList<(double Sigma, Interval Bits)> Curve(int boundary, int tokens) => [.. _curves
        .Where(entry => entry.Bits.ContainsKey((boundary, tokens))).Select(entry => (entry.Sigma, entry.Bits[(boundary, tokens)]))];

    /// <summary>E(T) over sigma.</summary>
    public IReadOnlyList<(double Sigma, Interval Bits)> Curve(int tokens) => [.. _all
        .Select(entry => (entry.Key, Mean: entry.Value.Means.FirstOrDefault(mean => mean.Tokens == tokens)))
        .Where(entry => entry.Mean != null).Select(entry => (entry.Key, entry.Mean!.Bits))];
}
