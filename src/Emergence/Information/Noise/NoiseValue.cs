using System.Text.Json.Serialization;

namespace Emergence.Information.Noise;

/// <summary>What noise of one size leaves of a side's information, in bits.</summary>
/// <param name="Sigma">Size of the noise, in units of its scale.</param>
/// <param name="Bits">I(prefix; h + sigma Z).</param>
/// <param name="StandardErrorBits">Standard error of the mean over draws.</param>
/// <param name="RemainderBits">What classes that were left out as too far could lower the value by, at most.</param>
[method: JsonConstructor]
public readonly record struct NoiseValue(
    double Sigma, double Bits, [property: JsonPropertyName("se_bits")] double StandardErrorBits, double RemainderBits)
{
    /// <summary>
    /// Standard error of IE(l, T) from the draws, which the tokens alone share: of a macro side at T-1, else NaN.
    /// </summary>
    [JsonRequired, JsonPropertyName("ie_se_bits")]
    public double EmergenceErrorBits { get; init; } = double.NaN;

    /// <summary>Standard error of IE(l, T) from the sequences being a sample; 0 for an enumeration and of other sides.</summary>
    [JsonRequired, JsonPropertyName("ie_sampling_bits")]
    public double SamplingErrorBits { get; init; }
}
