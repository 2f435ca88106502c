namespace Emergence.Benchmarks;

/// <summary>Linear layers of GPT-2 small and SmolLM2-135M over 4,096 rows, and the first layer of preset small.</summary>
internal static class GemmBenchmark
{
    private static readonly (int M, int N, int K)[] s_shapes =
        [(4096, 2304, 768), (4096, 3072, 768), (4096, 768, 768), (4096, 768, 3072), (4096, 576, 576), (4096, 1536, 576), (4096, 576, 1536),
            (2000, 64, 576)];

    public static void Run(Arguments arguments)
    {
        using var device = arguments.OpenCpu();
        var blas = arguments.Peer ? OpenBlas.TryOpen(arguments.Threads) : null;
        Machine.Print(device);
        Console.WriteLine(blas == null ? "peer: none (libopenblas.so.0)" : $"peer: {blas.Core}");
        Console.WriteLine("| M x N x K | GFLOP/s | OpenBLAS | ratio | ratio by processor time |");
        Console.WriteLine("|---|---|---|---|---|");
        var ratios = new List<double>();
        foreach (var (m, n, k) in s_shapes)
        {
            using var a = device.Allocate(m, k);
            using var b = device.Allocate(n, k);
            using var y = device.Allocate(m, n);
            var random = new Random(1);
            device.Upload(Enumerable.Range(0, m * k).Select(_ => random.NextSingle() - 0.5f).ToArray(), a);
            device.Upload(Enumerable.Range(0, n * k).Select(_ => random.NextSingle() - 0.5f).ToArray(), b);
            Func<Sample> ours = () => Rounds.TimeShort(() => device.MatMul(a, b, y, transposeB: true));
            var samples = blas == null
                ? Rounds.Run(arguments.Rounds, ours)
                : Rounds.Run(arguments.Rounds, ours, () => Rounds.TimeShort(() => blas.MatMul(m, n, k, a.Address, b.Address, y.Address)));
            var rates = samples.Select(s => 2e-9 * m * n * k / Rounds.Median(s.Select(x => x.Wall))).ToArray();
            var row = $"| {m} x {n} x {k} | {rates[0]:0.0} |";
            if (blas != null)
            {
                var processor = Rounds.Ratio(samples[1], samples[0], s => s.Processor);
                ratios.Add(Rounds.Ratio(samples[1], samples[0], s => s.Wall));
                row += $" {rates[1]:0.0} | {ratios[^1]:0.00} | {processor:0.00} |";
            }

            Console.WriteLine(row);
        }

        if (ratios.Count > 0)
            Console.WriteLine($"median ratio, the seven layers: {Rounds.Median(ratios.Take(7)):0.00}");
    }
}
