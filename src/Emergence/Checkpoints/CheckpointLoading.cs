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
    /// Reads a whole tensor into host memory, in pieces. NaN and infinities are refused unless
    /// <paramref name="allowNonFinite"/>.
    /// </summary>
    /// <param name="entry">A tensor of this checkpoint.</param>
    /// <param name="memory">Where to.</param>
    /// <param name="place">First byte there.</param>
    /// <param name="allowNonFinite">Takes every value.</param>
    /// <param name="once">The bytes are not read again soon: what was read leaves the kernel's cache.</param>
    /// <param name="cancellation">Ends the work between two pieces.</param>
    internal void Read(TensorEntry entry, HostBuffer memory, long place, bool allowNonFinite, bool once = false,
        CancellationToken cancellation = default)
    {
        var file = _fileOf[entry.Name];
        var scan = allowNonFinite ? null : NonFiniteScan.For(entry.DType);
        for (var offset = 0L; offset < entry.ByteLength; offset += PieceBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            var piece = memory.Slice(place + offset, (int)Math.Min(PieceBytes, entry.ByteLength - offset));
            ReadPiece(file, entry, offset, piece, scan, once);
        }

        RequireFinite(entry, scan);
    }

    /// <summary>Reads rows of a matrix, one behind the other.</summary>
    /// <param name="entry">A matrix of this checkpoint.</param>
    /// <param name="order">For each row the one that stores it; null: rows are stored in this order.</param>
    /// <param name="start">The row that byte 0 of what is asked for belongs to.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="allowNonFinite">Takes every value.</param>
    /// <param name="once">The bytes are not read again soon: what was read leaves the kernel's cache.</param>
    internal void ReadRows(TensorEntry entry, int[]? order, int start, long offset, Span<byte> destination, bool allowNonFinite,
        bool once = false)
    {
        var file = _fileOf[entry.Name];
        var scan = allowNonFinite ? null : NonFiniteScan.For(entry.DType);
        var width = entry.Shape[^1] * StoredType.Bits(entry.DType) / 8;
        var (first, end) = (entry.ByteLength, 0L);
        for (var done = 0; done < destination.Length;)
        {
            var (row, within) = Math.DivRem(offset + done, width);
            var from = order == null ? start * width + offset + done : order[start + row] * width + within;
            var piece = destination.Slice(done, (int)Math.Min(destination.Length - done, order == null ? PieceBytes : width - within));
            ReadPiece(file, entry, from, piece, scan, once && order == null);
            (first, end) = (Math.Min(first, from), Math.Max(end, from + piece.Length));
            done += piece.Length;
        }

        // Rows in another order lie between rows that are still to be read.
        if (once && order != null)
            file.Forget(entry, first, end - first);
        RequireFinite(entry, scan);
    }

    private static void ReadPiece(SafetensorsFile file, TensorEntry entry, long offset, Span<byte> piece, NonFiniteScan? scan, bool once)
    {
        file.Read(entry, offset, piece);
        if (once)
            file.Forget(entry, offset, piece.Length);
        scan?.Add(offset, piece);
    }

    private void RequireFinite(TensorEntry entry, NonFiniteScan? scan)
    {
        if (scan?.Describe(entry) is { } found)
            throw _fileOf[entry.Name].Error($"{Printable.Escape(entry.Name)}: {found}; --allow-nonfinite loads it all the same");
    }

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
            var scan = allowNonFinite ? null : NonFiniteScan.For(entry.DType);
            device.Fill(tensor, (offset, destination) =>
            {
                for (var done = 0; done < destination.Length; done += PieceBytes)
                {
                    var piece = destination[done..Math.Min(destination.Length, done + PieceBytes)];
                    ReadPiece(file, entry, offset + done, piece, scan, OutgrowsCache);
                }
            });
            RequireFinite(entry, scan);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }
}
