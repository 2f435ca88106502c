using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;

namespace Emergence.Information.Canonical;

/// <summary>Every step takes all pairs that occur; their coordinates are shared by the seeds of a cell.</summary>
internal sealed class AllPairs(EstimationRequest request, Device device, DeviceInputs inputs) : CanonicalData(request, device, inputs)
{
    /// <summary>Pairs off the support that the start is judged by.</summary>
    private const int StartPairs = 1 << 14;

    public override bool IsInBatches => false;

    public override IReadOnlyList<Tensor> SharedInputs
    {
        get
        {
            var (x, y, _) = Coordinates;
            return [x, y, Inputs.Whitened(Request.Joint.X), Inputs.Whitened(Request.Joint.Y)];
        }
    }

    public override double MultiplyAdds
    {
        get
        {
            var joint = Request.Joint;
            var pairs = joint.CanonicalPairs(Preset.CanonicalColumns, Device.ShareOnHost);
            return pairs.X.MultiplyAddsOf(joint.X.Count) + pairs.Y.MultiplyAddsOf(joint.Y.Count) + pairs.MultiplyAdds
                + pairs.MultiplyAddsOf(joint.X.Count, joint.Y.Count);
        }
    }

    private (Tensor X, Tensor Y, IReadOnlyList<double> Correlations) Coordinates =>
        Inputs.Canonical(Request.Joint, Preset.CanonicalColumns);

    public override CanonicalTraining Next(ReadOnlySpan<float> parameters)
    {
        var (joint, (x, y, _)) = (Request.Joint, Coordinates);
        var drawsNear = Preset.NearOf(joint.Support.Count) > 0 && !SupportMine.TakesAll(joint, Preset);
        var near = drawsNear ? Inputs.Near(joint, Preset.CanonicalColumns) : null;
        var whitened = (Inputs.Whitened(joint.X), Inputs.Whitened(joint.Y));
        return new(Train(joint, (x, y), whitened, near, parameters), joint, near);
    }

    public override IEnumerable<ScoredPairs> Score(CanonicalTraining critic, bool isStart)
    {
        var (fresh, stream) = isStart ? (StartPairs, RandomStream.Start) : (Preset.HeldOutPairs, RandomStream.HeldOut);
        var pairs = HeldOut.Pairs(Request.Joint, Request.Seed, Request.Cell, fresh, stream, critic.Near);
        return HeldOut.Scores(Device, critic.Training, pairs).Select(part => new ScoredPairs(part.Pairs, part.Scores, critic.Near));
    }
}
