using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files;
using Emergence.Models;

namespace Emergence.Capture;

/// <summary>Rows of a boundary, on the model's device or in scratch files, whence it gathers them as well; valid until the next boundary
/// but one is asked for.</summary>
/// <param name="Index">l, 0 .. L.</param>
/// <param name="Rows">(N, d): residual stream entering block l, or leaving the last block for l = L.</param>
/// <param name="Previous">(N, d): boundary l - 1, or none for l = 0.</param>
public readonly record struct Boundary(int Index, Tensor Rows, Tensor? Previous);

/// <summary>
/// Runs a forest of prefixes through a model, boundary by boundary. Two boundaries are in memory at a time, whatever the
/// number of layers, in scratch files if they do not fit; within a block, rows pass in chunks, so that what the block
/// needs inside does not grow with the rows.
/// A chunk is a range of rows in depth-first order; the only rows before it that it sees are the ancestors of its first
/// row, and these run with it again. The bytes do not depend on where chunks begin, so that chunks are as small as the
/// device's free memory asks for.
/// </summary>
public sealed class BoundaryStream : IDisposable
{
    /// <summary>Memory for the inside of a block unless the caller says otherwise.</summary>
    public const long DefaultWorkBytes = 64L << 20;

    /// <summary>What rows that lie in files have in memory at a time, beside the inside of a block.</summary>
    internal const long OnDiskBytes = 2 * DefaultWorkBytes;

    /// <summary>The inside of a block takes at most one part in so many of what is free beside the boundaries.</summary>
    private const int FreeShare = 8;

    private readonly LanguageModel _model;
    private readonly PrefixForest _forest;
    private readonly SequenceLengths _lengths;
    private readonly SharedKeys _shared;
    private readonly bool _areAway;
    private ChunkSet _chunks;
    private int _halvings;
    private Tensor _current;
    private Tensor _next;

    /// <param name="model">The model; must stay open as long as this.</param>
    /// <param name="forest">Checked token ids.</param>
    /// <param name="workBytes">Memory inside a block for the rows of a chunk, at least one; less if the device is short of memory; their
    /// context comes on top.</param>
    public BoundaryStream(LanguageModel model, PrefixForest forest, long workBytes = DefaultWorkBytes)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(forest);
        if (model.Config.DependsOnLength && forest.Lengths == null && forest.Count > 0)
            throw new ArgumentException(
                "a forest made for this model is expected: what a prefix is to it depends on the length of its sequence", nameof(forest));
        (_model, _forest) = (model, forest);
        _lengths = new([.. forest.Lengths?.Distinct().Order() ?? (IEnumerable<int>)[0]], forest.Positions.DefaultIfEmpty(0).Max() + 1);
        var device = model.Device;
        var onDisk = AreRowsOnDisk(model, forest);
        _areAway = onDisk && device is not HostDevice;
        _current = Allocate(model, forest.Count, onDisk);
        try
        {
            _shared = model.Transformer.AllocateShared(forest.Count);
            _next = Allocate(model, forest.Count, onDisk);
            var tile = TileBytes(device.AvailableBytes, workBytes);
            var capacity = (int)Math.Clamp(tile / BlockMemory.BytesPerRow(device, model.Config.Shape), 1, Math.Max(1, forest.Count));
            _chunks = Cut(capacity);
        }
        catch
        {
            _current.Dispose();
            _shared?.Dispose();
            _next?.Dispose();
            throw;
        }
    }

    /// <summary>Rows of a chunk at most, without their context.</summary>
    internal int ChunkRows => _chunks.Capacity;

    /// <summary>Boundaries 0 .. L. Can be asked for once at a time; whoever stops early has run only what was asked for.</summary>
    public IEnumerable<Boundary> Run(CancellationToken cancellation = default)
    {
        InChunks(chunk => Into(_current, chunk, y => _model.Transformer.Embed(chunk.Rows, y)), cancellation);
        yield return new(0, _current, null);
        for (var layer = 0; layer < _model.Layers; layer++)
        {
            var block = layer;
            InChunks(chunk => Into(_next, chunk, y => RunBlock(block, chunk, y)), cancellation);
            (_current, _next) = (_next, _current);
            yield return new(layer + 1, _current, _next);
        }
    }

    /// <summary>Whether a stream over these rows would be made, in memory or in scratch files.</summary>
    internal static bool HasRoom(LanguageModel model, PrefixForest forest) =>
        model.Scratch != null || NeededBytes(model, forest) <= model.Device.AvailableBytes;

    /// <summary>Memory of a stream over so many rows, without the weights.</summary>
    public static long EstimateBytes(ModelConfig config, Device device, long rows, long workBytes = DefaultWorkBytes)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(device);
        return BoundaryBytes(config, device, rows) + InsideBytes(config, device, rows, workBytes);
    }

    /// <summary>What the largest recurrence keeps of the rows whose children are still to come.</summary>
    internal static long StateBytes(ModelConfig config, Device device, PrefixForest forest)
    {
        var states = config.Shape.Blocks.Select(block => block.Recurrence?.State ?? default).Where(state => state.Size > 0).Distinct();
        return states.Select(state => device.StateBytes(forest.Places, state.Channels, state.Size)).DefaultIfEmpty(0).Max();
    }

    /// <summary>Memory of so many rows of two boundaries, and of what layers hand on to later ones.</summary>
    internal static long BoundaryBytes(ModelConfig config, Device device, long rows) =>
        rows * (2L * config.Width * device.ComputeType.Size() + SharedKeys.BytesPerRow(device, config.Shape));

    /// <summary>Memory for the inside of a block if so much is free beside the boundaries.</summary>
    internal static long TileBytes(long free, long workBytes = DefaultWorkBytes) => Math.Min(workBytes, free / FreeShare);

    /// <summary>What a tile of the rows takes inside a block, without what products hold for themselves.</summary>
    internal static long InsideBytes(ModelConfig config, Device device, long rows, long workBytes)
    {
        var perRow = BlockMemory.BytesPerRow(device, config.Shape);
        return Math.Min(Math.Max(workBytes, perRow), rows * perRow);
    }

    /// <summary>What the ancestors of a tile's first row take beside it: keys and values, inputs of a convolution and states are made anew
    /// of them.</summary>
    internal static long ContextBytes(ModelConfig config, Device device, PrefixForest forest, int tileRows)
    {
        if (tileRows >= forest.Count)
            return 0;
        var context = Math.Max(0, forest.Depth - 1);
        return context * BlockMemory.BytesPerRow(device, config.Shape)
            + (context + tileRows) * (long)config.Width * device.ComputeType.Size();
    }

    public void Dispose()
    {
        _chunks.Dispose();
        _shared.Dispose();
        _current.Dispose();
        _next.Dispose();
    }

    /// <summary>Where an op finds no memory for itself, chunks are halved and all rows run again.</summary>
    private void InChunks(Action<Chunk> run, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                foreach (var chunk in _chunks.Chunks)
                {
                    cancellation.ThrowIfCancellationRequested();
                    run(chunk);
                    HostDevice.Rest(_current);
                    HostDevice.Rest(_next);
                }

                return;
            }
            catch (EmergenceException error) when (error.IsOutOfMemory && _chunks.Capacity > 1 && _halvings < Tiles.Halvings)
            {
                _halvings++;
                _chunks.Dispose();
                _chunks = Cut((_chunks.Capacity + 1) / 2);
            }
        }
    }

    private ChunkSet Cut(int capacity) => Tiles.Fit(capacity, rows => new ChunkSet(_model, _forest, _lengths, rows, _areAway)).Made;

    /// <summary>Writes what becomes of a chunk into a boundary, by way of the device where that lies elsewhere.</summary>
    private void Into(Tensor boundary, Chunk chunk, Action<Tensor> run)
    {
        var own = boundary.RowRange(chunk.Start, chunk.Rows.Own);
        var y = _chunks.Result?.RowRange(0, chunk.Rows.Own) ?? own;
        run(y);
        if (y != own)
            _model.Device.DownloadToFile(y, own);
    }

    private void RunBlock(int layer, Chunk chunk, Tensor y)
    {
        var (device, x) = (_model.Device, _current.RowRange(chunk.Start, chunk.Rows.Own));
        if (_areAway || chunk.Rows.Sources != null)
        {
            var gathered = _chunks.Gathered.RowRange(0, chunk.Rows.Count);
            if (chunk.Rows.Sources is { } sources)
                device.GatherRows(_current, sources, gathered);
            else
                device.UploadFromFile(x, gathered);
            x = gathered;
        }

        _model.Transformer.Block(layer, chunk.Rows, x, y, _chunks.Memory, _shared);
    }

    /// <summary>Whether the rows lie in scratch files; throws if they have to but may not.</summary>
    private static bool AreRowsOnDisk(LanguageModel model, PrefixForest forest)
    {
        var (device, mayBe) = (model.Device, model.Scratch != null);
        if (mayBe && model.KeepsRowsOnDisk)
            return true;
        var (needed, available) = (NeededBytes(model, forest), device.AvailableBytes);
        if (needed <= available || mayBe)
            return needed > available;
        throw new EmergenceException(
            $"{forest.Count:N0} distinct prefixes of width {model.Width} need {needed:N0} bytes, device {device.Name} has "
            + $"{available:N0}: take fewer sequences");
    }

    private static long NeededBytes(LanguageModel model, PrefixForest forest) =>
        EstimateBytes(model.Config, model.Device, forest.Count, workBytes: 1) + StateBytes(model.Config, model.Device, forest);

    private static Tensor Allocate(LanguageModel model, int rows, bool onDisk)
    {
        if (!onDisk)
            return model.Device.Allocate(rows, model.Width);
        var type = model.Device.ComputeType;
        var path = ScratchFile.Name(model.Scratch!, (long)rows * model.Width * type.Size());
        try
        {
            return HostDevice.AllocateMapped(path, type, rows, model.Width);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(path, error);
        }
    }
}
