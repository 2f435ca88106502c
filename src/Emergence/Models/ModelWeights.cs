using Emergence.Devices;

namespace Emergence.Models;

/// <summary>Where the forward pass takes its weights from, a block at a time.</summary>
internal abstract class ModelWeights : IDisposable
{
    public abstract FirstWeights First { get; }

    public abstract Norm? FinalNorm { get; }

    public abstract bool HasHead { get; }

    /// <summary>(V, d); the embedding itself if they are tied.</summary>
    public abstract Linear Head { get; }

    /// <summary>A pass begins: block 0 comes next.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Valid until another block is asked for.</summary>
    public abstract BlockWeights Block(int layer);

    public abstract void Dispose();
}

/// <summary>All weights of a model in a device's memory.</summary>
internal sealed class ResidentWeights : ModelWeights
{
    private readonly ILoadedWeights _loader;
    private readonly UnpackedMatrices? _unpacked;
    private readonly BlockWeights[] _blocks;
    private readonly Linear? _head;
    private int _layer = -1;

    /// <param name="device">Holds them.</param>
    /// <param name="shape">Shape of the model.</param>
    /// <param name="files">Its weights.</param>
    /// <param name="unpacked">Bytes for unpacked matrices.</param>
    public ResidentWeights(Device device, ModelShape shape, WeightFiles files, long unpacked)
        : this(device, shape, files, new UnpackedMatrices(device, files, unpacked))
    {
    }

    /// <param name="shape">Shape of the model.</param>
    /// <param name="loader">Freed with them.</param>
    /// <param name="unpacked">Where packed matrices are unpacked, if any are; freed with them.</param>
    public ResidentWeights(ModelShape shape, ILoadedWeights loader, UnpackedMatrices? unpacked = null)
    {
        (_loader, _unpacked) = (loader, unpacked);
        try
        {
            var builder = new WeightBuilder(shape, _loader);
            First = builder.First();
            _blocks = [.. Enumerable.Range(0, shape.Layers).Select(layer => builder.Block(layer, First))];
            FinalNorm = builder.FinalNorm();
            _head = builder.Head(First.Embedding.Whole);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private ResidentWeights(Device device, ModelShape shape, WeightFiles files, UnpackedMatrices unpacked)
        : this(shape, new WeightLoader(device, files, unpacked), unpacked)
    {
    }

    public override FirstWeights First { get; }

    public override Norm? FinalNorm { get; }

    public override bool HasHead => _head != null;

    public override Linear Head => _head!;

    public override BlockWeights Block(int layer)
    {
        if (_layer != layer)
            _unpacked?.Leave();
        _layer = layer;
        return _blocks[layer];
    }

    public override void Dispose()
    {
        _loader.Dispose();
        _unpacked?.Dispose();
    }
}
