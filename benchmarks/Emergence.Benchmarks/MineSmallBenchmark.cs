using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;

namespace Emergence.Benchmarks;

/// <summary>Several trainings of preset small side by side, as the cells of a model are.</summary>
internal static class MineSmallBenchmark
{
    private const int Classes = 2000, Columns = 576, Sampled = 8192, Steps = 5;

    public static void Run(Arguments arguments)
    {
        using var device = arguments.OpenCpu();
        Machine.Print(device);
        var trainings = Enumerable.Range(0, arguments.Threads).Select(seed => Create(device, seed)).ToList();
        var samples = Rounds.Run(arguments.Rounds, () => Rounds.Time(() => device.Train(trainings, Steps)))[0];
        var steps = Steps * trainings.Count;
        var work = 2e-9 * (4.0 * Classes * Columns * 64 + 3.0 * (Classes + Sampled) * (64 * 32 + 32 * 16 + 16));
        var processor = Rounds.Median(samples.Select(s => s.Processor)) / steps;
        Console.WriteLine(
            $"{steps / Rounds.Median(samples.Select(s => s.Wall)):0.0} steps/s; {1e3 * processor:0.00} ms of processor time a step, "
            + $"{work / processor:0.0} GFLOP/s");
        CriticOps.Print(device, trainings[0], arguments.Rounds, Steps);
    }

    private static CriticTraining Create(Device device, int seed)
    {
        var random = new Random(seed);
        var shape = new CriticShape(Columns, Columns, 64, 32, 16, 1);
        var (x, y) = (device.Allocate(Classes, Columns), device.Allocate(Classes, Columns));
        device.Upload(Noise(Classes * Columns, 1), x);
        device.Upload(Noise(Classes * Columns, 1), y);
        int[] rows = [.. Enumerable.Range(0, Classes)];
        double[] weights = [.. Enumerable.Repeat(1.0 / Classes, Classes)];
        double[] joint = [.. weights, .. new double[Sampled]],
            marginal = [.. weights.Select(w => w / Classes), .. Enumerable.Repeat((1.0 - 1.0 / Classes) / Sampled, Sampled)];
        var source = new OffSupportPairs(Sampled, new AliasTable(weights), new AliasTable(weights), [.. rows.Select(i => (i, i))]);
        return new(device, shape, x, y, rows, rows, joint, marginal, source, Noise(shape.ParameterCount, 0.1f))
        {
            Rate = _ => 1e-3,
            Seed = (ulong)seed,
        };

        float[] Noise(int count, float scale) => [.. Enumerable.Range(0, count).Select(_ => scale * (2 * random.NextSingle() - 1))];
    }
}
