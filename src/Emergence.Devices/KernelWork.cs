using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>What one launch of a kernel has to do at least.</summary>
/// <param name="Bytes">Traffic: every operand once.</param>
/// <param name="TensorFlops">Arithmetic on tensor cores, a multiply-add as two.</param>
/// <param name="Flops">Arithmetic beside tensor cores; 0 if bytes are all that counts.</param>
public readonly record struct KernelWork(double Bytes, double TensorFlops = 0, double Flops = 0)
{
    /// <summary>Arithmetic on tensor cores and beside them.</summary>
    public double AllFlops => TensorFlops + Flops;

    /// <summary>The work of reading or writing these once; what is both read and written is named twice.</summary>
    public static KernelWork Of(params ReadOnlySpan<Tensor?> operands) => new(BytesOf(operands));

    /// <summary>Bytes of all elements of these; padding between rows is none of them.</summary>
    public static double BytesOf(params ReadOnlySpan<Tensor?> operands)
    {
        var bytes = 0.0;
        foreach (var operand in operands)
            bytes += operand == null ? 0 : (double)operand.Count * operand.Type.Size();
        return bytes;
    }
}

/// <summary>A kernel by its entry name, and the work of one of its launches.</summary>
public readonly record struct KernelLaunch(string Kernel, KernelWork Work);
