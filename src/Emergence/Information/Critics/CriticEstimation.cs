using System.Globalization;
using Emergence.Devices;
using Emergence.Devices.Critics;

namespace Emergence.Information.Critics;

/// <summary>A value that a trained critic yields: what all such estimators share.</summary>
internal abstract class CriticEstimation : Estimation
{
    /// <summary>What rounding in single precision may add to a value, in bits.</summary>
    private const double CeilingTolerance = 1e-4;

    private readonly MutualInformation _about;
    private readonly EstimationRequest _request;
    private readonly Device _device;
    private readonly List<double> _bits = [];
    private CriticTraining _training;

    /// <summary>Of trainings that were replaced.</summary>
    private (int Steps, double MultiplyAdds, double MaxScore, long NonFinite) _before;
    private StopReason _stoppedBy;

    /// <param name="request">What was asked.</param>
    /// <param name="about">What the data alone say.</param>
    /// <param name="device">Trains.</param>
    /// <param name="training">Disposed at the end.</param>
    protected CriticEstimation(EstimationRequest request, MutualInformation about, Device device, CriticTraining training) =>
        (_request, _about, _device, _training) = (request, about, device, training);

    public sealed override CriticTraining Training => _training;

    /// <summary>Value of every step, in bits: nowhere above I_emp.</summary>
    protected IReadOnlyList<double> Bits => _bits;

    protected EstimationRequest Request => _request;

    protected Device Device => _device;

    /// <summary>Steps at the end over which the value is the mean: 1 %, at least 50.</summary>
    protected virtual int Window => Math.Max(50, _bits.Count / 100);

    /// <summary>Bits of all the data less those of what is trained on: what a value over it is short of by the draw.</summary>
    protected virtual double Offset => 0;

    /// <summary>Mean over the last <see cref="Window"/> steps.</summary>
    protected double LastMean => MeanOfLast(Window);

    public sealed override bool IsFinished()
    {
        for (var step = _bits.Count - _before.Steps; step < _training.Values.Count; step++)
        {
            var value = _training.Values[step];
            if (!double.IsFinite(value.Bits) || value.NonFinite > 0)
            {
                _stoppedBy = StopReason.Failed;
                return true;
            }

            _bits.Add(value.Bits + Offset);
        }

        _stoppedBy = Judge();
        if (_stoppedBy == StopReason.None && _bits.Count >= _request.Preset.StepLimit)
            _stoppedBy = StopReason.Limit;
        if (_stoppedBy == StopReason.None)
            GoOn();
        return _stoppedBy != StopReason.None;
    }

    public sealed override MutualInformation Finish()
    {
        var all = WithTraining();
        var result = _about with
        {
            Preset = _request.Preset.Identity,
            Steps = _bits.Count,
            StoppedBy = _stoppedBy,
            Curve = _bits,
            MaxBits = _bits.DefaultIfEmpty(double.NaN).Max(),
            StepsAboveCeiling = _bits.Count(bits => bits > _request.Joint.Bits + CeilingTolerance),
            MaxScore = all.MaxScore,
            NonFinite = all.NonFinite,
            MultiplyAdds = all.MultiplyAdds,
        };
        if (_stoppedBy == StopReason.Failed)
            return result with { MiBits = double.NaN, Failure = Failure() };

        return Explain(result with { MiBits = Value(), LastMeanBits = LastMean, HeldOutBits = HeldOutBits() });
    }

    public override void Dispose() => _training.Dispose();

    /// <summary>Why the training may stop now, if it may.</summary>
    protected abstract StopReason Judge();

    protected abstract double Value();

    /// <summary>Called where a judgement lets the training go on.</summary>
    protected virtual void GoOn()
    {
    }

    /// <summary>Takes further steps with another training, of the same critic; the one before is the caller's to dispose.</summary>
    protected void Replace(CriticTraining training)
    {
        _before = WithTraining();
        _training = training;
    }

    /// <summary>What the frozen critic reads at the end on pairs that training did not choose.</summary>
    protected virtual double HeldOutBits() => HeldOut.Bits(_device, _training,
        HeldOut.Pairs(_request.Joint, _request.Seed, _request.Cell, _request.Preset.HeldOutPairs));

    /// <summary>Adds what an estimator knows about its value.</summary>
    protected virtual MutualInformation Explain(MutualInformation result) => result;

    /// <summary>Mean of <paramref name="count"/> steps that end <paramref name="skip"/> before the last.</summary>
    protected double MeanOfLast(int count, int skip = 0)
    {
        var (sum, end) = (0.0, _bits.Count - skip);
        var start = Math.Max(0, end - count);
        for (var step = start; step < end; step++)
            sum += _bits[step];
        return sum / (end - start);
    }

    private (int Steps, double MultiplyAdds, double MaxScore, long NonFinite) WithTraining()
    {
        var values = _training.Values;
        return (_before.Steps + values.Count, _before.MultiplyAdds + values.Count * _training.StepMultiplyAdds,
            Math.Max(_before.MaxScore, values.Max(value => value.MaxScore)),
            _before.NonFinite + values.Sum(value => (long)value.NonFinite + (double.IsFinite(value.Bits) ? 0 : 1)));
    }

    private string Failure()
    {
        var last = _bits.Count == 0 ? "no finite value" : "last finite " + _bits[^1].ToString("0.00", CultureInfo.InvariantCulture);
        return $"failed at step {_bits.Count}, {last}";
    }
}
