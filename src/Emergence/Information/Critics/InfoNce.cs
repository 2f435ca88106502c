namespace Emergence.Information.Critics;

/// <summary>
/// "infonce": how well the own y is told from those of the other rows of a batch, mean ln softmax + ln B; never above
/// log2 B (van den Oord, Li and Vinyals 2018).
/// </summary>
internal sealed class InfoNce : MinibatchEstimator
{
    public override string Name => "infonce";

    public override string Description => "classification among the rows of a batch, value on rows held out; at most log2 of the batch";

    /// <summary>All pairs of the batch are scored.</summary>
    public override int BatchRows => 64;

    public override int Shifts => BatchRows - 1;

    public override CriticObjective CreateObjective() => new Objective();

    private sealed class Objective : CriticObjective
    {
        public override void Gradient(ReadOnlySpan<double> scores, int rows, Span<double> gradient)
        {
            for (var row = 0; row < rows; row++)
            {
                var total = LogSumOfRow(scores, rows, row);
                for (var pair = row; pair < scores.Length; pair += rows)
                    gradient[pair] = (Math.Exp(scores[pair] - total) - (pair == row ? 1 : 0)) / rows;
            }
        }

        public override double Bits(ReadOnlySpan<double> scores, int rows)
        {
            var nats = 0.0;
            for (var row = 0; row < rows; row++)
                nats += (scores[row] - LogSumOfRow(scores, rows, row) + Math.Log(scores.Length / rows)) / rows;
            return nats / Math.Log(2);
        }

        private static double LogSumOfRow(ReadOnlySpan<double> scores, int rows, int row)
        {
            var own = new double[scores.Length / rows];
            for (var shift = 0; shift < own.Length; shift++)
                own[shift] = scores[shift * rows + row];
            return LogSumExp(own);
        }
    }
}
