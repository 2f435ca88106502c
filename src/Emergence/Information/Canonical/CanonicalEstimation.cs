using System.Globalization;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Statistics;

namespace Emergence.Information.Canonical;

/// <summary>
/// "s-mine" from canonical coordinates. Few steps are needed, so the windows are short. Where training falls under what it has
/// had, it goes back there and on at a lower rate.
/// </summary>
internal sealed class CanonicalEstimation : CriticEstimation
{
    /// <summary>Steps whose mean is the value: the last half of them, so many at least and at most.</summary>
    private const int LeastValueSteps = 5, ValueSteps = 10;

    /// <summary>Steps of each of the two windows that are compared.</summary>
    private const int LevelWindow = 100;

    /// <summary>Windows whose means differ by less, in bits, are level.</summary>
    private const double LevelMargin = 0.002;

    /// <summary>A mean that lies further under the best one, in bits, and further than three of its standard errors, has fallen.</summary>
    private const double FallMargin = 0.02;

    /// <summary>The rate falls by this at a back-off, and may so often; beyond, nothing is trained and the value is that of the best
    /// weights.</summary>
    private const double BackOffFactor = 0.25;

    private const int BackOffLimit = 4;

    /// <summary>Rate of the linear term.</summary>
    private const double LinearRate = 2e-3;

    /// <summary>Pairs off the support that the start is judged by.</summary>
    private const int StartPairs = 1 << 14;

    /// <summary>Where near pairs hold less of the partition off the support at the start, it hangs on all pairs: more are drawn.</summary>
    private const double LeastNearShare = 0.5;

    private readonly CriticTraining _training;
    private readonly RateFactor _factor;
    private readonly CanonicalTrace _trace;
    private readonly NearPairs? _near;
    private readonly float[][] _best;
    private double _bestMean;
    private int _backOffs;

    /// <summary>The step from which windows may begin: the last back-off.</summary>
    private int _since;

    private CanonicalEstimation(EstimationRequest request, MutualInformation about, Device device, CriticTraining training,
        RateFactor factor, CanonicalTrace trace, NearPairs? near)
        : base(request, about, device, training)
    {
        (_training, _factor, _trace, _bestMean, _near) = (training, factor, trace, trace.StartBits, near);
        _best = [.. Learned.Select(tensor => new float[tensor.Columns])];
        Keep();
    }

    public override IReadOnlyList<Tensor> Inputs => [_training.X, _training.Y, _training.Linear!.X, _training.Linear.Y];

    protected override int Window => Math.Clamp(Bits.Count / 2, LeastValueSteps, ValueSteps);

    protected override IEnumerable<ClassPair> HeldOutPairs =>
        HeldOut.Pairs(Request.Joint, Request.Seed, Request.Cell, Request.Preset.HeldOutPairs, near: _near);

    private IReadOnlyList<Tensor> Learned => [_training.Parameters, _training.Linear!.Parameters];

    private int StepsSince => Bits.Count - _since;

    public static CanonicalEstimation Create(EstimationRequest request, MutualInformation about, Device device, DeviceInputs inputs)
    {
        var joint = request.Joint;
        var (x, y, correlations) = inputs.Canonical(joint, request.Preset.CanonicalColumns);
        var (factor, rate) = (new RateFactor(), request.Preset.Rate.At);
        var initial = CanonicalStart.Parameters(SupportMine.Shape(request, x, y), correlations, request.Seed, request.Cell);
        var drawsNear = request.Preset.NearOf(joint.Support.Count) > 0 && !SupportMine.TakesAll(joint, request.Preset);
        var near = drawsNear ? inputs.Near(joint, request.Preset.CanonicalColumns) : null;
        var training = Train(request.Preset);
        try
        {
            var (bits, nearShare) = CanonicalStart.Scale(device, training, initial,
                HeldOut.Pairs(joint, request.Seed, request.Cell, StartPairs, RandomStream.Start, near), near);
            if (nearShare < LeastNearShare)
            {
                training.Dispose();
                training = Train(request.Preset with { Pairs = request.Preset.Pairs * request.Preset.WideFactor });
            }

            var trace = new CanonicalTrace(bits, 0, x.Columns, correlations[0], correlations[^1],
                inputs.CanonicalMultiplyAdds(joint, request.Preset.CanonicalColumns), joint.X.Whitening(device.ShareOnHost)
                .Describe(), joint.Y.Whitening(device.ShareOnHost).Describe());
            return new(request, about, device, training, factor, trace, near);
        }
        catch
        {
            training.Dispose();
            throw;
        }

        CriticTraining Train(CriticPreset preset)
        {
            var linear = new LinearTerm(device, inputs.Whitened(joint.X), inputs.Whitened(joint.Y))
            {
                Rate = _ => factor.Value > 0 ? LinearRate : 0,
            };
            return SupportMine.CreateTraining(
                request with { Preset = preset }, device, x, y, initial, linear, step => factor.Value * rate(step), near);
        }
    }

    protected override StopReason Judge()
    {
        var mean = LastMean;
        if (mean >= Request.Joint.Bits - SupportMine.CeilingMargin)
            return StopReason.Ceiling;
        if (StepsSince % ValueSteps != 0)
            return StopReason.None;
        if (_backOffs > BackOffLimit)
            return StopReason.Level;
        if (mean < _bestMean - Math.Max(FallMargin, 3 * StandardError()))
        {
            BackOff();
            return StopReason.None;
        }

        if (mean > _bestMean)
        {
            _bestMean = mean;
            Keep();
        }

        var isLevel = StepsSince >= 2 * LevelWindow && MeanOfLast(LevelWindow) - MeanOfLast(LevelWindow, LevelWindow) < LevelMargin;
        return isLevel ? StopReason.Level : StopReason.None;
    }

    protected override double Value() => LastMean;

    protected override MutualInformation Explain(MutualInformation result) => result with
    {
        Canonical = _trace with { BackOffs = _backOffs },
        Doubt = result.MiBits < _trace.StartBits - FallMargin
            ? string.Create(CultureInfo.InvariantCulture, $"training fell from {_trace.StartBits:0.000} bits before any step")
            : result.Doubt,
    };

    private void BackOff()
    {
        foreach (var (tensor, values) in Learned.Zip(_best))
            Device.Upload(values, tensor);
        _since = Bits.Count;
        _factor.Value = ++_backOffs > BackOffLimit ? 0 : _factor.Value * BackOffFactor;
    }

    private void Keep()
    {
        foreach (var (tensor, values) in Learned.Zip(_best))
            Device.Download(tensor, values);
    }

    /// <summary>Standard error of the mean over the last window, as far as steps are independent.</summary>
    private double StandardError() => StandardDeviation.Of([.. Bits.TakeLast(Window)]) / Math.Sqrt(Window);

    /// <summary>What a back-off leaves of the rate.</summary>
    private sealed class RateFactor
    {
        public double Value { get; set; } = 1;
    }
}
