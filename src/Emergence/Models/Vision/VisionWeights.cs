using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Messages;

namespace Emergence.Models.Vision;

/// <summary>
/// Weights of the vision part of a checkpoint, wherever its names begin; what else is there, such as a text model, is not read.
/// </summary>
internal sealed class VisionWeights : ILoadedWeights
{
    private const string Patches = "embeddings.patch_embedding.weight", ProjectionName = "visual_projection.weight";

    private readonly Device _device;
    private readonly Checkpoint _checkpoint;
    private readonly bool _allowNonFinite;
    private readonly string _prefix;
    private readonly List<Tensor> _loaded = [];

    public VisionWeights(Device device, Checkpoint checkpoint, bool allowNonFinite)
    {
        (_device, _checkpoint, _allowNonFinite) = (device, checkpoint, allowNonFinite);
        var name = checkpoint.Tensors.Keys.Where(name => name.EndsWith(Patches, StringComparison.Ordinal)).OrderBy(name => name.Length)
            .ThenBy(name => name, StringComparer.Ordinal).FirstOrDefault() ?? throw new EmergenceException(
                $"{Printable.Escape(checkpoint.Folder)} has no vision_model.{Patches}, with which a CLIP vision model begins");
        _prefix = name[..^Patches.Length];
    }

    /// <summary>(d, channels * side * side): every patch is a product with it.</summary>
    public Tensor PatchEmbedding(int width, int channels, int side)
    {
        Require(_prefix + Patches, [width, channels, side, side]);
        return Keep(_checkpoint.Load(_device, _prefix + Patches, width * channels * side, side, _allowNonFinite))
            .Reshape(width, channels * side * side);
    }

    /// <summary>(1, d).</summary>
    public Tensor ClassEmbedding(int width) => Load(_prefix + "embeddings.class_embedding", [width]);

    /// <summary>(projection, d), or none: the model is one without.</summary>
    public Tensor? Projection(int outputs, int width)
    {
        var name = _checkpoint.Tensors.Keys.FirstOrDefault(name =>
            name == ProjectionName || name.EndsWith($".{ProjectionName}", StringComparison.Ordinal));
        return name == null ? null : Load(name, [outputs, width]);
    }

    public bool Has(ExpectedWeight weight) => _checkpoint.Tensors.ContainsKey(_prefix + weight.Name);

    public RowTable Table(ExpectedWeight weight) => new WholeTable(Matrix(weight));

    public Tensor Matrix(ExpectedWeight weight, int[]? order = null) =>
        Load(_prefix + weight.Name, [.. weight.Sizes.Select(size => size.Size)]);

    public Matrix Layer(ExpectedWeight weight, bool inputMajor, int[]? order = null) => new(Matrix(weight, order), inputMajor);

    public Tensor Vector(ExpectedWeight weight, double offset = 0, int[]? order = null)
    {
        var stored = Matrix(weight, order);
        if (stored.Type == _device.ComputeType)
            return stored;
        var computed = Keep(_device.Allocate(stored.Rows, stored.Columns));
        using var rows = _device.AllocateIndices([.. Enumerable.Range(0, stored.Rows)]);
        _device.Embed(rows, stored, 1, computed);
        return computed;
    }

    public double Number(ExpectedWeight weight) => throw new NotSupportedException($"{weight.Name}: no vision model has such numbers");

    public Tensor Computed(int rows, int columns, Func<double[]> values) =>
        throw new NotSupportedException("no vision model has computed weights");

    public void Dispose() => _loaded.ForEach(tensor => tensor.Dispose());

    private Tensor Load(string name, int[] sizes)
    {
        Require(name, sizes);
        return Keep(_checkpoint.Load(_device, name, sizes.Length == 1 ? 1 : sizes[0], sizes[^1], _allowNonFinite));
    }

    private void Require(string name, int[] sizes)
    {
        var where = Printable.Escape(_checkpoint.Folder);
        if (!_checkpoint.Tensors.TryGetValue(name, out var entry))
            throw new EmergenceException(
                $"{where}: missing weight {Printable.Quote(name)} of [{string.Join(',', sizes)}], which config.json asks for");
        if (!entry.Shape.SequenceEqual(sizes.Select(size => (long)size)))
            throw new EmergenceException($"{where}: {Printable.Quote(name)} is {entry.ShapeText}, but config.json asks for "
                + $"[{string.Join(',', sizes)}]");
    }

    private Tensor Keep(Tensor tensor)
    {
        _loaded.Add(tensor);
        return tensor;
    }
}
