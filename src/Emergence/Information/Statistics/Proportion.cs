namespace Emergence.Information.Statistics;

/// <summary>A share of trials that succeeded, with its 95 % interval by score (Wilson 1927), which stays between 0 and 1.</summary>
/// <param name="Hits">Trials that succeeded.</param>
/// <param name="Trials">All, above 0.</param>
internal readonly record struct Proportion(long Hits, long Trials)
{
    public double Share => (double)Hits / Trials;

    public double Low => Centre - Half;

    public double High => Centre + Half;

    private static double Square => Intervals.Normal * Intervals.Normal;

    private double Centre => (Hits + Square / 2) / (Trials + Square);

    private double Half => Intervals.Normal / (Trials + Square) * Math.Sqrt(Share * (1 - Share) * Trials + Square / 4);
}
