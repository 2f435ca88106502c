using Emergence.Devices;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Gaussian;
using Emergence.Information.Statistics;

namespace Emergence.Information;

/// <summary>
/// An estimator of the source's information that reads the N paired rows as they are (a unit that occurs n times is n
/// rows) and needs no device.
/// </summary>
internal abstract class RowEstimator : Estimator
{
    public override bool IsRandom => false;

    public override bool IsOfSource => true;

    internal sealed override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs)
    {
        var joint = request.Joint;
        if (joint.X.NonFinite + joint.Y.NonFinite > 0)
            return new FinishedEstimation(Fail(request, $"{joint.X.NonFinite + joint.Y.NonFinite} inputs are not finite"));
        var rows = new PairedRows(joint);
        var result = Estimate(request, rows);
        var isInfinite = result is { Failure: null, IsCounted: false } && LinearDependence.IsExact(rows);
        return new FinishedEstimation(isInfinite ? result with { MiBits = double.PositiveInfinity } : result);
    }

    protected abstract MutualInformation Estimate(EstimationRequest request, PairedRows rows);
}

/// <summary>
/// The distinct pairs of rows of both sides, and how often each occurs among the N; columns standardised, constant
/// columns left out.
/// </summary>
internal sealed class PairedRows
{
    public PairedRows(JointClasses joint)
    {
        Repeats = [.. joint.Support.Select(pair => (int)Math.Max(1, Math.Round(pair.Joint * joint.Samples)))];
        (X, XColumns) = Gather(joint.X, [.. joint.Support.Select(pair => pair.A)]);
        (Y, YColumns) = Gather(joint.Y, [.. joint.Support.Select(pair => pair.B)]);
        Count = Repeats.Sum();
        ContinuousColumns = (2 * joint.X.Count > Count ? XColumns : 0) + (2 * joint.Y.Count > Count ? YColumns : 0);
    }

    private PairedRows(PairedRows whole, int[] chosen)
    {
        Repeats = [.. chosen.Select(row => whole.Repeats[row])];
        (XColumns, YColumns, ContinuousColumns) = (whole.XColumns, whole.YColumns, whole.ContinuousColumns);
        (X, Y) = (Gather(whole.X, XColumns, chosen), Gather(whole.Y, YColumns, chosen));
        Count = Repeats.Sum();
    }

    /// <summary>N.</summary>
    public int Count { get; }

    /// <summary>(K), sums to N.</summary>
    public int[] Repeats { get; }

    /// <summary>(K, dx).</summary>
    public double[] X { get; }

    /// <summary>dx.</summary>
    public int XColumns { get; }

    /// <summary>(K, dy).</summary>
    public double[] Y { get; }

    /// <summary>dy.</summary>
    public int YColumns { get; }

    /// <summary>Columns of the sides whose rows hardly repeat (more than N/2 of them differ).</summary>
    public int ContinuousColumns { get; }

    /// <summary>Some of the distinct rows.</summary>
    public PairedRows Select(int[] chosen) => new(this, chosen);

    /// <summary>(K, dx + dy): x and y side by side.</summary>
    public double[] Join()
    {
        var columns = XColumns + YColumns;
        var both = new double[Repeats.Length * columns];
        for (var row = 0; row < Repeats.Length; row++)
        {
            X.AsSpan(row * XColumns, XColumns).CopyTo(both.AsSpan(row * columns));
            Y.AsSpan(row * YColumns, YColumns).CopyTo(both.AsSpan(row * columns + XColumns));
        }

        return both;
    }

    /// <summary>Mean over the N rows of a value of each distinct row, and its standard error.</summary>
    public (double Mean, double StandardError) Mean(ReadOnlySpan<double> values)
    {
        var mean = 0.0;
        for (var row = 0; row < values.Length; row++)
            mean += Repeats[row] * values[row] / Count;
        return (mean, Intervals.SamplingError(values, [.. Repeats.Select(count => (double)count)]));
    }

    private static (double[] Values, int Columns) Gather(RowClasses side, int[] classes)
    {
        var (standardised, columns) = side.Standardise();
        return (Gather(standardised, columns, classes), columns);
    }

    private static double[] Gather(double[] rows, int columns, int[] chosen)
    {
        var values = new double[chosen.Length * columns];
        for (var row = 0; row < chosen.Length; row++)
            rows.AsSpan(chosen[row] * columns, columns).CopyTo(values.AsSpan(row * columns));
        return values;
    }
}
