namespace Emergence.Studies.Skills;

/// <summary>
/// The combinations of skills that a larger model reaches (Arora and Goyal 2023, section 6). A text made of t texts fails where
/// one of them fails, so a model that fails on a share theta' of the texts is as good at t-tuples of skills as one with
/// theta = 1 - (1 - theta')^t, at most t theta', is at single skills. The share is taken as proportional to the excess
/// cross-entropy.
/// </summary>
internal static class SkillTuples
{
    /// <summary>By the published rule of thumb, ten times the data halve the excess: 2^(orders of magnitude).</summary>
    public static double ByHalves(double tokensBefore, double tokens) => Math.Pow(2, Math.Log10(tokens / tokensBefore));

    /// <summary>(D'/D)^b: by how much the excess over the floor that the data set falls, and with it the size of the tuples
    /// grows.</summary>
    public static double ByExponent(double tokensBefore, double tokens, double exponent) => Math.Pow(tokens / tokensBefore, exponent);

    /// <summary>The t with 1 - (1 - theta / shrunk)^t = theta, without the union bound.</summary>
    /// <param name="theta">Share of failed texts before.</param>
    /// <param name="shrunk">By how much it fell.</param>
    public static double Exact(double theta, double shrunk) => double.LogP1(-theta) / double.LogP1(-theta / shrunk);

    /// <summary>log10 of the number of t-tuples of so many skills: where it exceeds log10 of the tokens, most tuples were never
    /// seen.</summary>
    public static double Log10Tuples(long skills, double t) => t * Math.Log10(skills);
}
