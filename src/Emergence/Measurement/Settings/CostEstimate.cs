using System.Diagnostics;
using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Noise;
using Emergence.Measurement.Grid;
using Emergence.Models;

namespace Emergence.Measurement.Settings;

/// <summary>How long a measurement takes, by what its shards share out and what each of them does for itself.</summary>
/// <param name="OfUnit">Seconds of all cells of a layer and a seed, every training to its step limit.</param>
/// <param name="LikelyOfUnit">Seconds of a unit whose trainings end by themselves; null if that takes too long to try.</param>
/// <param name="OfRows">Seconds of all rows through one block of the model.</param>
/// <param name="OfLink">Seconds of a streamed block from the host's memory to the device's, beside the rows of the block before it.</param>
public sealed record CostTimes(double OfUnit, double? LikelyOfUnit, double OfRows, double OfLink = 0)
{
    /// <summary>Seconds of a block: of what takes longer.</summary>
    public double OfBlock => Math.Max(OfRows, OfLink);
}

/// <summary>What a measurement costs, before it is made.</summary>
/// <param name="Times">Null on the emulator, too slow for trial trainings, and if it does not fit.</param>
/// <param name="Units">Layers times seeds.</param>
/// <param name="Blocks">Blocks of the model that run.</param>
/// <param name="Memory">Memory of the device.</param>
/// <param name="Prefixes">Distinct prefixes that run through the model.</param>
public sealed record CostEstimate(CostTimes? Times, int Units, int Blocks, MemoryPlan Memory, int Prefixes)
{
    /// <summary>Classes of the largest side that noise and trainings are tried on; a larger one takes so much longer at most.</summary>
    private const int MostTried = 4096;

    /// <summary>A trial of trainings that end by themselves is given up after about so long.</summary>
    private const double SecondsOfTrial = 4;

    /// <summary>At most.</summary>
    public double? Seconds => Times == null ? null : Units * Times.OfUnit + Blocks * Times.OfBlock;

    /// <summary>If trainings end as those do that were tried.</summary>
    public double? LikelySeconds =>
        Times?.LikelyOfUnit is { } unit ? Units * Math.Min(unit, Times.OfUnit) + Blocks * Times.OfBlock : null;

    /// <summary>
    /// Times short trainings and noise with the most classes that the data have, on invented vectors of the model's width, and a product of
    /// that width; other cells are scaled by their number of pairs.
    /// </summary>
    public static CostEstimate Of(MeasurementPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var passes = new MacroMicroPasses(plan.Data, plan.Config, plan.Settings.MicroPosition);
        var memory = MemoryPlan.Of(plan, passes);
        var prefixes = passes.MacroForest.Count + passes.MicroForest.Count;
        var blocks = Math.Min(plan.Grid.Boundaries.Max() + 1, plan.Config.Layers);
        var times = plan.Device.Traits.IsEmulated || !memory.Fits ? null : Time(plan, passes, prefixes, memory);
        return new CostEstimate(times, plan.Grid.Boundaries.Count * plan.Grid.Seeds.Count, blocks, memory, prefixes);
    }

    private static CostTimes Time(MeasurementPlan plan, MacroMicroPasses passes, int prefixes, MemoryPlan memory)
    {
        var tried = Math.Min(MostTried, passes.Macro.Max(units => units.Count));
        var noise = plan.Noise.IsOn ? SecondsOfNoise(plan, passes) : 0;
        var block = SecondsOfBlock(plan, prefixes);
        var link = memory.Blocks > 0 ? SecondsOfLink(plan) : 0;
        if (!plan.Estimator.IsRandom || plan.Estimator.Name == NoisyChannel.EstimatorName || tried == 1)
            return new(noise, noise, block, link);
        var trainings = plan.Grid.Positions.Sum(t => Share(passes.Macro[t]) + (passes.SameMicro[t] == t ? Share(passes.Micro[t]) : 0));
        var (longest, likely) = SecondsOfTraining(plan, tried);
        return new(noise + trainings * longest, noise + trainings * likely, block, link);

        // A side with one class has no information, and nothing is trained.
        double Share(PositionClasses units) => units.Count == 1 ? 0 : Pairs(units.Count) / Pairs(tried);

        // To make a batch takes about as long as the steps on it.
        double Pairs(int classes) => plan.Preset.TakesBatches(classes)
            ? 2 * (plan.Preset.BatchPairs + plan.Preset.Pairs)
            : (double)classes + plan.Preset.PairsFor(classes);
    }

    /// <summary>
    /// What a training takes beside others: to its step limit, from the difference of a short and a longer one on sides that have nothing
    /// to do with each other; and to where it ends by itself, on sides of which one is the other with a disturbance.
    /// </summary>
    private static (double Longest, double? Likely) SecondsOfTraining(MeasurementPlan plan, int classes)
    {
        var together = Math.Min(4, HostThreads.Allocated);

        // What is defined by its preset does not take a shorter one.
        var estimator = plan.Estimator is Resolved ? EstimatorTable.Find(SupportMine.EstimatorName) : plan.Estimator;
        var (x, other) = (Vectors(plan, classes, 1), Vectors(plan, classes, 2));
        float[] disturbed = [.. x.Zip(other, (own, noise) => own + noise / 2)];
        var (apart, near) = (Joint(other), Joint(disturbed));

        // The first one also compiles the code it runs.
        Run(apart, CriticPreset.CheckEvery);
        var once = Least(CriticPreset.CheckEvery);
        var step = Math.Max(0, Least(2 * CriticPreset.CheckEvery) - once) / CriticPreset.CheckEvery;
        var limit = plan.Preset.StepLimit;
        if (step > 0)
            limit = (int)Math.Clamp(SecondsOfTrial / step / CriticPreset.CheckEvery, 1, (double)limit / CriticPreset.CheckEvery)
                * CriticPreset.CheckEvery;
        var trial = Run(near, limit);
        return ((once + step * (plan.Preset.StepLimit - CriticPreset.CheckEvery)) / together,
            trial.HasEnded || limit == plan.Preset.StepLimit ? trial.Seconds / together : null);

        // Of two, so that what else the machine does now is not taken for the trainings' own.
        double Least(int steps) => Math.Min(Run(apart, steps).Seconds, Run(apart, steps).Seconds);

        (double Seconds, bool HasEnded) Run(JointClasses joint, int steps)
        {
            using var batch = new EstimationBatch(plan.Device, together);
            var (watch, hasEnded) = (Stopwatch.StartNew(), true);
            var preset = plan.Preset with { StepLimit = steps };
            batch.Run(Enumerable.Range(1, together).Select(seed => new EstimationRequest(estimator, joint, preset, (ulong)seed, 0)),
                (_, value) => hasEnded &= value.StoppedBy != StopReason.Limit, CancellationToken.None);
            return (watch.Elapsed.TotalSeconds, hasEnded);
        }

        JointClasses Joint(float[] y) => new(Side(plan, x), Side(plan, y), isEnumeration: true);
    }

    /// <summary>What noise takes of a seed at a layer, all positions of both kinds.</summary>
    private static double SecondsOfNoise(MeasurementPlan plan, MacroMicroPasses passes)
    {
        var draws = new NoiseDraws(1, 0, plan.Config.Width, NoiseSettings.Pairs);
        using var mixture = new NoiseMixture(plan.Device, draws, plan.Noise.Scale);
        var sides = plan.Grid.Positions.SelectMany(t => new[] { passes.Macro[t].Count, passes.Micro[t].Count }).ToList();
        var tried = Math.Min(MostTried, sides.Max());
        if (tried == 1)
            return 0;
        var classes = Side(plan, Vectors(plan, tried, 3));
        Read();
        var seconds = Read();
        return sides.Sum(count => count == 1 ? 0 : seconds * Work(count) / Work(tried));

        double Read()
        {
            var watch = Stopwatch.StartNew();
            mixture.Read(classes, draws.Places(classes.Weights), plan.Noise.SigmasOf(sides.Max()));
            return watch.Elapsed.TotalSeconds;
        }

        static double Work(int count) => (double)count * (NoiseSettings.Pairs + Math.Min(count, NoiseSettings.Pairs));
    }

    /// <summary>All rows through one block, at the rate of a matrix product of its width.</summary>
    private static double SecondsOfBlock(MeasurementPlan plan, int rows)
    {
        const int Rows = 256, Factor = 4;
        var width = plan.Config.Width;
        using Tensor x = plan.Device.Allocate(Rows, width), weight = plan.Device.Allocate(Factor * width, width),
            y = plan.Device.Allocate(Rows, Factor * width);
        Run();
        var seconds = Enumerable.Range(0, 3).Min(_ => Run());
        var weights = WeightPlan.Of(plan.Config).Where(row => row.Sizes.Length == 2
            && row.Name.StartsWith(plan.Config.Shape.Names.Block, StringComparison.Ordinal)).Sum(row => (double)row.Rows * row.Columns);
        return seconds * rows / Rows * (weights / plan.Config.Layers) / ((double)Factor * width * width);

        double Run()
        {
            var watch = Stopwatch.StartNew();
            plan.Device.MatMul(x, weight, y, transposeB: true);
            plan.Device.Synchronize();
            return watch.Elapsed.TotalSeconds;
        }
    }

    /// <summary>The weights that all rows of the largest block pass, at the rate of a part of them; none where device and host share their
    /// memory.</summary>
    private static double SecondsOfLink(MeasurementPlan plan)
    {
        const int Bytes = 1 << 26;
        if (plan.Device is HostDevice)
            return 0;
        using var staging = plan.Device.CreateStaging(Bytes);
        return Enumerable.Range(0, 3).Min(_ => Send()) * WeightSizes.Of(plan.Config).Blocks.Max(block => block.Always) / Bytes;

        double Send()
        {
            staging.Begin();
            plan.Device.Synchronize();
            var watch = Stopwatch.StartNew();
            staging.Send(0, Bytes);
            staging.Enter();
            plan.Device.Synchronize();
            staging.Leave();
            return watch.Elapsed.TotalSeconds;
        }
    }

    /// <summary>(classes, d), normal.</summary>
    private static float[] Vectors(MeasurementPlan plan, int classes, ulong seed)
    {
        var random = new RandomSequence(seed, 0, RandomStream.Noise);
        return [.. Enumerable.Range(0, classes * plan.Config.Width).Select(_ => (float)random.NextNormal())];
    }

    private static RowClasses Side(MeasurementPlan plan, float[] rows)
    {
        var weights = new double[rows.Length / plan.Config.Width];
        Array.Fill(weights, 1);
        return new(rows, plan.Config.Width, weights);
    }
}
