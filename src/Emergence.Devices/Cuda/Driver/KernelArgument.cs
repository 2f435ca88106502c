using Emergence.Devices.Tensors;
using Buffer = Emergence.Devices.Tensors.Buffer;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>One parameter of a kernel in 8 bytes: an address or a number, whose low bytes the kernel reads.</summary>
internal readonly record struct KernelArgument(ulong Bits)
{
    public static implicit operator KernelArgument(int value) => new((uint)value);

    public static implicit operator KernelArgument(uint value) => new(value);

    public static implicit operator KernelArgument(ulong value) => new(value);

    public static implicit operator KernelArgument(float value) => new(BitConverter.SingleToUInt32Bits(value));

    public static implicit operator KernelArgument(double value) => new(BitConverter.DoubleToUInt64Bits(value));

    /// <summary>Address of element (0, 0), or a null pointer.</summary>
    public static implicit operator KernelArgument(Tensor? tensor) => new(tensor == null ? 0 : (ulong)tensor.Address);

    public static implicit operator KernelArgument(Buffer buffer) => new((ulong)buffer.Address);

    /// <summary>The type of a tensor's elements as kernels number them; of null the first.</summary>
    public static int TypeOf(Tensor? tensor) => tensor?.Type switch
    {
        null or DType.Float32 => 0,
        DType.Float64 => 1,
        DType.Float16 => 2,
        DType.BFloat16 => 3,
        _ => throw new ArgumentException($"expected a floating type, found {tensor}"),
    };
}
