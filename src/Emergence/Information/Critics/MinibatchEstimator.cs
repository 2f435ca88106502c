using Emergence.Devices;

namespace Emergence.Information.Critics;

/// <summary>
/// A critic T(x, y) trained on minibatches and judged on rows it has not seen. What differs between these estimators is
/// the objective; it sees scores as (shifts + 1, n): entry [0, i] is T of row i's own pair, entry [s, i] is T of x of row
/// i with y of the row s further on (cyclic), a draw from the product of the margins.
/// </summary>
internal abstract class MinibatchEstimator : Estimator
{
    /// <summary>Fewest rows that leave something to judge by.</summary>
    private const int FewestRows = 50;

    public override bool IsRandom => true;

    public override bool IsOfSource => true;

    /// <summary>Rows of a step.</summary>
    public virtual int BatchRows => 512;

    /// <summary>Pairs off the diagonal for each row of a step.</summary>
    public virtual int Shifts => 2;

    /// <summary>A new objective; it may keep a state over the steps of one training.</summary>
    public abstract CriticObjective CreateObjective();

    internal sealed override long TrainingBytes(Device device, CriticPreset preset, int classes, int rows, int columns) =>
        MinibatchEstimation.EstimateBytes(device, this, rows, columns);

    internal sealed override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs)
    {
        var joint = request.Joint;
        if (joint.X.NonFinite + joint.Y.NonFinite > 0)
            return new FinishedEstimation(Fail(request, $"{joint.X.NonFinite + joint.Y.NonFinite} inputs are not finite"));
        if (joint.HasConstantSide)
            return new FinishedEstimation(Describe(request, 0) with { SamplingErrorBits = 0 });
        var rows = joint.Rows(Name);
        if (rows.A.Length < FewestRows)
            return new FinishedEstimation(
                Refuse(request, $"{rows.A.Length} rows, needs {FewestRows}; use exact where rows repeat, else ksg"));
        return new MinibatchEstimation(request, Describe(request, double.NaN), device, inputs, this);
    }
}

/// <summary>What a critic is trained for and what its scores say; scores in nats, laid out as <see cref="MinibatchEstimator"/>
/// says.</summary>
internal abstract class CriticObjective
{
    /// <summary>Gradient, by every score, of what is to be made small.</summary>
    public abstract void Gradient(ReadOnlySpan<double> scores, int rows, Span<double> gradient);

    /// <summary>The estimate, in bits.</summary>
    public abstract double Bits(ReadOnlySpan<double> scores, int rows);

    /// <summary>Chooses the step that is kept: the largest on the validation rows.</summary>
    public virtual double Choice(ReadOnlySpan<double> scores, int rows) => Bits(scores, rows);

    /// <summary>Mean over the rows' own pairs.</summary>
    protected static double JointMean(ReadOnlySpan<double> scores, int rows)
    {
        var sum = 0.0;
        foreach (var score in scores[..rows])
            sum += score;
        return sum / rows;
    }

    /// <summary>ln of the mean of e^T over the pairs off the diagonal.</summary>
    protected static double LogMeanExp(ReadOnlySpan<double> scores, int rows) => LogSumExp(scores[rows..]) - Math.Log(scores.Length - rows);

    protected static double LogSumExp(ReadOnlySpan<double> values)
    {
        var largest = double.NegativeInfinity;
        foreach (var value in values)
            largest = Math.Max(largest, value);
        var sum = 0.0;
        foreach (var value in values)
            sum += Math.Exp(value - largest);
        return largest + Math.Log(sum);
    }

    /// <summary>The Donsker-Varadhan value.</summary>
    protected static double DonskerVaradhanBits(ReadOnlySpan<double> scores, int rows) =>
        (JointMean(scores, rows) - LogMeanExp(scores, rows)) / Math.Log(2);
}
