using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;
using Emergence.Models;

namespace Emergence.Capture;

/// <summary>What runs together.</summary>
public enum CaptureKind
{
    /// <summary>Whole sequences with causal attention.</summary>
    Macro,

    /// <summary>Every token alone, at position 0.</summary>
    Micro,
}

/// <summary>Kinds as users, journals and tables write them.</summary>
internal static class CaptureKinds
{
    /// <summary>"macro" or "micro".</summary>
    public static string Word(this CaptureKind kind) => kind == CaptureKind.Macro ? "macro" : "micro";
}

/// <summary>
/// Writes activations of token sequences to a safetensors file, float32: <c>boundary.0</c> .. <c>boundary.L</c> of
/// [rows, T, d], or <c>ROW.boundary.l</c> of [T, d] if sequences differ in length; on request <c>final_norm</c> (of
/// models that have one) and <c>logits</c> likewise. One boundary after the other goes to the disk.
/// </summary>
public sealed class CaptureFile
{
    private const string FinalNorm = "final_norm";
    private const string Logits = "logits";
    private const int StagingBytes = 1 << 24;

    /// <summary>Rows that are gathered, what is made of them, and the host's copy.</summary>
    private const int StagingCopies = 3;

    /// <summary>Rows that take more than one part in so many of what is free go to the disk.</summary>
    private const int MostOfFree = 2;

    private readonly LanguageModel _model;
    private readonly SafetensorsWriter _writer;
    private readonly CancellationToken _cancellation;

    private CaptureFile(LanguageModel model, SafetensorsWriter writer, CancellationToken cancellation) =>
        (_model, _writer, _cancellation) = (model, writer, cancellation);

    /// <summary>The model for a capture of these sequences, its weights if they leave room for the rows, and for the head if
    /// <paramref name="logits"/> are asked for.</summary>
    public static LanguageModel Load(
        string folder, Device device, ModelOptions options, IReadOnlyList<int[]> sequences, CaptureKind kind, bool logits = false)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        var config = ModelConfig.Read(folder, options.Strict);
        var forest = Forest(sequences, kind, config);
        var rows = BoundaryStream.EstimateBytes(config, device, forest.Count);
        if (rows > device.AvailableBytes / MostOfFree)
            rows = BoundaryStream.OnDiskBytes;
        rows += BoundaryStream.StateBytes(config, device, forest) + StagingCopies * (long)StagingBytes
            + (device is HostDevice && device.MemoryLimit != null ? HostMemory.GrowthBytes : 0);
        var demand = new WeightDemand(forest.Tokens.Distinct().Count(), forest.Count, logits);
        return LanguageModel.Load(folder, device, options, sizes => WeightChoice.Of(device, sizes, options.Weights, rows, demand));
    }

    /// <param name="model">The model.</param>
    /// <param name="sequences">Token ids; duplicates are written as often as they occur, in order.</param>
    /// <param name="kind">What runs together.</param>
    /// <param name="logits">Whether to write the final norm and the logits.</param>
    /// <param name="path">The file; it appears when it is complete.</param>
    /// <param name="progress">Told the number of boundaries that are written.</param>
    /// <param name="cancellation">Stops soon and leaves no file behind.</param>
    public static void Write(
        LanguageModel model,
        IReadOnlyList<int[]> sequences,
        CaptureKind kind,
        bool logits,
        string path,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sequences);
        if (logits)
            model.RequireHead();
        if (sequences.Count == 0)
            throw new EmergenceException("no rows to capture: expected at least one list of token ids", ExitCode.Usage);
        for (var row = 0; row < sequences.Count; row++)
            model.RequireValid(sequences[row], $"row {row}");

        model.Scratch ??= Path.GetDirectoryName(Path.GetFullPath(path));
        var forest = Forest(sequences, kind, model.Config);
        var groups = Groups(forest, sequences);
        using var stream = new BoundaryStream(model, forest);
        using var writer = SafetensorsWriter.Create(path, Declare(model, groups, logits));
        var file = new CaptureFile(model, writer, cancellation);
        foreach (var boundary in stream.Run(cancellation))
        {
            foreach (var group in groups)
            {
                file.Write(boundary.Rows, group, $"boundary.{boundary.Index}", model.Width, gathered => gathered);
                if (logits && boundary.Index == model.Layers)
                    file.WriteHead(boundary.Rows, group);
            }

            progress?.Report(boundary.Index + 1);
        }

        writer.Commit();
    }

    private void WriteHead(Tensor rows, Group group)
    {
        if (_model.Config.HasFinalNorm)
            Write(rows, group, FinalNorm, _model.Width, Norm);
        Write(rows, group, Logits, _model.VocabularySize, gathered =>
        {
            var scores = _model.Device.Allocate(gathered.Rows, _model.VocabularySize);
            _model.Transformer.Logits(Norm(gathered), scores);
            return scores;
        });
    }

    private Tensor Norm(Tensor gathered)
    {
        if (_model.Config.HasFinalNorm)
            _model.Transformer.FinalNorm(gathered, gathered);
        return gathered;
    }

    /// <summary>Appends what <paramref name="apply"/> makes of the group's rows, in parts of (n, d) to (n, columns).</summary>
    private void Write(Tensor source, Group group, string part, int columns, Func<Tensor, Tensor> apply)
    {
        var device = _model.Device;
        var most = Math.Clamp(StagingBytes / (columns * sizeof(float)), 1, group.Rows.Length);
        var staging = new float[(long)most * columns];
        for (var start = 0; start < group.Rows.Length; start += most)
        {
            _cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(most, group.Rows.Length - start);
            using var indices = device.AllocateIndices(group.Rows.AsSpan(start, count));
            using var gathered = device.Allocate(count, source.Columns);
            device.GatherRows(source, indices, gathered);
            using var result = apply(gathered);
            var values = staging.AsSpan(0, count * columns);
            device.Download(result, values);
            _writer.Append(group.Prefix + part, MemoryMarshal.AsBytes(values));
        }
    }

    private static PrefixForest Forest(IReadOnlyList<int[]> sequences, CaptureKind kind, ModelConfig config) =>
        kind == CaptureKind.Macro ? PrefixForest.Macro(sequences, config) : PrefixForest.Micro(sequences, config: config);

    private static List<Group> Groups(PrefixForest forest, IReadOnlyList<int[]> sequences)
    {
        var length = sequences[0].Length;
        if (sequences.All(sequence => sequence.Length == length))
            return [new("", [.. Enumerable.Range(0, sequences.Count).SelectMany(row => forest.Rows(row).ToArray())],
                [sequences.Count, length])];
        return [.. sequences.Select((sequence, row) => new Group($"{row}.", forest.Rows(row).ToArray(), [sequence.Length]))];
    }

    private static List<TensorDeclaration> Declare(LanguageModel model, List<Group> groups, bool logits)
    {
        var parts = Enumerable.Range(0, model.Layers + 1).Select(l => (Name: $"boundary.{l}", Columns: model.Width)).ToList();
        if (logits && model.Config.HasFinalNorm)
            parts.Add((FinalNorm, model.Width));
        if (logits)
            parts.Add((Logits, model.VocabularySize));
        return [.. parts.SelectMany(part =>
            groups.Select(group => new TensorDeclaration(group.Prefix + part.Name, "F32", [.. group.Shape, part.Columns])))];
    }

    /// <summary>Tensors of the file that lie alike: what stands before their names, the forest's row of each of their rows, all sizes but
    /// the last.</summary>
    private sealed record Group(string Prefix, int[] Rows, ImmutableArray<long> Shape);
}
