using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Information.Canonical;
using Emergence.Information.Exact;

namespace Emergence.Information.Critics;

/// <summary>
/// "s-mine": MINE on the support. With S the pairs of classes that occur, V = sum_S p T - ln(sum_S u v e^T + the part off
/// S), where the part off S runs over all its pairs, or over P fresh ones a step with the weight m/P each. Whatever the
/// critic, V is never above I_emp.
/// </summary>
internal class SupportMine : Estimator
{
    /// <summary>A mean this close below the exact value, in bits, has reached it.</summary>
    internal const double CeilingMargin = 0.01;

    /// <summary>Steps of each of the two windows that are compared.</summary>
    private const int LevelWindow = 200;

    /// <summary>Windows whose means differ by less, in bits, are level.</summary>
    private const double LevelMargin = 0.005;

    internal const string EstimatorName = "s-mine";

    public override string Name => EstimatorName;

    public override string Description => "MINE on the classes of equal vectors: a trained lower bound that cannot exceed the exact value";

    public override bool IsRandom => true;

    /// <summary>Pairs off the support of <paramref name="joint"/>.</summary>
    /// <param name="joint">The data.</param>
    /// <param name="count">Pairs drawn from all of them, or from those that are not near.</param>
    /// <param name="stream">Random numbers that decide.</param>
    /// <param name="near">Pairs that are drawn by themselves, if any.</param>
    /// <param name="nearCount">Draws of those.</param>
    /// <returns>What draws them, and the weight of each: its part of the pairs off the support over the draws from there.</returns>
    internal static (PairSource Source, double[] Weights) OffSupport(WeightedPairs joint, int count, RandomStream stream,
        NearPairs? near = null, int nearCount = 0)
    {
        var support = near?.WithSupport ?? joint.Occurring;
        var others = new OffSupportPairs(count, new AliasTable(joint.XWeights), new AliasTable(joint.YWeights), support, stream);
        var weights = Enumerable.Repeat((1 - joint.SupportProduct - (near?.Product ?? 0)) / count, count);
        return near == null
            ? (others, [.. weights])
            : (new ListedPairs(nearCount, near.Weights!, near.A, near.B, others),
                [.. Enumerable.Repeat(near.Product / nearCount, nearCount), .. weights]);
    }

    /// <summary>Whether a step takes all pairs of classes, and draws none.</summary>
    internal static bool TakesAll(WeightedPairs joint, CriticPreset preset) =>
        joint.OffSupport <= preset.PairsFor(joint.Support.Count);

    /// <summary>Pairs of a training, of a batch of the data if there is one: those that stay, then those drawn anew each step.</summary>
    internal static CriticTraining CreateTraining(EstimationRequest request, Device device, Tensor x, Tensor y, ReadOnlySpan<float> initial,
        LinearTerm? linear = null, Func<int, double>? rate = null, NearPairs? near = null, WeightedPairs? batch = null)
    {
        var (joint, preset) = (batch ?? request.Joint, request.Preset);
        var shape = Shape(request, x, y);
        var takesAll = TakesAll(joint, preset);
        ClassPair[] fixedPairs = takesAll ? [.. joint.AllPairs()] : [.. joint.Support];
        var nearCount = near == null ? 0 : preset.NearOf(joint.Support.Count);
        var (source, weights) = takesAll ? (PairSource.None, [])
            : OffSupport(joint, preset.PairsFor(joint.Support.Count) - nearCount, RandomStream.Pairs, near, nearCount);
        return new(
            device,
            shape,
            x,
            y,
            [.. fixedPairs.Select(pair => pair.A)],
            [.. fixedPairs.Select(pair => pair.B)],
            [.. fixedPairs.Select(pair => pair.Joint), .. new double[source.Count]],
            [.. fixedPairs.Select(pair => pair.Product), .. weights],
            source,
            initial,
            linear)
        {
            Rate = rate ?? preset.Rate.At,
            Seed = request.Seed,
            Cell = request.Cell,
        };
    }

    internal override long TrainingBytes(Device device, CriticPreset preset, int classes, int rows, int columns)
    {
        // A support that is as large as a side, which is the least that it can be.
        var isCanonical = preset.CanonicalColumns > 0;
        var read = isCanonical ? Math.Min(preset.CanonicalColumns, columns) : columns;
        if (!preset.TakesBatches(classes))
            return BytesOf(device, preset, classes, read, isCanonical ? columns : 0);
        using var plan = device.Plan();
        using var inputs = plan.Device.Allocate((2 + NearestClasses.PerClassOfMany) * preset.BatchPairs, read);

        // One batch is trained on, another is at hand.
        return 2 * (plan.Bytes + BytesOf(device, preset, preset.BatchPairs, read, read, NearestClasses.PerClassOfMany));
    }

    /// <param name="device">Trains.</param>
    /// <param name="preset">How.</param>
    /// <param name="classes">Of each side.</param>
    /// <param name="read">Columns.</param>
    /// <param name="whitened">Columns of the linear term.</param>
    /// <param name="beside">Classes of y for each that only near pairs have.</param>
    private static long BytesOf(Device device, CriticPreset preset, int classes, int read, int whitened, int beside = 0)
    {
        var (drawn, grid) = (preset.MostPairsFor(classes), (long)classes * classes);
        var shape = new CriticShape(read, read, [.. preset.Widths]);
        if (grid - classes <= drawn)
        {
            int[] a = [.. Enumerable.Range(0, (int)grid).Select(pair => pair / classes)], b = [.. a.Select((_, pair) => pair % classes)];
            return CriticTraining.EstimateBytes(device, shape, classes, classes, a, b, PairSource.None, whitened);
        }

        var uniform = new AliasTable([.. Enumerable.Repeat(1.0, classes)]);
        int[] own = [.. Enumerable.Range(0, classes)];
        var source = new OffSupportPairs(drawn, uniform, uniform, [.. own.Select(pair => (pair, pair))]);
        return CriticTraining.EstimateBytes(device, shape, classes, (1 + beside) * classes, own, own, source, whitened);
    }

    internal override int InputColumns(CriticPreset preset, int classes, int columns) => preset.CanonicalColumns == 0 ? columns
        : Math.Min(preset.CanonicalColumns, columns) + (preset.TakesBatches(classes) ? 0 : columns);

    internal override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs)
    {
        var joint = request.Joint;
        if (joint.X.NonFinite + joint.Y.NonFinite > 0)
            return new FinishedEstimation(Fail(request, $"{joint.X.NonFinite + joint.Y.NonFinite} inputs are not finite"));
        if (joint.HasConstantSide)
            return new FinishedEstimation(
                Describe(request, 0) with { Preset = request.Preset.Identity, MaxBits = 0, LastMeanBits = 0, HeldOutBits = 0 });

        if (request.Preset.CanonicalColumns > 0)
            return CanonicalEstimation.Create(request, Describe(request, double.NaN), device, inputs);
        var x = inputs.Standardised(joint.X);
        var y = inputs.Standardised(joint.Y);
        var initial = CriticInitialization.Xavier(Shape(request, x, y), request.Seed, request.Cell);
        return new Run(request, Describe(request, double.NaN), device, CreateTraining(request, device, x, y, initial));
    }

    internal static CriticShape Shape(EstimationRequest request, Tensor x, Tensor y) =>
        new(x.Columns, y.Columns, [.. request.Preset.Widths]);

    private sealed class Run(EstimationRequest request, MutualInformation about, Device device, CriticTraining training)
        : CriticEstimation(request, about, device, training)
    {
        private readonly double _ceiling = request.Joint.Bits;
        private readonly CriticPreset _preset = request.Preset;

        protected override StopReason Judge()
        {
            if (MeanOfLast(CriticPreset.CheckEvery) >= _ceiling - CeilingMargin)
                return StopReason.Ceiling;
            var mayStop = !_preset.GoesOnWhenLevel || Bits.Count >= _preset.StepLimit;
            var isLevel = mayStop && Bits.Count >= 2 * LevelWindow
                && Math.Abs(MeanOfLast(LevelWindow) - MeanOfLast(LevelWindow, LevelWindow)) < LevelMargin;
            return isLevel ? StopReason.Level : StopReason.None;
        }

        protected override double Value() => LastMean;
    }
}
