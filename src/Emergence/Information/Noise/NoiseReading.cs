using Emergence.Information.Statistics;

namespace Emergence.Information.Noise;

/// <summary>What every draw says of a side at every sigma.</summary>
/// <param name="sigmas">Sizes of the noise.</param>
/// <param name="bits">By sigma, then pair of draws: the mean over z and -z; the entropy of the drawn classes is that of all.</param>
/// <param name="most">H of the classes, in bits.</param>
/// <param name="remainders">By sigma: see <see cref="NoiseValue.RemainderBits"/>.</param>
internal sealed class NoiseReading(IReadOnlyList<double> sigmas, double[][] bits, double most, double[] remainders)
{
    /// <summary>The reading of a side whose states are all alike: there is nothing that noise could leave.</summary>
    public static NoiseReading Nothing(IReadOnlyList<double> sigmas, int pairs) =>
        new(sigmas, [.. sigmas.Select(_ => new double[pairs])], 0, new double[sigmas.Count]);

    public IReadOnlyList<NoiseValue> Values =>
        [.. sigmas.Select((sigma, i) => new NoiseValue(sigma, Math.Clamp(bits[i].Average(), 0, most), Error(bits[i]), remainders[i]))];

    /// <summary>The values with the errors of IE: of this side less the mean of the tokens alone, draw by draw.</summary>
    /// <param name="micro">Readings of the T tokens, from the draws of this one.</param>
    /// <param name="sequences">N if the data are a sample of the source; 0 for an enumeration.</param>
    public IReadOnlyList<NoiseValue> Against(IReadOnlyList<NoiseReading> micro, int sequences)
    {
        return [.. Values.Select((value, i) =>
        {
            var differences = (double[])bits[i].Clone();
            foreach (var side in micro)
            {
                // A side of more classes may be read at fewer sizes of the noise: at the others there is no IE.
                if (side.Bits(value.Sigma) is not { } ofSide)
                    return value;
                for (var draw = 0; draw < differences.Length; draw++)
                    differences[draw] -= ofSide[draw] / micro.Count;
            }

            return value with
            {
                EmergenceErrorBits = Error(differences),
                SamplingErrorBits = sequences > 0 ? StandardDeviation.Of(differences) / Math.Sqrt(sequences) : 0,
            };
        })];
    }

    /// <summary>Bits of every draw at one size of the noise; null if the side was not read at it.</summary>
    private double[]? Bits(double sigma)
    {
        for (var i = 0; i < sigmas.Count; i++)
        {
            if (sigmas[i] == sigma)
                return bits[i];
        }

        return null;
    }

    /// <summary>
    /// Standard error of the mean of draws that lie evenly in an order: from the differences of neighbours (Wolter 1984), which what
    /// separates the ends of the order does not widen; as if there were one more draw as far out as the farthest, so that few rare draws
    /// are not taken for all there are.
    /// </summary>
    private static double Error(double[] values)
    {
        var (mean, sum) = (values.Average(), 0.0);
        for (var i = 1; i < values.Length; i++)
            sum += (values[i] - values[i - 1]) * (values[i] - values[i - 1]);
        var farthest = values.Max(value => Math.Abs(value - mean));
        return double.Hypot(Math.Sqrt(sum / (2.0 * (values.Length - 1)) / values.Length), farthest / values.Length);
    }
}
