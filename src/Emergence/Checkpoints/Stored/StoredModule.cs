using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Checkpoints.Stored;

/// <summary>A linear layer that a model needs, and the tensors of the checkpoint that store it: those that begin with its name.</summary>
/// <param name="checkpoint">Holds the tensors.</param>
/// <param name="name">E.g. "model.layers.0.mlp.down_proj".</param>
/// <param name="outputs">Size of the layer's result.</param>
/// <param name="inputs">Size of its argument.</param>
internal sealed class StoredModule(Checkpoint checkpoint, string name, int outputs, int inputs)
{
    public Checkpoint Checkpoint => checkpoint;

    public string Name => name;

    public int Outputs => outputs;

    public int Inputs => inputs;

    /// <summary>Tensors beside the weights that only an integer or 8-bit product would need, e.g. scales of activations.</summary>
    public List<string> Passed { get; } = [];

    /// <summary>The tensor of that ending (with its dot), or null.</summary>
    public TensorEntry? Find(string ending) => checkpoint.Tensors.GetValueOrDefault(name + ending);

    public void Pass(params ReadOnlySpan<string> endings)
    {
        foreach (var ending in endings)
        {
            if (Find(ending) != null)
                Passed.Add(name + ending);
        }
    }

    /// <summary>The tensor of that ending, which must have one of the types and one of the shapes.</summary>
    public StoredPart Take(string ending, string[] types, params ReadOnlySpan<long[]> shapes)
    {
        var expected =
            $"{string.Join(" or ", types)} {string.Join(" or ", shapes.ToArray().Select(shape => $"[{string.Join(',', shape)}]"))}";
        var entry = Find(ending) ?? throw Error($"the checkpoint has no {name}{ending}, expected {expected}");
        foreach (var shape in shapes)
        {
            if (types.Contains(entry.DType) && entry.Shape.AsSpan().SequenceEqual(shape))
                return new(entry);
        }

        throw Error(
            $"{name}{ending} is {entry.DType} {entry.ShapeText}, expected {expected} for a layer of {inputs} inputs and {outputs} outputs");
    }

    /// <summary>Scales (R, C) of blocks of rows and columns; sizes of 1 at the end may be left out.</summary>
    public StoredPart TakeScales(string ending, string[] types, int rows, int columns)
    {
        long[][] shapes = (rows, columns) switch
        {
            (1, 1) => [[1, 1], [1], []],
            (_, 1) => [[rows, 1], [rows]],
            _ => [[rows, columns]],
        };
        return Take(ending, types, shapes);
    }

    public EmergenceException Error(string message) => new($"{Printable.Escape(checkpoint.Folder)}: {message}");
}
