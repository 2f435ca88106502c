using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// Brings checked weights into a device's memory: matrices in the type they are stored in, vectors (norms and biases) in
/// the type the device computes with, which changes no value of a narrower type.
/// </summary>
internal sealed class WeightLoader(Device device, ModelConfig config, WeightFiles files) : IDisposable
{
    private readonly List<Tensor> _loaded = [];

    private ModelShape Shape => config.Shape;

    private WeightNames Names => config.Architecture.Names;

    public static ModelWeights Load(Device device, ModelConfig config, WeightFiles files)
    {
        using var loader = new WeightLoader(device, config, files);
        return loader.LoadAll();
    }

    /// <summary>Frees what was loaded before a failure.</summary>
    public void Dispose()
    {
        foreach (var tensor in _loaded)
            tensor.Dispose();
    }

    private ModelWeights LoadAll()
    {
        var embedding = Take($"{Names.Embedding}.weight");
        var weights = new ModelWeights
        {
            Embedding = embedding,
            Positions = Shape.PositionOffset == null ? null : Take($"{Names.Positions}.weight"),
            Blocks = [.. Enumerable.Range(0, Shape.Layers).Select(layer => Block($"{Names.Block}{layer}."))],
            FinalNorm = Norm("", Names.FinalNorm),
            Head = new(
                Shape.TiedHead ? embedding : Take($"{Names.Head}.weight", isHead: true),
                Shape.HeadBias ? TakeVector($"{Names.Head}.bias", isHead: true) : null,
                InputMajor: false),
        };
        _loaded.Clear();
        return weights;
    }

    private BlockWeights Block(string block) => new()
    {
        AttentionInputNorm = Norm(block, Names.AttentionInputNorm),
        AttentionOutputNorm = Norm(block, Names.AttentionOutputNorm),
        InnerInputNorm = Norm(block, Names.InnerInputNorm),
        InnerOutputNorm = Norm(block, Names.InnerOutputNorm),
        QueryNorm = Norm(block, Names.QueryNorm),
        KeyNorm = Norm(block, Names.KeyNorm),
        QueryKeyValue = [.. Names.QueryKeyValue.Select(name => Linear(block + name, Shape.QueryKeyValueBias))],
        AttentionOutput = Linear(block + Names.AttentionOutput, Shape.AttentionOutputBias),
        Inner = [.. Names.Inner.Select(name => Linear(block + name, Shape.InnerBias))],
        InnerOutput = Linear(block + Names.InnerOutput, Shape.InnerBias),
    };

    private Norm? Norm(string block, string? name) => name == null
        ? null
        : new(Shape.Norm, TakeVector($"{block}{name}.weight"), Shape.Norm.Rms ? null : TakeVector($"{block}{name}.bias"));

    private Linear Linear(string name, bool bias) => new(Take($"{name}.weight"), bias ? TakeVector($"{name}.bias") : null, Names.InputMajor);

    private Tensor TakeVector(string name, bool isHead = false)
    {
        var stored = Take(name, isHead);
        if (stored.Type == device.ComputeType)
            return stored;
        var computed = device.Allocate(1, stored.Columns);
        _loaded.Add(computed);
        using var first = device.AllocateIndices([0]);
        device.Embed(first, stored, 1, computed);
        stored.Dispose();
        return computed;
    }

    private Tensor Take(string name, bool isHead = false)
    {
        var tensor = files.Load(device, name, isHead);
        _loaded.Add(tensor);
        return tensor;
    }
}
