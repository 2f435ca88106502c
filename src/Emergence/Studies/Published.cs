namespace Emergence.Studies;

/// <summary>
/// Figures of Chen et al., "Quantifying Semantic Emergence in Language Models", ACL 2025, arXiv 2405.12617, in bits. Several
/// exceed log2 of the 300,000 sequences they are from, 18.19 bits, which no mutual information of that sample can.
/// </summary>
internal static class Published
{
    public const string Source = "Chen et al., ACL 2025, arXiv 2405.12617";

    /// <summary>First shot of <see cref="Gains"/>.</summary>
    public const int FirstGain = 3;

    /// <summary>Table 4: E(shot s) - E(shot s - 1), s = 3 .. 7.</summary>
    public static IReadOnlyList<(string Model, string Data, double[] Bits)> Gains { get; } =
    [
        ("GPT2-large", "country", [5.67, 12.95, 2.75, 0.33, 1.04]),
        ("GPT2-large", "animal", [4.24, 6.06, 9.52, 0.39, -1.44]),
        ("GPT2-large", "color", [4.88, 4.82, 6.39, 1.24, 0.22]),
        ("GPT2-XL", "country", [5.86, 13.12, 3.56, 1.75, 0.32]),
        ("GPT2-XL", "animal", [4.21, 5.75, 8.21, 1.15, 0.61]),
        ("GPT2-XL", "color", [3.82, 4.61, 7.06, 1.74, 0.54]),
        ("Gemma", "country", [6.33, 22.16, -2.86, 3.21, -3.54]),
        ("Gemma", "animal", [4.09, 6.24, 8.45, 36.51, -2.14]),
        ("Gemma", "color", [4.65, 5.16, 7.81, 16.49, 1.21]),
        ("OpenLlama", "country", [6.33, 45.26, 7.54, 4.65, -3.15]),
        ("OpenLlama", "animal", [4.95, 7.54, 35.16, 2.16, 3.26]),
        ("OpenLlama", "color", [4.39, 5.27, 27.56, 11.42, 2.51]),
    ];
}
