using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Reference;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Lab.Verification;

/// <summary>Forgets the last row of a sum.</summary>
internal sealed class ShortSums : ReferenceDevice
{
    protected override void SumRowsCore(Tensor x, Tensor sums) => base.SumRowsCore(x.RowRange(0, x.Rows - 1), sums);
}

/// <summary>Sees one position too many through a window.</summary>
internal sealed class WideWindow : ReferenceDevice
{
    protected override void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape,
        AttentionPositions? positions) =>
        base.AttentionCore(q, k, v, parents, y, shape with { Window = shape.Window == 0 ? 0 : shape.Window + 1 }, positions);
}

/// <summary>Adam without the correction of its first moments.</summary>
internal sealed class UncorrectedAdam : ReferenceDevice
{
    protected override void AdamCore(Tensor parameters, Tensor gradient, Tensor first, Tensor second, double rate, int step) =>
        base.AdamCore(parameters, gradient, first, second, rate, 1_000_000);
}

/// <summary>Single precision in memory; products of factors with so many significant bits.</summary>
internal sealed class RoundedProducts(int bits, DType operands) : ReferenceDevice
{
    public override DType ComputeType => DType.Float32;

    public override DeviceTraits Traits => new(DeviceScale.Tiny, operands);

    protected override void MatMulCore(
        Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Tensor? bias, Activation activation, Tensor? residual)
    {
        using var left = Rounded(a);
        using var right = b.Type == DType.Float32 ? Rounded(b) : null;
        base.MatMulCore(left, right ?? b, y, transposeA, transposeB, bias, activation, residual);
    }

    private Tensor Rounded(Tensor tensor)
    {
        var values = new float[tensor.Count];
        Download(tensor, MemoryMarshal.AsBytes(values.AsSpan()));
        var dropped = 24 - bits;
        for (var i = 0; i < values.Length && dropped > 0; i++)
        {
            var word = BitConverter.SingleToUInt32Bits(values[i]);
            values[i] = BitConverter.UInt32BitsToSingle((word + (1u << (dropped - 1))) >> dropped << dropped);
        }

        var copy = Allocate(tensor.Rows, tensor.Columns);
        Upload(MemoryMarshal.AsBytes(values.AsSpan()), copy);
        return copy;
    }
}
