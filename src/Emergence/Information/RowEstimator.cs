using Emergence.Devices;

namespace Emergence.Information;

/// <summary>
/// An estimator that reads the N paired rows as they are (a unit that occurs n times is n rows) and needs no device.
/// </summary>
internal abstract class RowEstimator : Estimator
{
    public override bool IsRandom => false;

    internal sealed override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs)
    {
        var joint = request.Joint;
        if (joint.X.NonFinite + joint.Y.NonFinite > 0)
            return new FinishedEstimation(Fail(request, $"{joint.X.NonFinite + joint.Y.NonFinite} inputs are not finite"));
        return new FinishedEstimation(Estimate(request, new(joint)));
    }

    protected abstract MutualInformation Estimate(EstimationRequest request, PairedRows rows);

    /// <summary>Cannot work on these data: a failure that says what to use instead.</summary>
    protected MutualInformation Refuse(EstimationRequest request, string reason) => Fail(request, $"{Name} cannot work here: {reason}");
}

/// <summary>The N rows of both sides; columns standardised, constant columns left out.</summary>
internal sealed class PairedRows
{
    public PairedRows(JointClasses joint)
    {
        (X, XColumns) = Expand(joint.X);
        (Y, YColumns) = Expand(joint.Y);
        Count = X.Length / Math.Max(1, XColumns);
    }

    /// <summary>N.</summary>
    public int Count { get; }

    /// <summary>(N, dx).</summary>
    public double[] X { get; }

    /// <summary>dx.</summary>
    public int XColumns { get; }

    /// <summary>(N, dy).</summary>
    public double[] Y { get; }

    /// <summary>dy.</summary>
    public int YColumns { get; }

    private static (double[] Values, int Columns) Expand(RowClasses side)
    {
        var (classes, columns) = side.Standardise();
        var values = new List<double>();
        for (var unit = 0; unit < side.ClassOfUnit.Length; unit++)
        {
            var row = classes.AsSpan(side.ClassOfUnit[unit] * columns, columns);
            for (var repeat = 0; repeat < Math.Max(1, Math.Round(side.UnitWeights[unit])); repeat++)
                values.AddRange(row);
        }

        return ([.. values], columns);
    }
}
