using System.Diagnostics;
using Emergence.Capture;
using Emergence.Devices;
using Emergence.Lab.Benchmarks;
using Emergence.Models;

namespace Emergence.Cli;

/// <summary>The forward pass of a model with the residual stream at every boundary, as <c>measure</c> runs it.</summary>
internal static class ForwardBench
{
    private const int Fewest = 3, Most = 1_000;

    private static (int Sequences, int Tokens) Shape(string text)
    {
        var parts = text.Split('x');
        return parts.Length == 2 && int.TryParse(parts[0], out var sequences) && int.TryParse(parts[1], out var tokens) && sequences > 0
            && tokens > 0
            ? (sequences, tokens)
            : throw new EmergenceException($"expected sequences and tokens such as 4096x8, found '{text}'", ExitCode.Usage);
    }

    /// <summary>Sequences and tokens of each shape in a text such as "4096x8,8x128".</summary>
    public static IReadOnlyList<(int Sequences, int Tokens)> Shapes(string text) => [.. text.Split(',').Select(Shape)];

    /// <summary>One row for each of the shapes.</summary>
    public static void Measure(string folder, IReadOnlyList<(int Sequences, int Tokens)> shapes, Device device, BenchRun run)
    {
        using var model = LanguageModel.Load(folder, device);
        foreach (var shape in shapes)
            run.Measure("forward", model.Architecture, $"{shape.Sequences}x{shape.Tokens}", () =>
                Measure(model, shape, run.Seconds, run.Cancellation));
    }

    /// <summary>Whole passes on the host's clock, until the given time is used up.</summary>
    private static BenchRow Measure(LanguageModel model, (int Sequences, int Tokens) shape, double seconds, CancellationToken cancellation)
    {
        var forest = PrefixForest.Macro(Random(model, shape), model.Config);
        using var stream = new BoundaryStream(model, forest);
        Pass(model, stream, cancellation);
        var samples = new List<WorkTime>();
        for (var used = 0.0; samples.Count < Fewest || (used < seconds && samples.Count < Most); used += samples[^1].Device)
        {
            var watch = Stopwatch.StartNew();
            Pass(model, stream, cancellation);
            samples.Add(new(watch.Elapsed.TotalSeconds, watch.Elapsed.TotalSeconds));
        }

        var flops = 2 * Multiplied(model.Config.Shape) * forest.Count;
        return new("forward", model.Architecture, "",
            $"{shape.Sequences}x{shape.Tokens} tokens, {model.Layers} layers of {model.Width}, {forest.Count} prefixes", "",
            Timing.Of(samples, 1), 0, flops);
    }

    /// <summary>Weights of the blocks that a row is multiplied with: of experts those it is sent to.</summary>
    private static double Multiplied(ModelShape shape) => WeightPlan.Units(shape).Blocks.Index().Sum(block =>
        block.Item.Where(weight => weight.Layer != null).Sum(weight => (double)weight.Rows * weight.Columns
            * (weight.IsOfExperts && shape.Blocks[block.Index].Experts is { } experts ? (double)experts.Chosen / experts.Count : 1)));

    private static void Pass(LanguageModel model, BoundaryStream stream, CancellationToken cancellation)
    {
        foreach (var _ in stream.Run(cancellation))
        {
        }

        model.Device.Synchronize();
    }

    /// <summary>No two sequences begin alike, as far as the vocabulary reaches: sharing prefixes would flatter the pass.</summary>
    private static int[][] Random(LanguageModel model, (int Sequences, int Tokens) shape)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, shape.Sequences).Select(row => Enumerable.Range(0, shape.Tokens)
            .Select(t => t == 0 ? row % model.VocabularySize : random.Next(model.VocabularySize)).ToArray())];
    }
}
