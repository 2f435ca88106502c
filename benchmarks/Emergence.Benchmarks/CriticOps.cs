using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Benchmarks;

/// <summary>Where the time of a training step goes, op by op.</summary>
internal static class CriticOps
{
    public static void Print(Device device, CriticTraining t, int rounds, int steps)
    {
        (string Name, Action Run)[] ops =
        [
            ("DrawPairs", () => device.DrawPairs(t.Source, 1, 0, 1, Drawn(t, t.A), Drawn(t, t.B))),
            ("CriticForward", () => t.Critic.Forward(t.Parameters, t.X, t.Y, t.A, t.B)),
            ("DonskerVaradhan", () => device.DonskerVaradhan(t.Critic.Scores, t.Joint, t.Marginal, t.Critic.ScoreGradients)),
            ("CriticBackward", () => t.Critic.Backward(t.Parameters, t.X, t.Y, t.A, t.B, t.Gradient)),
            ("Adam", () => device.Adam(t.Parameters, t.Gradient, t.FirstMoment, t.SecondMoment, 1e-3, 1)),
        ];
        Console.WriteLine("| op | ms of processor time | at best |\n|---|---|---|");
        foreach (var (name, op) in ops)
        {
            double[] samples = [.. Rounds.Run(rounds, () => Rounds.Time(() => Repeat(op, steps)))[0]
                .Select(s => 1e3 * s.Processor / steps)];
            Console.WriteLine($"| {name} | {Rounds.Median(samples):0.00} | {samples.Min():0.00} |");
        }
    }

    private static Tensor Drawn(CriticTraining t, Tensor index) => index.RowRange(t.FixedPairs, t.Source.Count);

    private static void Repeat(Action op, int steps)
    {
        for (var i = 0; i < steps; i++)
            op();
    }
}
