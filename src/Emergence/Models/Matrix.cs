using Emergence.Checkpoints.Stored;
using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// A matrix to multiply with. It is made ready where it is used: a plain one lies in the device's memory as it is stored, a
/// packed one is unpacked into memory that all packed matrices of a model share.
/// </summary>
internal sealed class Matrix : IDisposable
{
    private readonly Tensor? _plain;
    private readonly StoredMatrix? _packed;
    private readonly UnpackedMatrix? _memory;

    /// <param name="plain">(out, in), or (in, out) where <paramref name="inputMajor"/>.</param>
    /// <param name="inputMajor">Rows are inputs.</param>
    public Matrix(Tensor plain, bool inputMajor) => (_plain, InputMajor) = (plain, inputMajor);

    public Matrix(StoredMatrix packed, UnpackedMatrix memory) => (_packed, _memory, InputMajor) = (packed, memory, packed.InputMajor);

    /// <summary>Rows are inputs instead of outputs.</summary>
    public bool InputMajor { get; }

    /// <summary>Valid until another matrix is made ready.</summary>
    public Tensor Ready() => _plain ?? _memory!.Hold(_packed!);

    public void Dispose()
    {
        _plain?.Dispose();
        _packed?.Dispose();
    }
}

/// <summary>Device memory in which one packed matrix at a time lies unpacked; as large as the largest needs.</summary>
internal sealed class UnpackedMatrix(Device device, long elements) : IDisposable
{
    private Tensor? _memory;
    private StoredMatrix? _held;

    public Tensor Hold(StoredMatrix matrix)
    {
        _memory ??= device.Allocate(1, checked((int)elements));
        var tensor = _memory.ColumnRange(0, checked(matrix.Rows * matrix.Columns)).Reshape(matrix.Rows, matrix.Columns);
        if (_held == matrix)
            return tensor;
        _held = null;
        device.Unpack(matrix.Unpack, tensor);
        _held = matrix;
        return tensor;
    }

    public void Dispose() => _memory?.Dispose();
}
