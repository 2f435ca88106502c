namespace Emergence.Information.Noise;

/// <summary>What noise of one size leaves of a side's information, in bits.</summary>
/// <param name="Sigma">Of the noise, in units of its scale.</param>
/// <param name="Bits">I(prefix; h + sigma Z).</param>
/// <param name="StandardErrorBits">Of the mean over draws.</param>
/// <param name="RemainderBits">What classes that were left out as too far could lower the value by, at most.</param>
public readonly record struct NoiseValue(double Sigma, double Bits, double StandardErrorBits, double RemainderBits)
{
    /// <summary>
    /// Of a macro side at T-1: standard error of IE(l, T) from the draws, which the tokens alone share; NaN of others.
    /// </summary>
    public double EmergenceErrorBits { get; init; } = double.NaN;

    /// <summary>The same from the sequences being a sample; 0 for an enumeration and of other sides.</summary>
    public double SamplingErrorBits { get; init; }
}
