namespace Emergence.Information.Critics;

/// <summary>
/// "smile": the critic of "jsd" with e^T in the partition clipped to e^-tau .. e^tau, tau = 5: less variance, and no
/// bound any more (Song and Ermon 2020).
/// </summary>
internal sealed class Smile : MinibatchEstimator
{
    public override string Name => "smile";

    public override string Description => "critic of jsd, clipped partition (tau 5), value on rows held out; not a bound";

    public override CriticObjective CreateObjective() => new Objective();

    private sealed class Objective : JensenShannon.Objective
    {
        private const double Tau = 5;

        public override double Bits(ReadOnlySpan<double> scores, int rows)
        {
            var clipped = scores.ToArray();
            for (var pair = rows; pair < clipped.Length; pair++)
                clipped[pair] = Math.Clamp(clipped[pair], -Tau, Tau);
            return DonskerVaradhanBits(clipped, rows);
        }
    }
}
