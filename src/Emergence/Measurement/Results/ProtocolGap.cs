using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Measurement.Grid;
using Emergence.Messages;

namespace Emergence.Measurement.Results;

/// <summary>
/// Why a value of the published protocol is not the exact one, by cause, in bits: the parts add up to the gap. The last
/// steps' mean and the frozen critic's value over all pairs of classes are the two points in between.
/// </summary>
/// <param name="Cell">The cell of the value.</param>
/// <param name="Information">The value, and what is known about it.</param>
/// <param name="Trace">What its training left behind.</param>
public sealed record ProtocolGap(Cell Cell, MutualInformation Information, ProtocolTrace Trace)
{
    /// <summary>The reported value less the exact one.</summary>
    public double Bits => Information.MiBits - Information.ExactBits;

    /// <summary>What reporting the largest step adds to the mean of the last ones.</summary>
    public double Maximum => Information.MiBits - Information.LastMeanBits;

    /// <summary>The held-out gap: what a shuffle of the rows adds to all pairs of classes, with the same critic.</summary>
    public double Coincidences => Information.LastMeanBits - Information.HeldOutBits;

    /// <summary>What the critic does not resolve, or has learned of the shuffles; 0 at best.</summary>
    public double Critic => Information.HeldOutBits - Trace.SliceBits;

    /// <summary>What the columns outside the slice would have told; 0 at best.</summary>
    public double Slice => Trace.SliceBits - Information.ExactBits;

    /// <summary>The gaps of all cells of the published protocol that have a value.</summary>
    public static IReadOnlyList<ProtocolGap> Of(RunResults results)
    {
        ArgumentNullException.ThrowIfNull(results);
        if (results.Estimator != PublishedMine.EstimatorName)
            throw new EmergenceException(
                $"the run was measured with {Printable.Escape(results.Estimator)}: only the published protocol (--estimator "
                + $"{PublishedMine.EstimatorName}) has a gap to explain", ExitCode.Usage);
        List<ProtocolGap> gaps = [.. results.Cells.Where(cell => cell.Information.Protocol != null)
            .Select(cell => new ProtocolGap(cell.Cell, cell.Information, cell.Information.Protocol!))];
        return gaps.Count > 0 || results.Cells.All(cell => cell.Information.Failure != null)
            ? gaps
            : throw new EmergenceException("the cells of this run do not say how they came about: measure again, into a new --out");
    }
}
