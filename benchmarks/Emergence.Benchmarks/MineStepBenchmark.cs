using System.Diagnostics;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Benchmarks;

/// <summary>The published step: N = 20,000 rows of 768 + 768 columns, one shuffle, ten layers.</summary>
internal static class MineStepBenchmark
{
    private const int Rows = 20_000, Columns = 768;

    public static void Run(Arguments arguments)
    {
        using var device = arguments.OpenCpu();
        Machine.Print(device);
        var before = PeakMebibytes();
        using var x = Inputs(device, 1);
        using var y = Inputs(device, 2);
        using var training = Create(device, x, y);
        if (!arguments.Peer)
        {
            CriticOps.Print(device, training, arguments.Rounds, 1);
            return;
        }

        string[] forms = ["published", "split"];
        PeerProcess[] peers = [
            .. arguments.PyTorch ? forms.Select(form => PeerProcess.Script("mine_step_torch.py", form, $"{arguments.Threads}")) : [],
            .. arguments.TorchSharp ? forms.Select(form => PeerProcess.TorchSharp(form, $"{arguments.Threads}")) : []
        ];
        var samples = Rounds.Run(
            arguments.Rounds,
            [() => Rounds.Time(() => device.Train([training], 1)), .. peers.Select<PeerProcess, Func<Sample>>(peer => peer.Run)]);
        Console.WriteLine("| step | seconds | processor seconds | times as long as ours | by processor time | peak MiB |");
        Console.WriteLine("|---|---|---|---|---|---|");
        Report("ours", samples[0], samples[0], PeakMebibytes() - before);
        foreach (var (i, peer) in peers.Index())
        {
            var form = i % 2 == 0 ? "published form" : "split first layer";
            Report($"{peer.Description}, {form}", samples[i + 1], samples[0], peer.PeakMebibytes);
            peer.Dispose();
        }

        Console.WriteLine($"our process at its peak: {PeakMebibytes():0} MiB; peaks are above what each process had before its inputs");
    }

    private static Tensor Inputs(Device device, int seed)
    {
        var random = new Random(seed);
        var tensor = device.Allocate(Rows, Columns);
        var row = new float[Columns];
        for (var r = 0; r < Rows; r++)
        {
            for (var c = 0; c < Columns; c++)
                row[c] = 2 * random.NextSingle() - 1;
            device.Upload(row, tensor.RowRange(r, 1));
        }

        return tensor;
    }

    private static CriticTraining Create(Device device, Tensor x, Tensor y)
    {
        var shape = new CriticShape(Columns, Columns, 768, 384, 192, 96, 48, 24, 12, 6, 3, 1);
        int[] rows = [.. Enumerable.Range(0, Rows)];
        double[] some = [.. Enumerable.Repeat(1.0 / Rows, Rows)], none = new double[Rows];
        var random = new Random(3);
        float[] initial = [.. Enumerable.Range(0, shape.ParameterCount).Select(_ => 0.06f * (random.NextSingle() - 0.5f))];
        return new(device, shape, x, y, rows, rows, [.. some, .. none], [.. none, .. some], new ShuffledPairs(Rows), initial)
        {
            Rate = _ => 1e-4,
        };
    }

    private static double PeakMebibytes()
    {
        using var self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64 / 1048576.0;
    }

    private static void Report(string name, Sample[] samples, Sample[] ours, double peak)
    {
        var wall = Rounds.Ratio(samples, ours, s => s.Wall);
        var processor = Rounds.Ratio(samples, ours, s => s.Processor);
        Console.WriteLine(
            $"| {name} | {Rounds.Median(samples.Select(s => s.Wall)):0.00} | {Rounds.Median(samples.Select(s => s.Processor)):0.00} | "
            + $"{wall:0.00} | {processor:0.00} | {peak:0} |");
    }
}
