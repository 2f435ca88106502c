using Emergence.Devices;
using Emergence.Information.Critics;
using Emergence.Information.Gaussian;

namespace Emergence.Information;

/// <summary>
/// An estimator of the source's information that reads the N paired rows as they are (a unit that occurs n times is n
/// rows) and needs no device.
/// </summary>
internal abstract class RowEstimator : Estimator
{
    public override bool IsRandom => false;

    public override bool IsOfSource => true;

    internal sealed override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs) =>
        new FinishedEstimation(Estimate(request));

    internal MutualInformation Estimate(EstimationRequest request)
    {
        var joint = request.Joint;
        if (joint.X.NonFinite + joint.Y.NonFinite > 0)
            return Fail(request, $"{joint.X.NonFinite + joint.Y.NonFinite} inputs are not finite");
        var rows = new PairedRows(joint, request.Window);
        var result = Estimate(request, rows);
        var isInfinite = result is { Failure: null, IsCounted: false } && LinearDependence.IsExact(rows);
        return isInfinite ? result with { MiBits = double.PositiveInfinity } : result;
    }

    protected abstract MutualInformation Estimate(EstimationRequest request, PairedRows rows);
}
