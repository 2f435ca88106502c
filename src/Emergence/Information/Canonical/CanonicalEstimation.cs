using System.Globalization;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;
using Emergence.Information.Statistics;

namespace Emergence.Information.Canonical;

/// <summary>
/// "s-mine" from canonical coordinates. Few steps are needed, so the windows are short. Where training falls under what it has
/// had, it goes back there and on at a lower rate.
/// </summary>
internal sealed class CanonicalEstimation : CriticEstimation
{
    /// <summary>Steps whose mean is the value: the last half of them, so many at least and at most. Batches differ, so that the mean over
    /// more steps says whether it has arrived, and the value is read from batches that were not trained on.</summary>
    private const int LeastValueSteps = 5, ValueSteps = 10, ValueStepsInBatches = 40;

    /// <summary>Steps on a batch: to make it takes about as long.</summary>
    private const int StepsOfBatch = 10;

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

    /// <summary>Steps that differ, by their batches or their draws, hold a training level under what a lower rate reaches: so often the
    /// rate falls where it is level, and training goes on.</summary>
    private const int PlateauLimit = 2;

    /// <summary>Rate of the linear term.</summary>
    private const double LinearRate = 2e-3;

    /// <summary>Where near pairs hold less of the partition off the support at the start, it hangs on all pairs: more are drawn.</summary>
    private const double LeastNearShare = 0.5;

    /// <summary>A start that holds less than this part of what there is is far: the sides do not correspond by lines, and what lies near
    /// each other says nothing. No pairs are drawn for that, the rate is higher, and training goes back only where it falls under the
    /// start.</summary>
    private const double LeastStart = 0.5;

    private readonly CanonicalData _data;
    private readonly bool _isFar;
    private readonly RateFactor _factor;
    private readonly CanonicalTrace _trace;
    private readonly float[][] _best;
    private CanonicalTraining _current;
    private double _bestMean;
    private int _backOffs;
    private int _plateaus;

    /// <summary>The step from which windows may begin: where the rate fell last.</summary>
    private int _since;

    private CanonicalEstimation(EstimationRequest request, MutualInformation about, Device device, CanonicalData data, bool isFar,
        CanonicalTraining current, RateFactor factor, CanonicalTrace trace)
        : base(request, about, device, current.Training)
    {
        (_data, _isFar, _current, _factor, _trace, _bestMean) = (data, isFar, current, factor, trace, trace.StartBits);
        _best = [.. Learned.Select(tensor => new float[tensor.Columns])];
        Keep();
    }

    public override IReadOnlyList<Tensor> Inputs => _data.SharedInputs;

    protected override int Window => _data.IsInBatches ? ValueStepsInBatches : Math.Clamp(Bits.Count / 2, LeastValueSteps, ValueSteps);

    protected override double Offset => _current.Pairs is PairBatch batch ? Request.Joint.Bits - batch.Bits : 0;

    private int LongestWindow => _data.IsInBatches ? ValueStepsInBatches : ValueSteps;

    private IReadOnlyList<Tensor> Learned => [_current.Training.Parameters, _current.Training.Linear!.Parameters];

    private int StepsSince => Bits.Count - _since;

    public static CanonicalEstimation Create(EstimationRequest request, MutualInformation about, Device device, DeviceInputs inputs)
    {
        var (joint, factor, rate) = (request.Joint, new RateFactor(), request.Preset.Rate.At);
        var pairs = joint.CanonicalPairs(request.Preset.CanonicalColumns, device.ShareOnHost);
        var correlations = pairs.Correlations;
        var shape = new CriticShape(correlations.Count, correlations.Count, [.. request.Preset.Widths]);
        var parameters = CanonicalStart.Parameters(shape, correlations, request.Seed, request.Cell);
        var data = CanonicalData.Of(request, device, inputs,
            (step => factor.Value * rate(step), _ => factor.Value > 0 ? LinearRate : 0));
        var current = data.Next(parameters);
        try
        {
            ScoredPairs[] judges = [.. data.Score(current, isStart: true)];
            var (bits, nearShare) = CanonicalStart.Scale(shape, parameters, judges);
            if (data.IsInBatches)
                bits += joint.Bits - judges.Sum(part => part.Bits);
            var isFar = current.Near != null && !data.IsInBatches && bits < LeastStart * joint.Bits;
            if (isFar || nearShare < LeastNearShare)
            {
                factor.Value = isFar ? request.Preset.FarRate : 1;
                data.Preset = request.Preset with
                {
                    Pairs = request.Preset.Pairs * request.Preset.WideFactor,
                    NearPairs = isFar ? 0 : request.Preset.NearPairs,
                };
                current.Dispose();
                current = data.Next(parameters);
            }

            device.Upload(parameters, current.Training.Parameters);
            var trace = new CanonicalTrace(bits, 0, correlations.Count, correlations[0], correlations[^1], data.MultiplyAdds,
                pairs.X.Describe(), pairs.Y.Describe());
            return new(request, about, device, data, isFar, current, factor, trace);
        }
        catch
        {
            current.Dispose();
            throw;
        }
    }

    public override void Dispose() => _current.Dispose();

    protected override StopReason Judge()
    {
        var mean = LastMean;
        if (Bits.Count >= Window && mean >= Request.Joint.Bits - SupportMine.CeilingMargin)
            return StopReason.Ceiling;
        if (StepsSince % LongestWindow != 0)
            return StopReason.None;
        if (_backOffs > BackOffLimit)
            return StopReason.Level;
        if (mean < (_isFar ? _trace.StartBits : _bestMean) - Math.Max(FallMargin, 3 * StandardError()))
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
        if (!isLevel || !(_data.IsInBatches || _isFar) || _plateaus == PlateauLimit)
            return isLevel ? StopReason.Level : StopReason.None;
        (_plateaus, _since) = (_plateaus + 1, Bits.Count);
        _factor.Value *= BackOffFactor;
        return StopReason.None;
    }

    protected override double Value() => LastMean;

    protected override void GoOn()
    {
        if (!_data.IsInBatches || Bits.Count % StepsOfBatch != 0)
            return;
        var next = _data.Next(_best[0]);
        next.Training.GoOnFrom(Device, _current.Training);
        Replace(next.Training);
        _current.Dispose();
        _current = next;
    }

    protected override double HeldOutBits()
    {
        var reach = 0.0;
        var bits = HeldOut.Bits(_data.Score(_current, isStart: false).Select(part =>
        {
            reach += part.Bits;
            return (part.Pairs, part.Scores);
        }));
        return _data.IsInBatches ? bits + Request.Joint.Bits - reach : bits;
    }

    protected override MutualInformation Explain(MutualInformation result)
    {
        var bits = _data.IsInBatches ? result.HeldOutBits : result.MiBits;
        return result with
        {
            MiBits = bits,
            Canonical = _trace with { BackOffs = _backOffs },
            Doubt = bits < _trace.StartBits - FallMargin
                ? string.Create(CultureInfo.InvariantCulture, $"training fell from {_trace.StartBits:0.000} bits before any step")
                : result.Doubt,
        };
    }

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

    /// <summary>What the rate of the preset is multiplied by.</summary>
    private sealed class RateFactor
    {
        public double Value { get; set; } = 1;
    }
}
