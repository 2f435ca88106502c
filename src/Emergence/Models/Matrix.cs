using Emergence.Checkpoints.Stored;
using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// A matrix to multiply with. It is made ready where it is used: a plain one lies in the device's memory as it is stored, a
/// packed one is unpacked into memory that all packed matrices of a model share.
/// </summary>
internal sealed class Matrix
{
    private readonly Tensor? _plain;
    private readonly StoredMatrix? _packed;
    private readonly UnpackedMatrix? _memory;
    private readonly int[]? _order;

    /// <param name="plain">(out, in), or (in, out) where <paramref name="inputMajor"/>.</param>
    /// <param name="inputMajor">Rows are inputs.</param>
    public Matrix(Tensor plain, bool inputMajor) => (_plain, InputMajor) = (plain, inputMajor);

    /// <param name="packed">As it is stored.</param>
    /// <param name="memory">Where it is unpacked.</param>
    /// <param name="order">Which stored output each output is; null: the same.</param>
    public Matrix(StoredMatrix packed, UnpackedMatrix memory, int[]? order) => (_packed, _memory, _order, InputMajor) = (packed, memory, order, packed.InputMajor);

    /// <summary>Rows are inputs instead of outputs.</summary>
    public bool InputMajor { get; }

    /// <summary>Valid until another matrix is made ready.</summary>
    public Tensor Ready() => _plain ?? _memory!.Hold(_packed!, _order);
}

/// <summary>Device memory in which one packed matrix at a time lies unpacked; as large as the largest needs.</summary>
internal sealed class UnpackedMatrix(Device device, long elements) : IDisposable
{
    private Tensor? _memory;
    private StoredMatrix? _held;

    public Tensor Hold(StoredMatrix matrix, int[]? order)
    {
        _memory ??= device.Allocate(1, checked((int)elements));
        var tensor = _memory.ColumnRange(0, checked(matrix.Rows * matrix.Columns)).Reshape(matrix.Rows, matrix.Columns);
        if (_held == matrix)
            return tensor;
        _held = null;
        if (order == null)
            device.Unpack(matrix.Unpack, tensor);
        else
            device.Unpack((start, count, destination) => Unpack(matrix, order, start, count, destination), tensor);
        _held = matrix;
        return tensor;
    }

    public void Dispose() => _memory?.Dispose();

    /// <summary>Rows start .. start + count - 1 with the outputs in another order: those of rows, or of columns where rows are inputs.</summary>
    private static void Unpack(StoredMatrix matrix, int[] order, int start, int count, Span<float> destination)
    {
        if (!matrix.InputMajor)
        {
            for (var row = 0; row < count; row++)
                matrix.Unpack(order[start + row], 1, destination.Slice(row * matrix.Columns, matrix.Columns));
            return;
        }

        var stored = new float[count * matrix.Columns];
        matrix.Unpack(start, count, stored);
        for (var i = 0; i < stored.Length; i++)
            destination[i] = stored[i / matrix.Columns * matrix.Columns + order[i % matrix.Columns]];
    }
}
