using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>Starts of the rows of a host tensor, without the tensor's checks; the caller keeps the tensor alive.</summary>
internal readonly unsafe struct Rows<T>(Tensor tensor)
    where T : unmanaged
{
    private readonly T* _first = (T*)tensor.Address;
    private readonly nint _stride = tensor.RowStride;

    public T* this[int row] => _first + row * _stride;
}
