using Emergence.Capture;
using Emergence.Information;
using Emergence.Information.Noise;

namespace Emergence.Measurement.Grid;

/// <summary>One value of the grid: the information between boundaries l and l+1 at one position.</summary>
/// <param name="Kind">Whole sequences, or every token alone.</param>
/// <param name="Boundary">l.</param>
/// <param name="Position">t, from 0.</param>
/// <param name="Estimator">A row of <see cref="EstimatorTable"/>.</param>
/// <param name="Seed">Key of all its random numbers.</param>
public readonly record struct Cell(CaptureKind Kind, int Boundary, int Position, string Estimator, ulong Seed) : IComparable<Cell>
{
    /// <summary>Order of tables.</summary>
    public int CompareTo(Cell other)
    {
        var order = (Kind, Boundary, Position).CompareTo((other.Kind, other.Boundary, other.Position));
        if (order == 0)
            order = string.CompareOrdinal(Estimator, other.Estimator);
        return order != 0 ? order : Seed.CompareTo(other.Seed);
    }
}

/// <summary>What a cell gave: one line of results.jsonl.</summary>
/// <param name="Cell">Which.</param>
/// <param name="Information">The value and what is needed to judge it.</param>
/// <param name="SamplingError">
/// Standard error of IE(l, T) that comes from the sequences being a sample, in bits, of a macro cell at T-1; 0 for an
/// enumeration and for micro cells.
/// </param>
public sealed record CellResult(Cell Cell, MutualInformation Information, double SamplingError)
{
    /// <summary>
    /// Standard error of IE(l, T) from the draws of noise, in bits, of a macro cell at T-1 that is read through it; NaN of a cell whose
    /// error is not known but by its seeds.
    /// </summary>
    public double EmergenceError => ValueAt(Information.Sigma)?.EmergenceErrorBits ?? double.NaN;

    /// <summary>The cell as one of "noisy-channel"; null if it was not read at this noise.</summary>
    internal CellResult? At(double sigma) => ValueAt(sigma) is { } value
        ? new(Cell with { Estimator = NoisyChannel.EstimatorName }, NoisyChannel.At(Information, value), value.SamplingErrorBits)
        : null;

    private NoiseValue? ValueAt(double sigma) =>
        Information.Noise.Cast<NoiseValue?>().FirstOrDefault(entry => entry!.Value.Sigma == sigma);
}
