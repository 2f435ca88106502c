using System.Runtime.Intrinsics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <content>What mixtures of experts need beside the ops of other models.</content>
public sealed unsafe partial class CpuDevice
{
    protected override void GatherRowsCore(Tensor source, Tensor rows, Tensor destination)
    {
        // Rows in a file are read in their order, and given up on the way.
        if (source.Buffer is MappedBuffer || destination.Buffer is MappedBuffer)
        {
            base.GatherRowsCore(source, rows, destination);
            return;
        }

        var size = source.Type.Size();
        var bytes = (long)source.Columns * size;
        var index = (int*)rows.Address;
        _pool.RunRanges(destination.Rows, Grain(source.Columns), (start, end) =>
        {
            for (var n = start; n < end; n++)
            {
                var from = (byte*)source.Address + (long)index[(long)n * rows.RowStride] * source.RowStride * size;
                System.Buffer.MemoryCopy(from, (byte*)destination.Address + (long)n * destination.RowStride * size, bytes, bytes);
            }
        });
        GC.KeepAlive((source, rows, destination));
    }

    protected override void MixRowsCore(Tensor x, Tensor rows, Tensor weights, Tensor y)
    {
        RequireFloat32(x, weights, y);
        var index = (int*)rows.Address;
        _pool.RunRanges(y.Rows, Grain(y.Columns), (start, end) =>
        {
            for (var n = start; n < end; n++)
            {
                var to = new Span<float>(At(y, n), y.Columns);
                for (var j = 0; j < rows.Columns; j++)
                {
                    var from = new ReadOnlySpan<float>(At(x, index[(long)n * rows.RowStride + j]), y.Columns);
                    Add(from, At(weights, n)[j], to, isFirst: j == 0);
                }
            }
        });
        GC.KeepAlive((x, rows, weights, y));
    }

    private static void Add(ReadOnlySpan<float> from, float weight, Span<float> to, bool isFirst)
    {
        var c = 0;
        for (; c <= to.Length - Lanes.Count; c += Lanes.Count)
        {
            var product = Vector256.Create(from[c..]) * Vector256.Create(weight);
            (isFirst ? product : Vector256.Create((ReadOnlySpan<float>)to[c..]) + product).CopyTo(to[c..]);
        }

        for (; c < to.Length; c++)
            to[c] = isFirst ? from[c] * weight : to[c] + from[c] * weight;
    }
}
