using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>One parameter of a kernel in 8 bytes: an address or a number, whose low bytes the kernel reads.</summary>
internal readonly record struct KernelArgument(ulong Bits)
{
    public static implicit operator KernelArgument(int value) => new((uint)value);

    public static implicit operator KernelArgument(uint value) => new(value);

    public static implicit operator KernelArgument(ulong value) => new(value);

    public static implicit operator KernelArgument(float value) => new(BitConverter.SingleToUInt32Bits(value));

    public static implicit operator KernelArgument(double value) => new(BitConverter.DoubleToUInt64Bits(value));

    /// <summary>Address of element (0, 0); null for none.</summary>
    public static implicit operator KernelArgument(Tensor? tensor) => new(tensor == null ? 0 : (ulong)tensor.Address);

    public static implicit operator KernelArgument(CudaBuffer buffer) => new((ulong)buffer.Address);
}

/// <summary>Blocks of a launch.</summary>
internal readonly record struct Grid(int X, int Y = 1, int Z = 1);
