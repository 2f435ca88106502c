using Emergence.Devices.Tensors;
using Emergence.Models;

namespace Emergence.Capture;

/// <summary>Told the scores of what may follow one row, (V); valid during the call.</summary>
/// <param name="index">Index of the row in the list that was asked for.</param>
/// <param name="logits">(V).</param>
internal delegate void LogitsReader(int index, ReadOnlySpan<float> logits);

/// <summary>The model's own head on rows of any boundary: final norm, then unembedding. At boundary L these are its logits.</summary>
internal sealed class OutputHead(LanguageModel model)
{
    private const int StagingBytes = 1 << 24;

    /// <param name="boundary">(N, d).</param>
    /// <param name="rows">Numbers of the rows, 0 to N-1; may repeat.</param>
    /// <param name="read">Called for each in order.</param>
    /// <param name="cancellation">Ends the work between two parts.</param>
    public void Read(Tensor boundary, ReadOnlySpan<int> rows, LogitsReader read, CancellationToken cancellation)
    {
        model.RequireHead();
        var (device, vocabulary) = (model.Device, model.VocabularySize);
        var most = Math.Clamp(StagingBytes / (vocabulary * sizeof(float)), 1, Math.Max(1, rows.Length));
        var staging = new float[most * vocabulary];
        for (var start = 0; start < rows.Length; start += most)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(most, rows.Length - start);
            using var indices = device.AllocateIndices(rows.Slice(start, count));
            using var gathered = device.Allocate(count, model.Width);
            using var scores = device.Allocate(count, vocabulary);
            device.GatherRows(boundary, indices, gathered);
            if (model.Config.HasFinalNorm)
                model.Transformer.FinalNorm(gathered, gathered);
            model.Transformer.Logits(gathered, scores);
            device.Download(scores, staging.AsSpan(0, count * vocabulary));
            for (var i = 0; i < count; i++)
                read(start + i, staging.AsSpan(i * vocabulary, vocabulary));
        }
    }

    /// <summary>Scores behind the last token of each sequence; shared prefixes run once. Sequences that do not fit into memory together
    /// go through the model in parts.</summary>
    /// <param name="sequences">Token ids, checked here.</param>
    /// <param name="read">Called for each sequence in order.</param>
    /// <param name="cancellation">Ends the work soon.</param>
    public void ReadLast(IReadOnlyList<int[]> sequences, LogitsReader read, CancellationToken cancellation)
    {
        for (var n = 0; n < sequences.Count; n++)
            model.RequireValid(sequences[n], $"sequence {n}");
        ReadLast(sequences, 0, read, cancellation);
    }

    private void ReadLast(IReadOnlyList<int[]> sequences, int first, LogitsReader read, CancellationToken cancellation)
    {
        var forest = PrefixForest.Macro(sequences, model.Config);
        if (sequences.Count > 1 && !BoundaryStream.HasRoom(model, forest))
        {
            var half = sequences.Count / 2;
            ReadLast([.. sequences.Take(half)], first, read, cancellation);
            ReadLast([.. sequences.Skip(half)], first + half, read, cancellation);
            return;
        }

        using var stream = new BoundaryStream(model, forest);
        foreach (var boundary in stream.Run(cancellation))
        {
            if (boundary.Index == model.Layers)
                Read(boundary.Rows, [.. Enumerable.Range(0, sequences.Count).Select(n => forest.Rows(n)[^1])],
                    (n, logits) => read(first + n, logits), cancellation);
        }
    }
}
