namespace Emergence.Information.Critics;

/// <summary>
/// "jsd": a critic trained to tell pairs from shuffled ones by the logistic loss, whose gradients stay bounded; its T is
/// then the log density ratio, read by Donsker-Varadhan (Hjelm et al. 2019).
/// </summary>
internal sealed class JensenShannon : MinibatchEstimator
{
    public override string Name => "jsd";

    public override string Description => "logistic loss on minibatches, then Donsker-Varadhan of its critic on rows held out";

    public override CriticObjective CreateObjective() => new Objective();

    /// <summary>The objective that "jsd" and "smile" train with.</summary>
    internal class Objective : CriticObjective
    {
        /// <summary>Mean softplus(-T) over the rows' own pairs + mean softplus(T) over the others.</summary>
        public sealed override void Gradient(ReadOnlySpan<double> scores, int rows, Span<double> gradient)
        {
            for (var row = 0; row < rows; row++)
                gradient[row] = -1 / (1 + Math.Exp(scores[row])) / rows;
            for (var pair = rows; pair < scores.Length; pair++)
                gradient[pair] = 1 / (1 + Math.Exp(-scores[pair])) / (scores.Length - rows);
        }

        public override double Bits(ReadOnlySpan<double> scores, int rows) => DonskerVaradhanBits(scores, rows);

        /// <summary>The negative loss, from 0 less than 2 ln 2 at independence, in bits.</summary>
        public sealed override double Choice(ReadOnlySpan<double> scores, int rows)
        {
            double own = 0, other = 0;
            foreach (var score in scores[..rows])
                own += Softplus(-score) / rows;
            foreach (var score in scores[rows..])
                other += Softplus(score) / (scores.Length - rows);
            return -(own + other) / Math.Log(2);
        }

        private static double Softplus(double value) => Math.Max(value, 0) + Math.Log(1 + Math.Exp(-Math.Abs(value)));
    }
}
