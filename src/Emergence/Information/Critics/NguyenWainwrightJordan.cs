namespace Emergence.Information.Critics;

/// <summary>
/// "nwj": E T - E e^(T - 1), a lower bound whose mean over samples is a lower bound too (Nguyen, Wainwright and Jordan
/// 2010).
/// </summary>
internal sealed class NguyenWainwrightJordan : MinibatchEstimator
{
    public override string Name => "nwj";

    public override string Description => "the bound of Nguyen, Wainwright and Jordan on minibatches, value on rows held out";

    public override CriticObjective CreateObjective() => new Objective();

    private sealed class Objective : CriticObjective
    {
        public override void Gradient(ReadOnlySpan<double> scores, int rows, Span<double> gradient)
        {
            gradient[..rows].Fill(-1.0 / rows);
            for (var pair = rows; pair < scores.Length; pair++)
                gradient[pair] = Math.Exp(scores[pair] - 1) / (scores.Length - rows);
        }

        public override double Bits(ReadOnlySpan<double> scores, int rows) =>
            (JointMean(scores, rows) - Math.Exp(LogMeanExp(scores, rows) - 1)) / Math.Log(2);
    }
}
