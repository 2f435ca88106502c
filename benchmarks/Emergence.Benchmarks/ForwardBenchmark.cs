using System.Runtime.InteropServices;
using Emergence.Capture;
using Emergence.Files.Safetensors;
using Emergence.Models;

namespace Emergence.Benchmarks;

/// <summary>
/// "forward": the forward pass of GPT-2-small's shape over 8 x 128 tokens with random weights, the residual stream at all
/// 13 boundaries kept, no LM head; by turns with the same in PyTorch.
/// </summary>
internal static class ForwardBenchmark
{
    private const int SequenceCount = 8;
    private const int Tokens = 128;
    private const int Vocabulary = 1024;

    private const string Config = """
        {"model_type":"gpt2","n_layer":12,"n_embd":768,"n_head":12,"n_positions":1024,"vocab_size":1024,
         "activation_function":"gelu_new","layer_norm_epsilon":1e-5}
        """;

    public static void Run(Arguments arguments)
    {
        var folder = Directory.CreateTempSubdirectory("emergence-forward-").FullName;
        try
        {
            WriteCheckpoint(folder);
            using var device = arguments.OpenCpu();
            using var model = LanguageModel.Load(folder, device);
            PeerProcess[] peers = [
                .. arguments.PyTorch ? [PeerProcess.Script("forward_torch.py", $"{arguments.Threads}")] : Array.Empty<PeerProcess>(),
                .. arguments.TorchSharp ? [PeerProcess.TorchSharp("forward", $"{arguments.Threads}")] : Array.Empty<PeerProcess>()
            ];
            Machine.Print(device);
            Measure(model, peers, arguments.Rounds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Measure(LanguageModel model, PeerProcess[] peers, int rounds)
    {
        var forest = PrefixForest.Macro(Sequences());
        var samples = Rounds.Run(
            rounds, [() => Rounds.Time(() => Forward(model, forest)), .. peers.Select<PeerProcess, Func<Sample>>(peer => peer.Run)]);
        Console.WriteLine($"{SequenceCount * Tokens / Rounds.Median(samples[0].Select(sample => sample.Wall)):f0} tokens/s");
        foreach (var (peer, theirs) in peers.Zip(samples.Skip(1)))
        {
            Console.WriteLine(
                $"{peer.Description}: ratio {Rounds.Ratio(theirs, samples[0], sample => sample.Wall):f2} (gate 1.3, goal 1.75); of "
                + $"processor time, for machines that are not quiet, {Rounds.Ratio(theirs, samples[0], sample => sample.Processor):f2}");
            peer.Dispose();
        }
    }

    private static void Forward(LanguageModel model, PrefixForest forest)
    {
        var kept = new List<float[]>();
        using var stream = new BoundaryStream(model, forest);
        foreach (var boundary in stream.Run())
        {
            kept.Add(new float[boundary.Rows.Count]);
            model.Device.Download(boundary.Rows, kept[^1]);
        }
    }

    /// <summary>No two sequences share a prefix.</summary>
    private static int[][] Sequences() =>
        [.. Enumerable.Range(0, SequenceCount)
            .Select(row => Enumerable.Range(0, Tokens).Select(t => t == 0 ? row : (row * 131 + t * 17) % Vocabulary).ToArray())];

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
                values[i] = weight.Rows == 1 && weight.Name.EndsWith("weight", StringComparison.Ordinal) ? 1
                    : (float)(0.07 * (random.NextDouble() - 0.5));
            writer.Append(weight.Name, MemoryMarshal.AsBytes(values.AsSpan()));
        }

        writer.Commit();
    }
}
