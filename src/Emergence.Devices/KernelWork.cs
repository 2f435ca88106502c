using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>What one launch of a kernel has to do at least.</summary>
/// <param name="Bytes">Traffic: every operand once.</param>
/// <param name="TensorFlops">On tensor cores, a multiply-add as two.</param>
/// <param name="Flops">Beside them; 0 where bytes are all that counts.</param>
public readonly record struct KernelWork(double Bytes, double TensorFlops = 0, double Flops = 0)
{
    /// <summary>On tensor cores and beside them.</summary>
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
