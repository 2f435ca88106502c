using Emergence.Checkpoints.Stored;
using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// A matrix to multiply with, made ready where it is used: a plain one lies in the device's memory as it is stored, a packed
/// one is unpacked into memory that all packed matrices of a model share.
/// </summary>
internal sealed class Matrix
{
    private readonly Func<Tensor> _ready;

    /// <param name="plain">(out, in), or (in, out) where <paramref name="inputMajor"/>.</param>
    /// <param name="inputMajor">Rows are inputs.</param>
    public Matrix(Tensor plain, bool inputMajor)
        : this(() => plain, inputMajor)
    {
    }

    /// <param name="packed">The matrix.</param>
    /// <param name="memory">Where it is unpacked.</param>
    /// <param name="order">Which stored output each output is; null: they are stored so.</param>
    public Matrix(StoredMatrix packed, UnpackedMatrix memory, int[]? order)
        : this(() => memory.Hold(packed, order), packed.InputMajor)
    {
    }

    private Matrix(Func<Tensor> ready, bool inputMajor) => (_ready, InputMajor) = (ready, inputMajor);

    /// <summary>Rows are inputs instead of outputs.</summary>
    public bool InputMajor { get; }

    /// <summary>Valid until another matrix is made ready.</summary>
    public Tensor Ready() => _ready();

    /// <summary>Some of the outputs alone.</summary>
    public Matrix Outputs(int start, int count) =>
        new(() => InputMajor ? Ready().ColumnRange(start, count) : Ready().RowRange(start, count), InputMajor);
}

/// <summary>Device memory in which one packed matrix at a time lies unpacked; as large as the largest needs.</summary>
internal sealed class UnpackedMatrix(Device device, long elements) : IDisposable
{
    private Tensor? _memory;
    private StoredMatrix? _held;

    /// <param name="matrix">To be unpacked, unless it is there already.</param>
    /// <param name="order">Which stored output each output is, always the same for a matrix; null: they are stored so.</param>
    public Tensor Hold(StoredMatrix matrix, int[]? order)
    {
        _memory ??= device.Allocate(1, checked((int)elements));
        var tensor = _memory.ColumnRange(0, checked(matrix.Rows * matrix.Columns)).Reshape(matrix.Rows, matrix.Columns);
        if (_held == matrix)
            return tensor;
        _held = null;
        device.Unpack(order == null ? matrix.Unpack : matrix.InputMajor ? Columns : Rows, tensor);
        _held = matrix;
        return tensor;

        void Rows(int start, int count, Span<float> destination)
        {
            for (var row = 0; row < count; row++)
                matrix.Unpack(order[start + row], 1, destination.Slice(row * matrix.Columns, matrix.Columns));
        }

        void Columns(int start, int count, Span<float> destination)
        {
            var stored = new float[matrix.Columns];
            for (var row = 0; row < count; row++)
            {
                matrix.Unpack(start + row, 1, stored);
                for (var column = 0; column < stored.Length; column++)
                    destination[row * stored.Length + column] = stored[order[column]];
            }
        }
    }

    public void Dispose() => _memory?.Dispose();
}
