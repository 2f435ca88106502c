using System.Text.Json.Serialization;

namespace Emergence.Information.Canonical;

/// <summary>What a training from canonical coordinates started with, and how it went on.</summary>
/// <param name="StartBits">Value of the critic before any step, over pairs of its own.</param>
/// <param name="BackOffs">How often training fell under what it had, went back there and on at a lower rate.</param>
/// <param name="Pairs">Canonical pairs that the critic reads.</param>
/// <param name="FirstCorrelation">Canonical correlation of the first pair.</param>
/// <param name="LastCorrelation">Canonical correlation of the last pair.</param>
/// <param name="MultiplyAdds">Work of the decomposition, which the seeds of a cell share, and a whitened side its two cells.</param>
/// <param name="X">Side x.</param>
/// <param name="Y">Side y.</param>
public sealed record CanonicalTrace(double StartBits, int BackOffs, int Pairs, double FirstCorrelation, double LastCorrelation,
    double MultiplyAdds, WhitenedSide X, WhitenedSide Y);

/// <summary>How one side was whitened.</summary>
/// <param name="Coordinates">Directions kept.</param>
/// <param name="Dropped">Columns that are, beyond rounding, combinations of others.</param>
/// <param name="Ties">Directions kept that are below rounding but alone tell classes apart.</param>
[method: JsonConstructor]
public readonly record struct WhitenedSide(int Coordinates, int Dropped, int Ties);
