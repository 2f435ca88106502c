using Emergence.Devices;
using Emergence.Models;
using Emergence.Tensors;

namespace Emergence.Capture;

/// <summary>Rows of a boundary, on the model's device; valid until the next boundary but one is asked for.</summary>
/// <param name="Index">l, 0 .. L.</param>
/// <param name="Rows">(N, d): residual stream entering block l, or leaving the last block for l = L.</param>
/// <param name="Previous">(N, d): boundary l - 1, or none for l = 0.</param>
public readonly record struct Boundary(int Index, Tensor Rows, Tensor? Previous);

/// <summary>
/// Runs a forest of prefixes through a model, boundary by boundary. Two boundaries are in memory at a time, whatever the
/// number of layers; within a block, rows pass in chunks, so that what the block needs inside does not grow with the rows.
/// A chunk is a range of rows in depth-first order; the only rows before it that it sees are the ancestors of its first
/// row, and these run with it again. The bytes do not depend on where chunks begin.
/// </summary>
public sealed class BoundaryStream : IDisposable
{
    /// <summary>Memory for the inside of a block unless the caller says otherwise.</summary>
    public const long DefaultWorkBytes = 64L << 20;

    private readonly Transformer _transformer;
    private readonly int _layers;
    private readonly BlockMemory _memory;
    private readonly Tensor _gathered;
    private readonly List<Chunk> _chunks = [];
    private Tensor _current;
    private Tensor _next;

    /// <param name="model">The model; must stay open as long as this.</param>
    /// <param name="forest">Checked token ids.</param>
    /// <param name="workBytes">Memory inside a block for the rows of a chunk, at least one; their context comes on top.</param>
    public BoundaryStream(LanguageModel model, PrefixForest forest, long workBytes = DefaultWorkBytes)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(forest);
        (_transformer, _layers) = (model.Transformer, model.Layers);
        var device = model.Device;
        RequireMemory(model, forest.Count, workBytes);
        var perRow = BlockMemory.BytesPerRow(device, model.Config.Shape);
        var capacity = (int)Math.Clamp(workBytes / perRow, 1, Math.Max(1, forest.Count));
        for (var start = 0; start < forest.Count; start += capacity)
            _chunks.Add(new(device, forest, start, Math.Min(capacity, forest.Count - start)));
        var rows = _chunks.Select(chunk => chunk.Rows.Count).DefaultIfEmpty(1).Max();
        _memory = _transformer.AllocateMemory(rows);
        _gathered = device.Allocate(_chunks.Any(chunk => chunk.Rows.Context > 0) ? rows : 1, model.Width);
        _current = device.Allocate(forest.Count, model.Width);
        _next = device.Allocate(forest.Count, model.Width);
    }

    /// <summary>Boundaries 0 .. L. Can be asked for once at a time; whoever stops early has run only what was asked for.</summary>
    public IEnumerable<Boundary> Run(CancellationToken cancellation = default)
    {
        foreach (var chunk in _chunks)
        {
            cancellation.ThrowIfCancellationRequested();
            _transformer.Embed(chunk.Rows, _current.RowRange(chunk.Start, chunk.Rows.Own));
        }

        yield return new(0, _current, null);
        for (var layer = 0; layer < _layers; layer++)
        {
            foreach (var chunk in _chunks)
            {
                cancellation.ThrowIfCancellationRequested();
                RunBlock(layer, chunk);
            }

            (_current, _next) = (_next, _current);
            yield return new(layer + 1, _current, _next);
        }
    }

    /// <summary>Memory of a stream over so many rows, without the weights.</summary>
    public static long EstimateBytes(ModelConfig config, Device device, long rows, long workBytes = DefaultWorkBytes)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(device);
        var boundary = rows * config.Width * device.ComputeType.Size();
        var inside = Math.Min(workBytes, rows * BlockMemory.BytesPerRow(device, config.Shape));
        return 2 * boundary + inside;
    }

    public void Dispose()
    {
        foreach (var chunk in _chunks)
            chunk.Dispose();
        _memory.Dispose();
        _gathered.Dispose();
        _current.Dispose();
        _next.Dispose();
    }

    private void RunBlock(int layer, Chunk chunk)
    {
        var y = _next.RowRange(chunk.Start, chunk.Rows.Own);
        if (chunk.Sources == null)
        {
            _transformer.Block(layer, chunk.Rows, _current.RowRange(chunk.Start, chunk.Rows.Own), y, _memory);
            return;
        }

        var x = _gathered.RowRange(0, chunk.Rows.Count);
        _transformer.Device.GatherRows(_current, chunk.Sources, x);
        _transformer.Block(layer, chunk.Rows, x, y, _memory);
    }

    private static void RequireMemory(LanguageModel model, int rows, long workBytes)
    {
        var needed = EstimateBytes(model.Config, model.Device, rows, workBytes);
        var available = model.Device.AvailableBytes;
        if (needed > available)
            throw new EmergenceException($"{rows:N0} distinct prefixes of width {model.Width} need {needed:N0} bytes, device {model.Device.Name} has {available:N0}: take fewer sequences");
    }

    /// <summary>A range of rows of the forest with the ancestors of its first row.</summary>
    private sealed class Chunk : IDisposable
    {
        public Chunk(Device device, PrefixForest forest, int start, int count)
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

            Rows = new(device, [.. sources.Select(row => forest.Tokens[row])], [.. sources.Select(row => forest.Positions[row])], parents, context.Count);
            Sources = context.Count == 0 ? null : device.AllocateIndices(sources);
        }

        /// <summary>First row in the forest that is not context.</summary>
        public int Start { get; }

        public TokenRows Rows { get; }

        /// <summary>(N, 1): the forest's row of each row; none where there is no context and rows are neighbours.</summary>
        public Tensor? Sources { get; }

        public void Dispose()
        {
            Rows.Dispose();
            Sources?.Dispose();
        }
    }
}
