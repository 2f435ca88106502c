using Emergence.Information;
using Emergence.Information.Noise;
using Emergence.Messages;

namespace Emergence.Measurement.Grid;

/// <summary>Through which noise every cell of a run is read, beside its own value.</summary>
/// <param name="Sigmas">Sizes that were asked for, rising; empty: cells are not read through noise.</param>
/// <param name="Scale">Their units.</param>
public sealed record NoiseSettings(IReadOnlyList<double> Sigmas, NoiseScale Scale)
{
    /// <summary>The word for no noise.</summary>
    internal const string None = "none";

    internal const string DefaultSigmas = "0.25,0.5,1,2,4";

    /// <summary>Antithetic pairs of draws of a seed.</summary>
    internal const int Pairs = 1024;

    /// <summary>Larger noise, in which half of what is told apart is lost if the noise asked for leaves more.</summary>
    private static readonly double[] s_reach = [8, 16, 32];

    public static NoiseSettings Off { get; } = new([], NoiseScale.Isotropic);

    public bool IsOn => Sigmas.Count > 0;

    /// <param name="sigmas">E.g. "0.5,1,2", or "none".</param>
    /// <param name="scale">A word of <see cref="NoiseScales"/>.</param>
    public static NoiseSettings Parse(string sigmas, string scale) =>
        new(sigmas == None ? [] : ParseSigmas("--sigma", sigmas), NoiseScales.Parse(scale));

    /// <summary>Positive numbers, rising, each once.</summary>
    internal static IReadOnlyList<double> ParseSigmas(string option, string list) =>
    [
        .. NumberList.Parse(option, list, values => values.All(sigma => sigma is >= 1e-6 and <= 1e6),
            "positive numbers from 1e-6 to 1e6, e.g. 0.5,1,2").Distinct().Order(),
    ];

    /// <summary>
    /// What a side of so many classes is read at: at what was asked for, at 1, and if that is cheap at what finds the half.
    /// </summary>
    internal IReadOnlyList<double> SigmasOf(int classes) =>
        [.. Sigmas.Append(NoisyChannel.Sigma).Concat(classes > NoiseMixture.Whole ? [] : s_reach).Distinct().Order()];
}
