using Emergence.Checkpoints.Stored;
using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// A matrix to multiply with, made ready where it is used: a plain one lies in the device's memory as it is stored, a packed
/// one is unpacked into memory that the packed matrices of all blocks share.
/// </summary>
internal sealed class Matrix
{
    private readonly Func<Tensor> _ready;
    private readonly Func<int, int, Matrix> _rows;
    private readonly Func<int, int, Matrix> _outputs;

    /// <param name="plain">(out, in), or (in, out) if <paramref name="inputMajor"/>.</param>
    /// <param name="inputMajor">Rows are inputs.</param>
    public Matrix(Tensor plain, bool inputMajor)
    {
        (_ready, InputMajor) = (() => plain, inputMajor);
        _rows = (start, count) => new(plain.RowRange(start, count), inputMajor);
        _outputs = (start, count) => inputMajor ? new(plain.ColumnRange(start, count), inputMajor) : Rows(start, count);
    }

    /// <param name="packed">The packed matrix, of which rows of outputs, or all columns, are unpacked.</param>
    /// <param name="memory">Where to.</param>
    public Matrix(PackedRows packed, UnpackedMatrices memory)
    {
        (_ready, InputMajor) = (() => memory.Hold(packed), packed.Matrix.InputMajor);
        _rows = (start, count) => new(packed with { Start = packed.Start + start, Count = count }, memory);
        _outputs = (start, count) => InputMajor
            ? throw new EmergenceException($"{packed.Matrix.Name}: outputs of a matrix that is packed as (in, out) cannot be taken apart")
            : Rows(start, count);
    }

    /// <param name="rows">Rows of outputs, or of inputs if <paramref name="inputMajor"/>, that are read when they are used.</param>
    /// <param name="memory">Where to.</param>
    /// <param name="inputMajor">Rows are inputs.</param>
    public Matrix(ReadRows rows, RowMemory memory, bool inputMajor)
    {
        (_ready, InputMajor) = (() => memory.Hold(rows), inputMajor);
        _rows = (start, count) => new(rows with { Start = rows.Start + start, Count = count }, memory, inputMajor);
        _outputs = (start, count) => inputMajor ? new(memory.Hold(rows).ColumnRange(start, count), inputMajor) : Rows(start, count);
    }

    /// <param name="parts">Matrices of the same size below each other, (out, in), of which each is used alone.</param>
    /// <param name="rows">Rows of each.</param>
    private Matrix(Matrix[] parts, int rows)
    {
        _ready = () => throw new InvalidOperationException("only parts of the matrix are read");
        _rows = (start, count) => parts[start / rows].Rows(start % rows, count);
        _outputs = Rows;
    }

    /// <summary>Experts' matrices below each other, (out, in), each of which is read when it is used.</summary>
    public static Matrix Below(StoredMatrix[] parts, UnpackedMatrices memory, bool stays) =>
        new([.. parts.Select(part => new Matrix(new PackedRows(part, null, 0, part.Rows) { Stays = stays }, memory))], parts[0].Rows);

    /// <summary>Rows are inputs instead of outputs.</summary>
    public bool InputMajor { get; }

    /// <summary>Valid until another matrix is made ready.</summary>
    public Tensor Ready() => _ready();

    /// <summary>Some rows alone, e.g. those of one expert.</summary>
    public Matrix Rows(int start, int count) => _rows(start, count);

    /// <summary>Some of the outputs alone.</summary>
    public Matrix Outputs(int start, int count) => _outputs(start, count);
}

/// <summary>Rows of a packed matrix.</summary>
/// <param name="Matrix">The whole.</param>
/// <param name="Order">For each output the one that stores it, always the same for a matrix; null: outputs are stored in this
/// order.</param>
/// <param name="Start">First row.</param>
/// <param name="Count">Number of rows.</param>
internal sealed record PackedRows(StoredMatrix Matrix, int[]? Order, int Start, int Count)
{
    /// <summary>What is read when it is used stays until somebody else gives it up; else until another matrix is read.</summary>
    public bool Stays { get; init; }

    /// <summary>Writes the unpacked rows; outputs are columns if rows are inputs.</summary>
    public void Unpack(Device device, Tensor y) =>
        device.Unpack(new(Matrix, Start, Matrix.InputMajor ? null : Order, Matrix.InputMajor ? Order : null), y);
}

/// <summary>Rows of a plain matrix that are read when they are used.</summary>
/// <param name="Weight">The whole.</param>
/// <param name="Order">For each output the one that stores it; null: outputs are stored in this order.</param>
/// <param name="Start">First row.</param>
/// <param name="Count">Number of rows.</param>
internal sealed record ReadRows(ExpectedWeight Weight, int[]? Order, int Start, int Count);

/// <summary>Device memory for rows that are read when they are used.</summary>
internal abstract class RowMemory : IDisposable
{
    /// <summary>The rows, read unless they are there already.</summary>
    public abstract Tensor Hold(ReadRows rows);

    public abstract void Dispose();
}

/// <summary>Memory in which one plain matrix, or rows of one, lie at a time, read anew whenever another one was there.</summary>
/// <param name="device">Holds it.</param>
/// <param name="files">Where matrices come from.</param>
/// <param name="bytes">The largest need.</param>
internal sealed class PassingMatrix(Device device, WeightFiles files, long bytes) : RowMemory
{
    private Tensor? _memory;
    private ReadRows? _held;

    public override Tensor Hold(ReadRows rows)
    {
        const int Piece = 1 << 10;
        _memory ??= device.Allocate(DType.Float32, checked((int)(bytes / (sizeof(float) * Piece)) + 1), Piece);
        var tensor = Tensor.View(_memory.Buffer, 0, files.TypeOf(rows.Weight), rows.Count, rows.Weight.Columns);
        if (_held == rows)
            return tensor;
        _held = null;
        device.Fill(tensor, (offset, destination) => files.Read(rows, offset, destination));
        _held = rows;
        return tensor;
    }

    public override void Dispose() => _memory?.Dispose();
}

/// <summary>Plain matrices of experts, read when rows first pass them; they stay until all are given up.</summary>
/// <param name="device">Holds them.</param>
/// <param name="files">Where they come from.</param>
internal sealed class NeededMatrices(Device device, WeightFiles files) : RowMemory
{
    private readonly Dictionary<ReadRows, Tensor> _held = [];

    public override Tensor Hold(ReadRows rows)
    {
        if (_held.TryGetValue(rows, out var tensor))
            return tensor;
        tensor = device.Allocate(files.TypeOf(rows.Weight), rows.Count, rows.Weight.Columns);
        try
        {
            device.Fill(tensor, (offset, destination) => files.Read(rows, offset, destination, once: true));
        }
        catch
        {
            tensor.Dispose();
            throw;
        }

        return _held[rows] = tensor;
    }

    public override void Dispose()
    {
        foreach (var tensor in _held.Values)
            tensor.Dispose();
        _held.Clear();
    }
}
