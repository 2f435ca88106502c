namespace Emergence.Studies.Skills;

/// <summary>L(N, D) = A + B / N^a + C / D^b, in nats a token (Hoffmann et al. 2022).</summary>
/// <param name="Floor">A: the entropy of text, which no model goes below.</param>
/// <param name="SizeFactor">B.</param>
/// <param name="SizeExponent">a.</param>
/// <param name="DataFactor">C.</param>
/// <param name="DataExponent">b.</param>
internal readonly record struct ScalingLaw(double Floor, double SizeFactor, double SizeExponent, double DataFactor, double DataExponent)
{
    /// <summary>The constants that Arora and Goyal (2023) work with, of Hoffmann et al. (2022).</summary>
    public static ScalingLaw Published { get; } = new(1.61, 406.4, 0.34, 410.7, 0.28);

    /// <summary>By how much ten times the data lower the part of the excess that the data set.</summary>
    public double TenTimesData => Math.Pow(10, DataExponent);

    public double TenTimesSize => Math.Pow(10, SizeExponent);

    public double Loss(double parameters, double tokens) => Floor + Excess(parameters, tokens);

    /// <summary>L - A, nats a token.</summary>
    public double Excess(double parameters, double tokens) => ExcessOfSize(parameters) + ExcessOfData(tokens);

    /// <summary>What is left with unlimited data.</summary>
    public double ExcessOfSize(double parameters) => SizeFactor * Math.Pow(parameters, -SizeExponent);

    /// <summary>What is left with unlimited parameters.</summary>
    public double ExcessOfData(double tokens) => DataFactor * Math.Pow(tokens, -DataExponent);
}
