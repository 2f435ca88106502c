using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;
using Emergence.Information.Exact;

namespace Emergence.Information.Critics;

/// <summary>
/// "paper": the protocol of Chen et al. (ACL 2025), kept for reproduction: raw columns of one slice, all N rows, a fresh
/// shuffle of y each step for the product of the margins, and the maximum over the steps as the value. It can exceed the
/// information of the data by any amount.
/// </summary>
internal sealed class PublishedMine : Estimator
{
    internal const string EstimatorName = "paper";

    /// <summary>Columns of a slice.</summary>
    internal const int SliceColumns = 768;

    public override string Name => EstimatorName;

    public override string Description => "the published protocol: full-batch shuffles, the maximum over the steps; biased upwards";

    public override bool IsRandom => true;

    internal override long TrainingBytes(Device device, CriticPreset preset, int classes, int rows, int columns)
    {
        var slice = Math.Min(SliceColumns, columns);
        int[] own = [.. Enumerable.Range(0, rows).Select(row => row % classes)];
        var shape = new CriticShape(slice, slice, [.. preset.Widths]);
        return CriticTraining.EstimateBytes(device, shape, classes, classes, own, own, new ShuffledPairs(own, own));
    }

    internal override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs)
    {
        var joint = request.Joint;
        if (joint.X.NonFinite + joint.Y.NonFinite > 0)
            return new FinishedEstimation(Fail(request, $"{joint.X.NonFinite + joint.Y.NonFinite} inputs are not finite"));

        var x = SliceOf(inputs, joint.X, request.Slice);
        var y = SliceOf(inputs, joint.Y, request.Slice);
        var (a, b) = joint.Rows(EstimatorName);
        var rows = new ShuffledPairs(a, b);
        return new Run(request, Describe(request, double.NaN), device, CreateTraining(request, device, x, y, rows), rows);
    }

    /// <summary>N joint rows with p = 1/N, then N marginal rows with q = 1/N.</summary>
    private static CriticTraining CreateTraining(EstimationRequest request, Device device, Tensor x, Tensor y, ShuffledPairs rows)
    {
        var preset = request.Preset;
        var shape = new CriticShape(x.Columns, y.Columns, [.. preset.Widths]);
        var (none, each) = (new double[rows.Count], Enumerable.Repeat(1.0 / rows.Count, rows.Count).ToArray());
        var initial = CriticInitialization.Xavier(shape, request.Seed, request.Cell);
        return new(device, shape, x, y, [.. rows.X], [.. rows.Y], [.. each, .. none], [.. none, .. each], rows, initial)
        {
            Rate = preset.Rate.At,
            Seed = request.Seed,
            Cell = request.Cell,
        };
    }

    private static Tensor SliceOf(DeviceInputs inputs, RowClasses rows, int slice)
    {
        var start = (long)slice * SliceColumns;
        if (slice < 0 || start >= rows.Columns)
            throw new EmergenceException(
                $"slice {slice} starts at column {start}, but the vectors have {rows.Columns} columns: choose a slice from 0 to "
                + $"{(rows.Columns - 1) / SliceColumns}", ExitCode.Usage);
        return inputs.Slice(rows, (int)start, (int)Math.Min(SliceColumns, rows.Columns - start));
    }

    private sealed class Run(EstimationRequest request, MutualInformation about, Device device, CriticTraining training, ShuffledPairs rows)
        : CriticEstimation(request, about, device, training)
    {
        private readonly JointClasses _joint = request.Joint;
        private readonly int _start = request.Slice * SliceColumns;

        protected override StopReason Judge() => StopReason.None;

        protected override double Value() => Bits.Max();

        protected override MutualInformation Explain(MutualInformation result) =>
            result with { Protocol = ProtocolTrace.Of(_joint, rows, (_start, Training.X.Columns), Training) };
    }
}
