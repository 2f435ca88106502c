using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Information.Critics;

namespace Emergence.Lab.Benchmarks;

/// <summary>Pairs of a step and the passes of whole critics: the published one, and preset small on 2,000 classes.</summary>
internal static class PassBenches
{
    public static IEnumerable<OpBench> All(DeviceScale size)
    {
        if (size == DeviceScale.Tiny)
            return Of(StepBench.Published(33, 16, [16, 8, 1]), new(16, 16, 16, 8, 1), 33, 66);
        var (rows, columns, pairs) = (size == DeviceScale.Gpu ? 300_000 : 2_000, 768, 8_192);
        int[] published = [.. CriticPreset.Paper.Widths], small = [.. CriticPreset.Small.Widths];
        return
        [
            .. Of(StepBench.Published(rows, columns, published), new(columns, columns, published), rows, 2 * rows),
            .. Of(StepBench.OnSupport("small", 2_000, columns, small, pairs), new(columns, columns, small), 2_000, 2_000 + pairs),
        ];
    }

    /// <summary>
    /// The first layer once a class and the others once a pair; the backward pass does the latter twice, by weights and by inputs.
    /// </summary>
    private static IEnumerable<OpBench> Of(StepBench step, CriticShape shape, int classes, int pairs)
    {
        var first = 2.0 * classes * shape.InputColumns(0) * shape.Widths[0];
        var others = 2.0 * pairs * Enumerable.Range(1, shape.Layers - 1).Sum(
            layer => (double)shape.Widths[layer] * shape.InputColumns(layer));
        var text = $"{step.Name}, {step.Shape}";
        yield return new("DrawPairs", text, 0, 0, inputs =>
        {
            var (training, next) = (step.Prepare(inputs), 0);
            var (a, b) = (
                training.A.RowRange(training.FixedPairs, training.Source.Count),
                training.B.RowRange(training.FixedPairs, training.Source.Count));
            return () => inputs.Device.DrawPairs(training.Source, 1, 0, next++, a, b);
        });
        yield return new("CriticForward", text, 0, first + others, inputs =>
        {
            var t = step.Prepare(inputs);
            return () => t.Critic.Forward(t.Parameters, t.X, t.Y, t.A, t.B);
        });
        yield return new("CriticBackward", $"{text}, with its forward pass", 0, 2 * first + 3 * others, inputs =>
        {
            // A device may write gradients over the activations they belong to, so that each pass needs a forward one.
            var t = step.Prepare(inputs);
            t.Critic.Forward(t.Parameters, t.X, t.Y, t.A, t.B);
            inputs.Device.DonskerVaradhan(t.Critic.Scores, t.Joint, t.Marginal, t.Critic.ScoreGradients);
            return () =>
            {
                t.Critic.Forward(t.Parameters, t.X, t.Y, t.A, t.B);
                t.Critic.Backward(t.Parameters, t.X, t.Y, t.A, t.B, t.Gradient);
            };
        });
    }
}
