using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Models;

namespace Emergence.Capture;

/// <summary>All rows of a forest in chunks, and the memory that one chunk after the other uses.</summary>
internal sealed class ChunkSet : IDisposable
{
    private readonly List<Chunk> _chunks = [];

    /// <param name="model">Runs them.</param>
    /// <param name="forest">All rows.</param>
    /// <param name="lengths">Of the sequences.</param>
    /// <param name="capacity">Rows of a chunk at most.</param>
    /// <param name="areAway">The boundaries lie where the device cannot reach them.</param>
    public ChunkSet(LanguageModel model, PrefixForest forest, SequenceLengths lengths, int capacity, bool areAway)
    {
        Capacity = capacity;
        try
        {
            for (var start = 0; start < forest.Count; start += capacity)
                _chunks.Add(new(model.Device, forest, lengths, start, Math.Min(capacity, forest.Count - start)));
            var rows = _chunks.Select(chunk => chunk.Rows.Count).DefaultIfEmpty(1).Max();
            Memory = model.Transformer.AllocateMemory(rows);
            Gathered = model.Device.Allocate(areAway || _chunks.Any(chunk => chunk.Rows.Context > 0) ? rows : 1, model.Width);
            if (areAway)
                Result = model.Device.Allocate(Math.Min(capacity, Math.Max(1, forest.Count)), model.Width);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Rows of a chunk at most, without their context.</summary>
    public int Capacity { get; }

    public IReadOnlyList<Chunk> Chunks => _chunks;

    public BlockMemory Memory { get; }

    /// <summary>(N, d): context and rows of a chunk side by side.</summary>
    public Tensor Gathered { get; }

    /// <summary>(N, d): what rows of a chunk become, before it goes to where the boundaries are; null where that is the device.</summary>
    public Tensor? Result { get; }

    public void Dispose()
    {
        foreach (var chunk in _chunks)
            chunk.Dispose();
        Memory?.Dispose();
        Gathered?.Dispose();
        Result?.Dispose();
    }
}

/// <summary>A range of rows of the forest with the ancestors of its first row.</summary>
internal sealed class Chunk : IDisposable
{
    public Chunk(Device device, PrefixForest forest, SequenceLengths lengths, int start, int count)
    {
        Start = start;
        var context = new List<int>();
        for (var row = forest.Parents[start]; row >= 0; row = forest.Parents[row])
            context.Add(row);
        context.Reverse();
        int[] sources = [.. context, .. Enumerable.Range(start, count)];
        var parents = new int[sources.Length];
        for (var i = 0; i < sources.Length; i++)
        {
            var parent = forest.Parents[sources[i]];
            parents[i] = parent >= start ? parent - start + context.Count : parent < 0 ? -1 : context.BinarySearch(parent);
        }

        Rows = new(
            device,
            [.. sources.Select(row => forest.Tokens[row])],
            [.. sources.Select(row => forest.Positions[row])],
            parents,
            lengths,
            lengths.IsOne ? []
                : [.. sources.Select(row => lengths.Lengths.Index().First(length => length.Item == forest.Lengths![row]).Index)],
            context.Count,
            start,
            context.Count == 0 ? null : sources);
    }

    /// <summary>First row in the forest that is not context.</summary>
    public int Start { get; }

    public TokenRows Rows { get; }

    public void Dispose() => Rows.Dispose();
}
