using Emergence.Information.Exact;

namespace Emergence.Information.Statistics;

/// <summary>A mean with its 95 % interval. NaN bounds: one seed says nothing about the spread.</summary>
/// <param name="Mean">Over the seeds.</param>
/// <param name="Low">Lower bound.</param>
/// <param name="High">Upper bound.</param>
/// <param name="SdSeeds">SD over the seeds; NaN of one.</param>
/// <param name="SamplingError">Standard error from the data being a sample; 0 for an enumeration.</param>
public readonly record struct Interval(double Mean, double Low, double High, double SdSeeds, double SamplingError);

/// <summary>
/// Intervals of information emergence. The cells of one seed share sequences and random streams, so the difference is
/// taken within a seed first.
/// </summary>
public static class Intervals
{
    private const double Inside = 0.95;

    /// <summary>z: the standard normal lies between -z and z with 95 %.</summary>
    internal const double Normal = 1.959963984540054;

    /// <summary>mean +- sqrt((t SD / sqrt S)^2 + (z SE)^2), with Student's t of S - 1 degrees of freedom.</summary>
    /// <param name="seeds">S values, one a seed.</param>
    /// <param name="samplingError">SE of <see cref="SamplingError"/>; 0 for an enumeration.</param>
    public static Interval OfSeeds(IReadOnlyList<double> seeds, double samplingError)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        var mean = seeds.Average();
        if (seeds.Count == 1)
            return new(mean, double.NaN, double.NaN, double.NaN, samplingError);
        var deviation = StandardDeviation.Of(seeds);
        var half = double.Hypot(StudentT(seeds.Count - 1) * deviation / Math.Sqrt(seeds.Count), Normal * samplingError);
        return new(mean, mean - half, mean + half, deviation, samplingError);
    }

    /// <summary>Of a value in which nothing is random but the sample.</summary>
    public static Interval OfExact(double value, double samplingError) =>
        new(value, value - Normal * samplingError, value + Normal * samplingError, 0, samplingError);

    /// <summary>mean +- z sqrt(sum SE_s^2 / S^2 + SE^2): of seeds whose own errors are known.</summary>
    /// <param name="seeds">S values, one a seed.</param>
    /// <param name="errors">Standard error of each, from what its seed draws.</param>
    /// <param name="samplingError">As of <see cref="OfSeeds"/>.</param>
    public static Interval OfKnown(IReadOnlyList<double> seeds, IReadOnlyList<double> errors, double samplingError)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        var own = Math.Sqrt(errors.Sum(error => error * error)) / seeds.Count;
        var (mean, half) = (seeds.Average(), Normal * double.Hypot(own, samplingError));
        return new(mean, mean - half, mean + half, seeds.Count > 1 ? StandardDeviation.Of(seeds) : double.NaN,
            double.Hypot(own, samplingError));
    }

    /// <summary>SD_n(phi_n) / sqrt(N) over N rows.</summary>
    /// <param name="phi">
    /// phi of each distinct row n: i_ma(n) - (1/T) sum_t i_mi-t(n), with i of <see cref="JointClasses.UnitInformation"/>.
    /// </param>
    /// <param name="counts">How often each row occurs; N is their sum.</param>
    public static double SamplingError(ReadOnlySpan<double> phi, ReadOnlySpan<double> counts)
    {
        if (phi.Length != counts.Length || phi.Length == 0)
            throw new ArgumentException($"expected as many counts as values, found {counts.Length} and {phi.Length}");
        var (total, sum) = (0.0, 0.0);
        for (var n = 0; n < phi.Length; n++)
            (total, sum) = (total + counts[n], sum + counts[n] * phi[n]);
        var (mean, squares) = (sum / total, 0.0);
        for (var n = 0; n < phi.Length; n++)
            squares += counts[n] * (phi[n] - mean) * (phi[n] - mean);
        return total > 1 ? Math.Sqrt(squares / (total - 1) / total) : double.NaN;
    }

    /// <summary>t with 95 % of Student's distribution between -t and t.</summary>
    public static double StudentT(int degrees) => SpecialFunctions.StudentQuantile(Inside, degrees);
}
