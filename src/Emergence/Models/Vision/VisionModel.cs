using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Messages;

namespace Emergence.Models.Vision;

/// <summary>
/// A CLIP vision model in a device's memory: patches of an image as products, a class token before them, transformer blocks in
/// which every place sees all others, and the projection of what the class token becomes.
/// </summary>
internal sealed class VisionModel : IDisposable
{
    /// <summary>Rows of the blocks that are worked on at once.</summary>
    private const int BatchRows = 4_096;

    private readonly Checkpoint _checkpoint;
    private readonly ImageProcessor _processor;
    private readonly Transformer _transformer;
    private readonly Tensor _patches;
    private readonly Tensor _class;
    private readonly Tensor? _projection;
    private readonly VisionPaths _paths;

    private VisionModel(Device device, string folder, Checkpoint checkpoint, ModelOptions options)
    {
        (Config, _checkpoint) = (VisionConfig.Read(folder), checkpoint);
        _processor = ImageProcessor.Read(folder, Config);
        _paths = new(Config.Places);
        if (checkpoint.TotalBytes > device.AvailableBytes)
            throw new EmergenceException($"{Printable.Escape(folder)}: the weights need up to {checkpoint.TotalBytes:N0} bytes, device "
                + $"{device.Name} has {device.AvailableBytes:N0}");
        var weights = new VisionWeights(device, checkpoint, options.AllowNonFinite);
        _transformer = new(device, Config.Shape, new ResidentWeights(Config.Shape, weights)); // frees the weights, also where it fails
        try
        {
            _patches = weights.PatchEmbedding(Width, Config.Channels, Config.PatchSize);
            _class = weights.ClassEmbedding(Width);
            _projection = weights.Projection(Config.Projection, Width);
        }
        catch
        {
            _transformer.Dispose();
            throw;
        }
    }

    public VisionConfig Config { get; }

    /// <summary>Width of an embedding.</summary>
    public int Columns => _projection?.Rows ?? Width;

    private int Width => Config.Shape.Width;

    private Device Device => _transformer.Device;

    public static VisionModel Load(string folder, Device device, ModelOptions? options = null)
    {
        var checkpoint = Checkpoint.Open(folder);
        try
        {
            return new(device, folder, checkpoint, options ?? new());
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>(N, <see cref="Columns"/>): what the model says of pictures of any size.</summary>
    public double[][] Embed(IReadOnlyList<Picture> pictures, CancellationToken cancellation = default)
    {
        var embeddings = new List<double[]>();
        foreach (var batch in pictures.Chunk(Math.Max(1, BatchRows / _paths.Count)))
        {
            cancellation.ThrowIfCancellationRequested();
            embeddings.AddRange(Run([.. batch.SelectMany(_processor.Read)], batch.Length, (_, _) => { }));
        }

        return [.. embeddings];
    }

    /// <summary>(N, <see cref="Columns"/>).</summary>
    /// <param name="pixels">(N, channels, size, size).</param>
    /// <param name="count">N.</param>
    /// <param name="boundary">Told each boundary 0 .. L with its (N T, d).</param>
    public double[][] Run(ReadOnlySpan<float> pixels, int count, Action<int, Tensor> boundary)
    {
        var (places, shape) = (Config.Places, Config.Shape);
        using var patches = Device.Allocate(count * places, _patches.Columns);
        Device.Upload(Patches(pixels, count), patches);
        using var stream = Device.Allocate(count * places, Width);
        Device.MatMul(patches, _patches, stream, transposeB: true);
        var classRows = stream.Reshape(count, places * Width).ColumnRange(0, Width);
        using var first = Device.AllocateIndices(new int[count]);
        Device.Embed(first, _class, 1, classRows, accumulate: true);
        using var own = Device.AllocateIndices([.. Enumerable.Range(0, count * places).Select(row => row % places)]);
        _transformer.EmbedPlaces(own, stream);
        boundary(0, stream);

        using var rows = _paths.Rows(Device, count);
        using var sources = Device.AllocateIndices(_paths.Sources(count));
        using var input = Device.Allocate(rows.Count, Width);
        using var memory = _transformer.AllocateMemory(rows.Count);
        using var shared = _transformer.AllocateShared(rows.Count);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            Device.GatherRows(stream, sources, input);
            _transformer.Block(layer, rows, input, stream, memory, shared);
            boundary(layer + 1, stream);
        }

        using var pooled = Device.Allocate(count, Width);
        _transformer.FinalNorm(classRows, pooled);
        using var embeddings = Device.Allocate(count, Columns);
        if (_projection != null)
            Device.MatMul(pooled, _projection, embeddings, transposeB: true);
        var values = new double[count * Columns];
        Device.Download(_projection == null ? pooled : embeddings, values);
        return [.. values.Chunk(Columns)];
    }

    public void Dispose()
    {
        _transformer.Dispose();
        _checkpoint.Dispose();
    }

    /// <summary>(N T, channels side side): of every image a row of zeros for the class token, then its patches.</summary>
    private float[] Patches(ReadOnlySpan<float> pixels, int count)
    {
        var (size, side, along, channels) = (Config.ImageSize, Config.PatchSize, Config.PatchesAlong, Config.Channels);
        var rows = new float[count * Config.Places * _patches.Columns];
        for (var image = 0; image < count; image++)
        {
            for (var patch = 0; patch < along * along; patch++)
            {
                var row = rows.AsSpan((image * Config.Places + 1 + patch) * _patches.Columns, _patches.Columns);
                for (var line = 0; line < channels * side; line++)
                {
                    var (channel, y) = (line / side, patch / along * side + line % side);
                    var start = ((image * channels + channel) * size + y) * size + patch % along * side;
                    pixels.Slice(start, side).CopyTo(row[(line * side)..]);
                }
            }
        }

        return rows;
    }
}
