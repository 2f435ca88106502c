using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Checkpoints;

public sealed partial class Checkpoint
{
    /// <summary>Scanned while still in the cache; a multiple of every element's size.</summary>
    private const int PieceBytes = 1 << 20;

    /// <summary>
    /// A weight as a (rows, columns) tensor of its stored type, read straight into the device's memory. The last size of
    /// the stored shape must be <paramref name="columns"/>; a vector may be (1, n) or (n, 1). NaN and infinities are
    /// refused unless <paramref name="allowNonFinite"/>.
    /// </summary>
    public Tensor Load(Device device, string name, int rows, int columns, bool allowNonFinite = false)
    {
        if (!_tensors.TryGetValue(name, out var entry))
            throw new EmergenceException($"{Printable.Escape(Folder)}: missing weight {Printable.Quote(name)}");
        var file = _fileOf[name];
        if (StoredType.ForWeights(entry.DType) is not { } type)
            throw file.Error($"tensor {Printable.Quote(name)}: dtype {entry.DType} not supported for weights (F32, F64, F16, BF16 are)");
        var fits = entry.Count == (long)rows * columns && (entry.Shape.Length < 2 ? rows == 1 || columns == 1 : entry.Shape[^1] == columns);
        if (!fits)
            throw file.Error($"tensor {Printable.Quote(name)} is {entry.ShapeText}, expected [{rows},{columns}]");

        var tensor = device.Allocate(type, rows, columns);
        try
        {
            var scan = allowNonFinite ? null : new NonFiniteScan(type);
            device.Fill(tensor, (offset, destination) =>
            {
                for (var done = 0; done < destination.Length; done += PieceBytes)
                {
                    var piece = destination[done..Math.Min(destination.Length, done + PieceBytes)];
                    file.Read(entry, offset + done, piece);
                    scan?.Add(offset + done, piece);
                }
            });
            if (scan?.Describe(entry) is { } found)
                throw file.Error($"{Printable.Escape(name)}: {found}; --allow-nonfinite loads it all the same");
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }
}
