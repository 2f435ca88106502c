using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Information.Gaussian;
using Emergence.Information.Statistics;

namespace Emergence.Information.Critics;

/// <summary>
/// One training on minibatches: four fifths of the rows train, a tenth chooses the best step, a tenth gives the value.
/// Every 50 steps the validation rows are scored; if their value has gained little for long, the training is level.
/// </summary>
internal sealed class MinibatchEstimation : Estimation
{
    private const int StepLimit = 5_000;
    private const double Rate = 1e-3;

    /// <summary>So many steps without a gain of GainMargin bits on the validation rows: level.</summary>
    private const int Patience = 1_000;
    private const double GainMargin = 0.005;

    /// <summary>Pairs scored on the validation rows, every 50 steps, and on the test rows, once.</summary>
    private const int ValidationPairs = 1 << 14, TestPairs = 1 << 20;

    /// <summary>Neither the value nor its error says much with fewer rows.</summary>
    private const int FewestTestRows = 50;

    private static readonly int[] Widths = [64, 64, 1];

    private readonly EstimationRequest _request;
    private readonly MutualInformation _about;
    private readonly CriticObjective _objective;
    private readonly MinibatchScores _scores;
    private readonly Device _device;
    private readonly Tensor[] _moments;
    private readonly Tensor _gradient;
    private readonly RandomSequence _random;
    private readonly int[] _training;
    private readonly int[] _validation;
    private readonly int[] _test;
    private readonly double[] _scoreGradients;
    private readonly float[] _best;
    private readonly List<double> _bits = [];
    private readonly int _batchRows;
    private readonly int _shifts;
    private int _next;
    private double _bestChoice = double.NegativeInfinity;
    private (int Step, double Choice) _lastGain = (0, double.NegativeInfinity);
    private double _largest;
    private StopReason _stoppedBy;

    public MinibatchEstimation(EstimationRequest request, MutualInformation about, Device device, DeviceInputs inputs,
        MinibatchEstimator estimator)
    {
        (_request, _about, _device) = (request, about, device);
        _objective = estimator.CreateObjective();
        var rows = request.Joint.Rows(estimator.Name);
        var order = Enumerable.Range(0, rows.A.Length).ToArray();
        _random = new RandomSequence(request.Seed, request.Cell, RandomStream.Resampling);
        _random.Shuffle(order.AsSpan());
        var tenth = order.Length / 10;
        (_test, _validation, _training) = (order[..tenth], order[tenth..(2 * tenth)], order[(2 * tenth)..]);
        _next = _training.Length;
        _batchRows = Math.Min(estimator.BatchRows, _training.Length);
        _shifts = Math.Min(estimator.Shifts, _batchRows - 1);
        IsExhaustive = estimator.Shifts == estimator.BatchRows - 1;
        _scoreGradients = new double[(_shifts + 1) * _batchRows];

        var (x, y) = (inputs.Standardised(request.Joint.X), inputs.Standardised(request.Joint.Y));
        var shape = new CriticShape(x.Columns, y.Columns, Widths);
        Inputs = [x, y];
        _scores = new MinibatchScores(device, shape, x, y, rows.A, rows.B, _batchRows, _shifts,
            CriticInitialization.Xavier(shape, request.Seed, request.Cell));
        _moments = [device.Allocate(1, shape.ParameterCount), device.Allocate(1, shape.ParameterCount)];
        _gradient = device.Allocate(1, shape.ParameterCount);
        _best = new float[shape.ParameterCount];
    }

    public override IReadOnlyList<Tensor> Inputs { get; }

    /// <summary>Device memory beside the inputs: a batch, the state, and the rows held out while they are judged.</summary>
    public static long EstimateBytes(Device device, MinibatchEstimator estimator, int rows, int columns)
    {
        var shape = new CriticShape(columns, columns, Widths);
        var (batch, heldOut) = (Math.Min(estimator.BatchRows, rows), Math.Max(1, rows / 10));
        var shifts = Math.Min(estimator.Shifts, batch - 1);
        using var plan = device.Plan();
        using Tensor x = plan.Device.Allocate(rows, columns), y = plan.Device.Allocate(rows, columns);
        int[] all = [.. Enumerable.Range(0, rows)];
        return plan.MostBytesOf(() =>
        {
            using var moments = plan.Device.Allocate(2, shape.ParameterCount);
            using var scores = new MinibatchScores(plan.Device, shape, x, y, all, all, batch, shifts, new float[shape.ParameterCount]);
            using var gradient = plan.Device.Allocate(1, shape.ParameterCount);
            var values = scores.Forward(all.AsSpan(0, batch));
            scores.Backward(values, gradient);
            scores.Score(all.AsSpan(0, heldOut), Math.Min(shifts, heldOut - 1));
        });
    }

    /// <summary>The objective compares all rows of a batch, so that rows held out are judged batch by batch too.</summary>
    private bool IsExhaustive { get; }

    public override void Step(int steps)
    {
        for (var i = 0; i < steps && _stoppedBy == StopReason.None; i++)
        {
            if (_next + _batchRows > _training.Length)
            {
                _random.Shuffle(_training.AsSpan());
                _next = 0;
            }

            var scores = _scores.Forward(_training.AsSpan(_next, _batchRows));
            _next += _batchRows;
            foreach (var score in scores)
                _largest = Math.Max(_largest, Math.Abs(score));
            var bits = _objective.Bits(scores, _batchRows);
            if (!double.IsFinite(bits) || !double.IsFinite(_largest))
            {
                _stoppedBy = StopReason.Failed;
                return;
            }

            _bits.Add(bits);
            _objective.Gradient(scores, _batchRows, _scoreGradients);
            _scores.Backward(_scoreGradients, _gradient);
            _device.Adam(_scores.Parameters, _gradient, _moments[0], _moments[1], Rate, _bits.Count);
        }
    }

    public override bool IsFinished()
    {
        if (_stoppedBy != StopReason.None)
            return true;
        var choice = Judge(_validation, ValidationPairs, _objective.Choice).Mean;
        if (choice > _bestChoice)
        {
            _bestChoice = choice;
            _device.Download(_scores.Parameters, _best);
        }

        if (choice > _lastGain.Choice + GainMargin)
            _lastGain = (_bits.Count, choice);
        if (_bits.Count - _lastGain.Step >= Patience)
            _stoppedBy = StopReason.Level;
        else if (_bits.Count >= StepLimit)
            _stoppedBy = StopReason.Limit;
        return _stoppedBy != StopReason.None;
    }

    public override MutualInformation Finish()
    {
        var result = _about with
        {
            Preset =
                $"critic {string.Join('-', Widths)}, batch {_batchRows} with {_shifts} shifts, Adam 1e-3, at most {StepLimit} steps, "
                + $"best on a tenth, value on a tenth",
            Steps = _bits.Count,
            StoppedBy = _stoppedBy,
            Curve = _bits,
            MaxBits = _bits.DefaultIfEmpty(double.NaN).Max(),
            MaxScore = _largest,
            NonFinite = _stoppedBy == StopReason.Failed ? 1 : 0,
            MultiplyAdds = _bits.Count * _scores.StepCost,
        };
        if (_stoppedBy == StopReason.Failed)
            return result with { MiBits = double.NaN, Failure = $"failed at step {_bits.Count + 1}: T or its value is not finite" };
        if (!_about.IsCounted && LinearDependence.IsExact(new PairedRows(_request.Joint)))
            return result with { MiBits = double.PositiveInfinity };

        _device.Upload(_best, _scores.Parameters);
        var (bits, error) = Judge(_test, TestPairs, _objective.Bits);
        return result with
        {
            MiBits = bits,
            HeldOutBits = bits,
            SamplingErrorBits = error,
            Doubt = _test.Length < FewestTestRows ? $"judged by {_test.Length} rows" : null,
            ResolvableBits = Math.Log2(IsExhaustive ? _batchRows : _test.Length) - (IsExhaustive ? 0.5 : 0),
        };
    }

    public override void Dispose()
    {
        _scores.Dispose();
        _gradient.Dispose();
        foreach (var moment in _moments)
            moment.Dispose();
    }

    private delegate double Reading(ReadOnlySpan<double> scores, int rows);

    /// <summary>What held-out rows say, and the standard error of it: SD of T over the rows' own pairs / sqrt(n).</summary>
    private (double Mean, double StandardError) Judge(int[] rows, int pairs, Reading value)
    {
        var group = IsExhaustive ? Math.Min(_batchRows, rows.Length) : rows.Length;
        var shifts = IsExhaustive ? group - 1 : Math.Clamp(pairs / rows.Length, 1, rows.Length - 1);
        var (sum, groups, own) = (0.0, 0, new List<double>());
        for (var start = 0; start + group <= rows.Length; start += group)
        {
            var scores = _scores.Score(rows.AsSpan(start, group), shifts);
            own.AddRange(scores.AsSpan(0, group));
            sum += value(scores, group);
            groups++;
        }

        return (sum / groups, StandardDeviation.Of(own) / Math.Log(2) / Math.Sqrt(own.Count));
    }
}
