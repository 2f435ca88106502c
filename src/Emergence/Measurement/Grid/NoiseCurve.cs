using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Information.Noise;
using Emergence.Models;

namespace Emergence.Measurement.Grid;

/// <summary>What is left of the prefixes after noise.</summary>
/// <param name="Boundary">Whose vectors h are disturbed, 0 .. L.</param>
/// <param name="Position">t, from 0.</param>
/// <param name="Sigma">Of the noise, in units of the root mean square of the centred h.</param>
/// <param name="Bits">I(prefix; h + noise).</param>
/// <param name="StandardErrorBits">Of the Monte-Carlo mean.</param>
/// <param name="PrefixBits">H(prefix), the most there is.</param>
public readonly record struct NoisePoint(int Boundary, int Position, double Sigma, double Bits, double StandardErrorBits,
    double PrefixBits);

/// <summary>
/// The noisy-channel curves of a model: how large a disturbance its states bear before prefixes become confused. The exact
/// information does not tell models apart, this does.
/// </summary>
public static class NoiseCurve
{
    /// <summary>Antithetic pairs of draws of a curve.</summary>
    private const int Pairs = 2048;

    /// <summary>1/32 to 32 in steps of two.</summary>
    public static IReadOnlyList<double> DefaultSigmas { get; } = [.. Enumerable.Range(-5, 11).Select(power => Math.Pow(2, power))];

    /// <summary>After the first block, half of them, and the last.</summary>
    public static IReadOnlyList<int> DefaultBoundaries(int layers) => [.. new SortedSet<int> { 1, (layers + 1) / 2, layers }];

    /// <param name="model">Runs the prefixes.</param>
    /// <param name="data">The sequences.</param>
    /// <param name="boundaries">E.g. "1,4,8-10"; none: the default ones.</param>
    /// <param name="positions">The same for positions; none: the last one.</param>
    /// <param name="noise">Sizes and their units.</param>
    /// <param name="seed">Key of the noise.</param>
    /// <param name="cancellation">Ends the work soon.</param>
    public static IEnumerable<NoisePoint> Measure(LanguageModel model, Dataset data, string? boundaries, string? positions,
        NoiseSettings noise, ulong seed, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(noise);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        var at = boundaries == null ? DefaultBoundaries(model.Layers)
            : CellGrid.Parse("boundary", boundaries, model.Layers + 1, $"the model has boundaries 0 to {model.Layers}");
        var tokens = positions == null ? [data.Length - 1]
            : CellGrid.Parse("position", positions, data.Length, $"a sequence of the data has {data.Length} tokens");
        return Measure(model, data, at, tokens, noise, seed, cancellation);
    }

    private static IEnumerable<NoisePoint> Measure(
        LanguageModel model, Dataset data, IReadOnlyList<int> boundaries, int[] positions, NoiseSettings noise, ulong seed,
        CancellationToken cancellation)
    {
        var passes = new MacroMicroPasses(data, model.Config, MicroPosition.Zero);
        var draws = new NoiseDraws(seed, 0, model.Width, Pairs);
        using var stream = new BoundaryStream(model, passes.MacroForest);
        using var mixture = new NoiseMixture(model.Device, draws, noise.Scale);
        foreach (var boundary in stream.Run(cancellation))
        {
            foreach (var position in boundaries.Contains(boundary.Index) ? positions : [])
            {
                cancellation.ThrowIfCancellationRequested();
                var classes = passes.Macro[position].Classes(model.Device, boundary.Rows);
                if (classes.NonFinite > 0)
                    throw new EmergenceException(
                        $"boundary {boundary.Index}, position {position}: {classes.NonFinite} values are not finite");
                foreach (var value in mixture.Read(classes, draws.Places(classes.Weights), noise.Sigmas).Values)
                    yield return new(boundary.Index, position, value.Sigma, value.Bits, value.StandardErrorBits, data.PrefixBits[position]);
            }

            if (boundary.Index >= boundaries[^1])
                yield break;
        }
    }
}
