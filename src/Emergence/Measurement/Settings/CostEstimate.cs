using System.Diagnostics;
using Emergence.Devices;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Measurement.Grid;

namespace Emergence.Measurement.Settings;

/// <summary>What a measurement costs, before it is made.</summary>
/// <param name="Seconds">At most: every training runs to its step limit; none on the emulator, too slow for trial trainings.</param>
/// <param name="Memory">Of the device.</param>
/// <param name="Prefixes">Distinct prefixes that run through the model.</param>
public sealed record CostEstimate(double? Seconds, MemoryPlan Memory, int Prefixes)
{
    /// <summary>
    /// Times short trainings with the most classes that the data have, on random vectors of the model's width; other cells
    /// are scaled by their number of pairs.
    /// </summary>
    public static CostEstimate Of(MeasurementPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var passes = new MacroMicroPasses(plan.Data, plan.Config, plan.Settings.MicroPosition);
        var most = passes.Macro.Max(units => units.Count);
        var trainings = plan.Grid.Boundaries.Count * plan.Grid.Seeds.Count
            * plan.Grid.Positions.Sum(t => Share(passes.Macro[t]) + (passes.SameMicro[t] == t ? Share(passes.Micro[t]) : 0));
        var memory = MemoryPlan.Of(plan, passes);
        double? seconds = plan.Device.Traits.IsEmulated ? null : plan.Estimator.IsRandom && memory.Fits
            ? trainings * SecondsOfTraining(plan, most) : 0;
        return new CostEstimate(seconds, memory, passes.MacroForest.Count + passes.MicroForest.Count);

        int Pairs(int classes) => plan.Preset.PairsFor(classes);

        // A side with one class has no information, and nothing is trained.
        double Share(PositionClasses units) => units.Count == 1 ? 0 : (double)(units.Count + Pairs(units.Count)) / (most + Pairs(most));
    }

    /// <summary>What a training takes to its step limit beside others, from the difference of a short and a longer one.</summary>
    private static double SecondsOfTraining(MeasurementPlan plan, int classes)
    {
        var together = Math.Min(4, HostThreads.Allocated);
        var random = new Random(1);
        var weights = new double[classes];
        Array.Fill(weights, 1);
        var joint = new JointClasses(Side(), Side(), isEnumeration: true);

        // The first one also compiles the code it runs.
        Time(CriticPreset.CheckEvery);
        var once = Time(CriticPreset.CheckEvery);
        var step = Math.Max(0, Time(2 * CriticPreset.CheckEvery) - once) / CriticPreset.CheckEvery;
        return (once + step * (plan.Preset.StepLimit - CriticPreset.CheckEvery)) / together;

        double Time(int steps)
        {
            using var batch = new EstimationBatch(plan.Device, together);
            var watch = Stopwatch.StartNew();
            var preset = plan.Preset with { StepLimit = steps };
            batch.Run(Enumerable.Range(1, together).Select(seed => new EstimationRequest(plan.Estimator, joint, preset, (ulong)seed, 0)),
                (_, _) => { }, CancellationToken.None);
            return watch.Elapsed.TotalSeconds;
        }

        RowClasses Side() =>
            new([.. Enumerable.Range(0, classes * plan.Config.Width).Select(_ => random.NextSingle())], plan.Config.Width, weights);
    }
}
