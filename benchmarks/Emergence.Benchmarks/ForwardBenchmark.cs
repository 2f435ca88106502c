using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Emergence.Capture;
using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Models;

namespace Emergence.Benchmarks;

/// <summary>
/// "forward": the forward pass of GPT-2-small's shape over 8 x 128 tokens with random weights, the residual stream at all
/// 13 boundaries kept, no LM head; by turns with the same in PyTorch.
/// usage: forward [--threads N] [--rounds N] [--no-peer]
/// </summary>
internal static class ForwardBenchmark
{
    private const int Rows = 8;
    private const int Tokens = 128;
    private const int Vocabulary = 1024;

    private const string Config = """
        {"model_type":"gpt2","n_layer":12,"n_embd":768,"n_head":12,"n_positions":1024,"vocab_size":1024,
         "activation_function":"gelu_new","layer_norm_epsilon":1e-5}
        """;

    public static int Run(string[] arguments)
    {
        var threads = Option(arguments, "--threads", Environment.ProcessorCount);
        var rounds = Option(arguments, "--rounds", 11);
        var folder = Directory.CreateTempSubdirectory("emergence-forward-").FullName;
        try
        {
            WriteCheckpoint(folder);
            using var device = DeviceTable.Create("cpu", new(Threads: threads));
            using var model = LanguageModel.Load(folder, device);
            using var peer = arguments.Contains("--no-peer") ? null : new PeerProcess("forward_torch.py", $"{threads}");
            Console.WriteLine($"ours: {device.Description}");
            Console.WriteLine($"peer: {peer?.Description ?? "none"}");
            Measure(model, peer, rounds);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Measure(LanguageModel model, PeerProcess? peer, int rounds)
    {
        var forest = PrefixForest.Macro(Sequences());
        var (ours, theirs) = (new List<(double Wall, double Busy)>(), new List<(double Wall, double Busy)>());
        for (var round = -1; round < rounds; round++)
        {
            var own = Forward(model, forest);
            var other = peer?.Run() ?? (double.NaN, double.NaN);
            if (round < 0)
                continue;
            ours.Add(own);
            theirs.Add(other);
            Console.WriteLine($"round {round + 1}: ours {own.Wall:f3} s, peer {other.Wall:f3} s, ratio {other.Wall / own.Wall:f2}; processor time {own.Busy:f3} s, {other.Busy:f3} s, ratio {other.Busy / own.Busy:f2}");
        }

        var speed = Rows * Tokens / Median(ours.Select(own => own.Wall));
        var wall = Median(ours.Zip(theirs, (own, other) => other.Wall / own.Wall));
        var busy = Median(ours.Zip(theirs, (own, other) => other.Busy / own.Busy));
        Console.WriteLine($"median: {speed:f0} tokens/s, ratio {wall:f2} (gate 1.3, goal 1.75); of processor time, for machines that are not quiet, {busy:f2}");
    }

    private static (double Wall, double Busy) Forward(LanguageModel model, PrefixForest forest)
    {
        var busy = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var kept = new List<float[]>();
        using var stream = new BoundaryStream(model, forest);
        foreach (var boundary in stream.Run())
        {
            kept.Add(new float[boundary.Rows.Count]);
            model.Device.Download(boundary.Rows, kept[^1]);
        }

        return (clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - busy).TotalSeconds);
    }

    /// <summary>No two sequences share a prefix.</summary>
    private static int[][] Sequences() =>
        [.. Enumerable.Range(0, Rows).Select(row => Enumerable.Range(0, Tokens).Select(t => t == 0 ? row : (row * 131 + t * 17) % Vocabulary).ToArray())];

    private static void WriteCheckpoint(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), Config);
        var plan = WeightPlan.Of(ModelConfig.Read(folder));
        using var writer = SafetensorsWriter.Create(
            Path.Combine(folder, "model.safetensors"),
            [.. plan.Select(weight => new TensorDeclaration(weight.Name, "F32", [.. weight.Sizes.Select(size => (long)size.Size)]))]);
        var random = new Random(1);
        foreach (var weight in plan)
        {
            var values = new float[weight.Rows * weight.Columns];
            for (var i = 0; i < values.Length; i++)
                values[i] = weight.Rows == 1 && weight.Name.EndsWith("weight", StringComparison.Ordinal) ? 1 : (float)(0.07 * (random.NextDouble() - 0.5));
            writer.Append(weight.Name, MemoryMarshal.AsBytes(values.AsSpan()));
        }

        writer.Commit();
    }

    private static int Option(string[] arguments, string name, int missing)
    {
        var at = Array.IndexOf(arguments, name);
        return at < 0 ? missing : int.Parse(arguments[at + 1], CultureInfo.InvariantCulture);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
