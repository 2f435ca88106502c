using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>Where the rows of a host tensor start, without the tensor's checks; the caller keeps the tensor alive.</summary>
internal readonly unsafe struct Rows<T>(Tensor tensor)
    where T : unmanaged
{
    private readonly T* _first = (T*)tensor.Address;
    private readonly nint _stride = tensor.RowStride;

    public T* this[int row] => _first + row * _stride;
}
