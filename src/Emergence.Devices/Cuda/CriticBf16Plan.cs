using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Ops;

namespace Emergence.Devices.Cuda;

/// <summary>
/// Where a critic in bf16 is cut: its wide layers are products on tensor cores, the narrow ones at its end are done whole by two
/// kernels. Layer l makes A(l) from A(l - 1), A(0) = f(Zx[a] + Zy[b]).
/// </summary>
internal sealed class CriticBf16Plan
{
    // A layer with fewer inputs than this gains nothing from tensor cores.
    private const int WideInput = 96;

    public CriticBf16Plan(CriticShape shape, GpuTraits gpu)
    {
        Shape = shape;
        TailStart = shape.Layers - 1;
        while (TailStart > 1 && shape.InputColumns(TailStart - 1) < WideInput)
            TailStart--;
        Tail = new([.. shape.Widths.Skip(TailStart - 1)]);
        FormsPairs = gpu.HasWarpgroups && TailStart > 1 && shape.Widths[0] % PairSumOperand.ColumnUnit == 0;
        if (CriticTailOps.TileOf(Tail) == 0)
        {
            throw new EmergenceException(
                $"the last {shape.Layers - TailStart} layers of this critic ({string.Join('-', Tail.Widths)}) are too large for " +
                "bfloat16; use --dtype float32",
                ExitCode.Usage);
        }
    }

    public CriticShape Shape { get; }

    /// <summary>Whether products form A(0) as they go, and only its signs are kept; else it is stored.</summary>
    public bool FormsPairs { get; }

    /// <summary>First layer of the tail, 1 or more.</summary>
    public int TailStart { get; }

    public CriticTail Tail { get; }

    /// <summary>
    /// The matrices that are rounded: the first layer's weights for x and for y, then those of layers 1 .. below the tail, by where
    /// they begin in the parameters and their stride there.
    /// </summary>
    public IEnumerable<(int Start, int Stride, int Rows, int Columns)> WeightMatrices()
    {
        var stride = Shape.InputColumns(0);
        yield return (0, stride, Shape.Widths[0], Shape.XColumns);
        yield return (Shape.XColumns, stride, Shape.Widths[0], Shape.YColumns);
        var start = Shape.Widths[0] * (stride + 1);
        for (var layer = 1; layer < TailStart; layer++)
        {
            var (rows, columns) = (Shape.Widths[layer], Shape.InputColumns(layer));
            yield return (start, columns, rows, columns);
            start += rows * (columns + 1);
        }
    }
}
