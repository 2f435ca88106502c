using System.Globalization;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Benchmarks;

/// <summary>
/// Multiply-adds of a whole training: s-mine beside the published protocol, at the first and the second word of all
/// 303,600 four-shot sequences of 25 countries (25 and 600 classes, equally often). States are random: cost does not depend
/// on them, and where s-mine stops little. Counts, not times: a busy machine does not change them.
/// </summary>
internal static class MineCostBenchmark
{
    private const int Columns = 768, Sequences = 25 * 24 * 23 * 22;

    /// <summary>The published protocol always takes all its steps; these are enough to count one.</summary>
    private const int CountedSteps = CriticPreset.CheckEvery;

    private static readonly (string Position, int Classes)[] Cells = [("t0", 25), ("t2", 25 * 24)];

    public static void Run(Arguments arguments)
    {
        using var device = arguments.OpenCpu();
        Machine.Print(device);
        Console.WriteLine(
            "| position | critic | estimator | pairs a step | steps | multiply-adds a step | multiply-adds | times s-mine's | by step |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var (position, classes) in Cells)
        {
            Canonical(device, position, classes);
            Trained(device, position, classes);
            Counted(position, classes);
        }
    }

    /// <summary>From canonical coordinates, to its end; the first seed makes the decomposition that the others share.</summary>
    private static void Canonical(Device device, string position, int classes)
    {
        using var batch = new EstimationBatch(device, 1);
        batch.Run([new(EstimatorTable.Find("s-mine"), Joint(classes), CriticPreset.Canonical, 1, 0)], (_, own) =>
        {
            var whole = own.MultiplyAdds + own.Canonical!.MultiplyAdds;
            var published = CriticPreset.Paper.StepLimit * new CriticShape(Columns, Columns, [.. CriticPreset.Paper.Widths])
                .ConcatenatedStepMultiplyAdds(2 * Sequences);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, 
                $"| {position} | 128-32-16-1 | s-mine, canonical: {own.MiBits:0.000} of {own.ExactBits:0.000} bits; "
                + $"{own.Canonical.MultiplyAdds:0.00e0} for the decomposition | {Pairs(classes, CriticPreset.Canonical)} | {own.Steps} | "
                + $"{own.MultiplyAdds / own.Steps:0.00e0} | {whole:0.00e0} | 1.0; the published protocol {published / whole:0} | |"));
        }, CancellationToken.None);
    }

    /// <summary>The small critic: s-mine to its end, the published protocol for as long as it takes to count.</summary>
    private static void Trained(Device device, string position, int classes)
    {
        var joint = Joint(classes);
        var preset = CriticPreset.Small;
        var results = new Dictionary<string, MutualInformation>();
        using var batch = new EstimationBatch(device, 1);
        batch.Run(
            [new(EstimatorTable.Find("s-mine"), joint, preset, 1, 0),
                new(EstimatorTable.Find("paper"), joint, preset with { StepLimit = CountedSteps }, 1, 0)],
            (_, result) => results.Add(result.Estimator, result),
            CancellationToken.None);
        var (own, paper) = (results["s-mine"], results["paper"]);
        var ownStep = own.MultiplyAdds / own.Steps;
        Print(position, "64-32-16-1",
            $"s-mine, ended by {own.StoppedBy.ToString().ToLowerInvariant()} at {own.MiBits:0.000} of {own.ExactBits:0.000} bits",
            Pairs(classes, preset), own.Steps, ownStep, own.MultiplyAdds, ownStep);
        var paperStep = paper.MultiplyAdds / paper.Steps;
        Print(position, "64-32-16-1", "paper, as here (first layer by class)", 2 * Sequences, preset.StepLimit, paperStep, own.MultiplyAdds,
            ownStep);
        Print(position, "64-32-16-1", "paper, as published (first layer by pair)", 2 * Sequences, preset.StepLimit,
            new CriticShape(Columns, Columns, [.. preset.Widths]).ConcatenatedStepMultiplyAdds(2 * Sequences), own.MultiplyAdds, ownStep);
    }

    /// <summary>The published critic, with as many steps for both: counted, not trained.</summary>
    private static void Counted(string position, int classes)
    {
        var preset = CriticPreset.Paper;
        var shape = new CriticShape(Columns, Columns, [.. preset.Widths]);
        var own = shape.StepMultiplyAdds(classes, classes, Pairs(classes, preset));
        const string Critic = "768-384-...-1";
        Print(position, Critic, "s-mine, if it never stopped early", Pairs(classes, preset), preset.StepLimit, own, own * preset.StepLimit,
            own);
        Print(position, Critic, "paper, as here (first layer by class)", 2 * Sequences, preset.StepLimit,
            shape.StepMultiplyAdds(classes, classes, 2 * Sequences), own * preset.StepLimit, own);
        Print(position, Critic, "paper, as published (first layer by pair)", 2 * Sequences, preset.StepLimit,
            shape.ConcatenatedStepMultiplyAdds(2 * Sequences), own * preset.StepLimit, own);
    }

    private static int Pairs(int classes, CriticPreset preset)
    {
        var all = classes * classes;
        var drawn = preset.PairsFor(classes);
        return all - classes <= drawn ? all : classes + drawn;
    }

    private static JointClasses Joint(int classes)
    {
        var counts = Enumerable.Repeat((double)Sequences / classes, classes).ToArray();
        RowClasses Side(uint cell)
        {
            var random = new RandomSequence(1, cell, RandomStream.Samplers);
            return new([.. Enumerable.Range(0, classes * Columns).Select(_ => (float)random.NextNormal())], Columns, counts);
        }

        return new(Side(1), Side(2), isEnumeration: true);
    }

    private static void Print(string position, string critic, string estimator, int pairs, int steps, double step, double own,
        double ownStep) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, 
            $"| {position} | {critic} | {estimator} | {pairs} | {steps} | {step:0.00e0} | {steps * step:0.00e0} | "
            + $"{steps * step / own:0.0} | {step / ownStep:0.0} |"));
}
