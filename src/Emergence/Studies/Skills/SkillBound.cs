namespace Emergence.Studies.Skills;

/// <summary>
/// Slingshot generalisation of skills (Arora and Goyal 2023). Every text uses k skills drawn at random; a model fails on a
/// share theta of the texts. Whichever texts these are, all skills but a share alpha meet them in at most beta theta of
/// their own texts, as long as
/// <code>H(theta) + k theta (H(beta alpha) - beta alpha log(1/alpha) - (1 - beta alpha) log(1/(1 - alpha))) &lt; 0.</code>
/// The bracket is -KL(beta alpha || alpha), so that the curve is where KL(beta alpha || alpha) = H(theta) / (k theta).
/// </summary>
/// <param name="Theta">Share of the texts on which the model fails, in (0, 1).</param>
/// <param name="SkillsPerText">k, at least 1.</param>
internal readonly record struct SkillBound(double Theta, double SkillsPerText)
{
    // A bisection of doubles ends by itself long before this.
    private const int MostSteps = 2_000;

    /// <summary>H(theta) / (k theta): what one edge of the graph has to pay for the choice of the worst texts, in nats.</summary>
    public double NatsPerEdge => EntropyNats(Theta) / (SkillsPerText * Theta);

    /// <summary>
    /// The smallest beta &gt; 1 for this alpha: KL grows with beta from 0 at 1 to ln(1/alpha) at 1/alpha. NaN if even all
    /// edges of the failed texts may meet in a share alpha of the skills.
    /// </summary>
    public double Beta(double alpha) => Beta(alpha, NatsPerEdge);

    /// <summary>The smallest beta of a finite graph, in which the choice of the skills has to be paid as well: n H(alpha) over its
    /// edges.</summary>
    /// <param name="alpha">Share of the skills.</param>
    /// <param name="skills">n.</param>
    /// <param name="texts">Texts in all, failed or not.</param>
    public double Beta(double alpha, long skills, long texts) =>
        Beta(alpha, NatsPerEdge + skills * EntropyNats(alpha) / (SkillsPerText * Theta * texts));

    /// <summary>
    /// The smallest alpha for this beta: KL grows with alpha from 0 at 0 to ln beta at 1/beta. NaN if no share of the
    /// skills is promised so small a beta.
    /// </summary>
    public double Alpha(double beta)
    {
        var nats = NatsPerEdge;
        return beta > 1 && Math.Log(beta) > nats ? Root(alpha => Divergence(alpha, beta), nats, 0, 1 / beta) : double.NaN;
    }

    /// <summary>-p ln p - (1-p) ln (1-p).</summary>
    public static double EntropyNats(double p) => p is <= 0 or >= 1 ? 0 : -p * Math.Log(p) - (1 - p) * double.LogP1(-p);

    /// <summary>KL(beta alpha || alpha) in nats, for alpha beta &lt;= 1.</summary>
    public static double Divergence(double alpha, double beta)
    {
        var inside = alpha * beta;
        var rest = 1 - inside;
        return inside * Math.Log(beta) + (rest > 0 ? rest * double.LogP1(-alpha * (beta - 1) / (1 - alpha)) : 0);
    }

    private static double Beta(double alpha, double nats) =>
        alpha is > 0 and < 1 && -Math.Log(alpha) > nats ? Root(beta => Divergence(alpha, beta), nats, 1, 1 / alpha) : double.NaN;

    /// <summary>Where a growing function reaches a value, to the last bit.</summary>
    private static double Root(Func<double, double> growing, double value, double low, double high)
    {
        for (var step = 0; step < MostSteps; step++)
        {
            var middle = low + (high - low) / 2;
            if (middle <= low || middle >= high)
                break;
            if (growing(middle) < value)
                low = middle;
            else
                high = middle;
        }

        return high;
    }
}
