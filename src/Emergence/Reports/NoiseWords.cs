using Emergence.Information.Statistics;
using Emergence.Measurement.Results;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>What noise leaves of a run, in plain words. Every sentence follows from its numbers.</summary>
/// <param name="noise">The run read through noise; it has IE.</param>
/// <param name="run">The run itself.</param>
public sealed class NoiseWords(NoiseResults noise, RunResults run)
{
    /// <summary>What the two numbers and their limit are.</summary>
    public const string Meaning =
        "IE at sigma is the emergence that is left when a layer's states are known only up to normal noise of that size: at sigma 1 the "
        + "noise is as large as the states' own spread. It depends on the model. Without noise it is the exact IE, which every model that "
        + "tells the same texts apart shares.";

    // Values that differ by less are the same but for rounding, in bits.
    private const double LeastDifference = 1e-6;

    private const string TooLittle = "too little to halve";

    /// <summary>What two tables of a comparison are.</summary>
    public const string Compared =
        "First what noise as large as the states leaves (sigma 1) and the noise that halves it: this depends on the model. Then the value "
        + "without noise, the limit, which models share that tell the same texts apart.";

    private NoiseMean Last => noise.Means[^1];

    private IEnumerable<NoiseRow> LastRows => noise.Rows.Where(row => row.Tokens == Last.Tokens);

    private NoiseRow Strongest => LastRows.MaxBy(row => row.AtOne.Mean)!;

    private NoiseRow Weakest => LastRows.MinBy(row => row.AtOne.Mean)!;

    /// <summary>The answer in one sentence.</summary>
    public string Finding =>
        $"With noise as large as the states themselves, emergence after {RunWords.Plural(Last.Tokens, "token")} is "
        + $"{Bits(Last.AtOne.Mean)}, without noise {Bits(Last.LimitBits)}{Where}.";

    /// <summary>For a terminal: the finding, the noise that halves it, and what is the limit.</summary>
    public string Summary =>
        $"{Finding}\n{HalfSentence}\nExact IE, without noise, is the limit that models share which tell the same texts apart.";

    public IReadOnlyList<(string Label, string Value, string Note)> Tiles =>
    [
        ($"IE at sigma 1 after {RunWords.Plural(Last.Tokens, "token")}", $"{TableCell.Fixed(Last.AtOne.Mean, 2)}{Half(Last.AtOne)} bits",
            $"mean over layers; {Bits(Last.LimitBits)} without noise"),
        ("Half is gone at", double.IsNaN(Last.Half.Sigma) ? TooLittle : $"sigma {Found(Last.Half.Sigma, Last.Half)}", Range(Last.Half)),
        ("Most robust layer", $"layer {Strongest.Boundary}", $"keeps {Bits(Strongest.AtOne.Mean)} at sigma 1"
            + $"{(LastRows.Count() > 1 ? $"; the least, {Bits(Weakest.AtOne.Mean)}, layer {Weakest.Boundary}" : "")}"),
    ];

    /// <summary>Units of the noise, scale of macro and micro, and how sure the numbers are.</summary>
    public IReadOnlyList<string> Notes =>
    [
        $"{Unit} Macro and micro states each have the noise in units of their own spread; the same noise is used for both, for all "
            + $"layers and for all sizes, so that differences are surer than their parts. Nothing is trained: the values are means over "
            + $"draws, with intervals of 95 %{(run.IsEnumeration ? "" : " that include the error of the sample")}.",
        .. noise.Rows.Any(row => row.LimitBits > ExactBits(row) + LeastDifference)
            ? ["At layer 0 the value without noise is above the exact IE below: what noise leaves is of a layer's output alone, and the "
                + "exact IE of layer 0 is bounded by its input, which knows only its own token."]
            : (string[])[],
        .. noise.Rows.Any(row => row.AtOne.Low > row.LimitBits)
            ? ["Where IE at sigma 1 is above that without noise, the tokens alone lose more to the noise than the whole does: a column "
                + "that is huge in the states of single tokens rules the unit of their noise."]
            : (string[])[],
        .. noise.RemainderBits > 0
            ? [$"Classes too far to be confused were left out where that changes a value by {noise.RemainderBits:0.0000} bits at most."]
            : (string[])[],
    ];

    /// <summary>One line for the pane of a size of the noise.</summary>
    public string At(double sigma)
    {
        var last = noise.At(sigma).Means.FirstOrDefault(mean => mean.Tokens == Last.Tokens);
        return last == null ? $"At sigma {Size(sigma)} there is no value after {RunWords.Plural(Last.Tokens, "token")}."
            : $"At sigma {Size(sigma)}, IE after {RunWords.Plural(last.Tokens, "token")} is "
                + $"{TableCell.Fixed(last.Bits.Mean, 2)}{Half(last.Bits)} bits, mean over layers; without noise {Bits(last.ExactBits)}.";
    }

    /// <summary>A size of the noise that was asked for.</summary>
    internal static string Size(double sigma) => FormattableString.Invariant($"{sigma:0.######}");

    /// <summary>The noise that halves a value, within a sentence.</summary>
    internal static string HalfGone(HalfNoise half) =>
        double.IsNaN(half.Sigma) ? TooLittle : $"half is gone at sigma {Found(half.Sigma, half)}";

    private string HalfSentence => double.IsNaN(Last.Half.Sigma) ? "There is too little emergence to halve."
        : $"Half of it is gone at sigma {Found(Last.Half.Sigma, Last.Half)} ({Range(Last.Half)}).";

    private double ExactBits(NoiseRow row) =>
        run.Emergence.FirstOrDefault(exact => exact.Boundary == row.Boundary && exact.Tokens == row.Tokens)?.ExactBits ?? row.LimitBits;

    private string Where => LastRows.Count() < 2 ? ""
        : $"; most behind layer {Strongest.Boundary} ({Bits(Strongest.AtOne.Mean)}) and least behind layer {Weakest.Boundary} "
            + $"({Bits(Weakest.AtOne.Mean)})";

    private string Unit => run.Noise switch
    {
        "column" => "The noise of every column is in units of that column's standard deviation.",
        "normed" =>
            "States are divided by their own root mean square first, as the next block's norm does, and the noise is in units of that.",
        _ => "The noise is the same in every direction, in units of the root mean square of the centred states.",
    };

    private static string Range(HalfNoise half) => double.IsNaN(half.Low) || double.IsNaN(half.High) ? ""
        : $"95 %: {Found(half.Low, half)} to {Found(half.High, half)}";

    /// <summary>An end of what was found of the noise that halves a value, to three digits.</summary>
    private static string Found(double sigma, HalfNoise half) => double.IsPositiveInfinity(sigma) ? $"beyond {Size(half.Read.Largest)}"
        : sigma == 0 ? $"below {Size(half.Read.Least)}"
        : TableCell.Fixed(sigma, Math.Clamp(2 - (int)Math.Floor(Math.Log10(sigma)), 0, 8));

    private static string Half(Interval interval) =>
        double.IsNaN(interval.Low) ? "" : $" \u00b1 {TableCell.Fixed((interval.High - interval.Low) / 2, 2)}";

    private static string Bits(double value) => $"{TableCell.Fixed(value, 2)} bits";
}
