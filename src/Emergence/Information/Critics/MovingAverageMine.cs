namespace Emergence.Information.Critics;

/// <summary>
/// "mine-ema": Donsker-Varadhan on minibatches; the gradient's denominator E e^T is a moving average over the steps
/// (0.99, started at the first batch's mean), which takes away most of the bias of a small batch (Belghazi et al. 2018).
/// </summary>
internal sealed class MovingAverageMine : MinibatchEstimator
{
    public override string Name => "mine-ema";

    public override string Description => "Donsker-Varadhan on minibatches, moving average in the gradient, value on rows held out";

    public override CriticObjective CreateObjective() => new Objective();

    private sealed class Objective : CriticObjective
    {
        private const double Decay = 0.99;
        private double _logAverage = double.NaN;

        public override void Gradient(ReadOnlySpan<double> scores, int rows, Span<double> gradient)
        {
            var batch = LogMeanExp(scores, rows);
            _logAverage = double.IsNaN(_logAverage) ? batch : LogSumExp([Math.Log(Decay) + _logAverage, Math.Log(1 - Decay) + batch]);
            gradient[..rows].Fill(-1.0 / rows);
            for (var pair = rows; pair < scores.Length; pair++)
                gradient[pair] = Math.Exp(scores[pair] - _logAverage) / (scores.Length - rows);
        }

        public override double Bits(ReadOnlySpan<double> scores, int rows) => DonskerVaradhanBits(scores, rows);
    }
}
