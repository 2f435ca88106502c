using Emergence.Devices.Critics;

namespace Emergence.Devices.Cuda.Listings;

/// <summary>The launches of a step in single precision, op by op as ComposedCriticWorkspace goes through them.</summary>
/// <param name="shape">The critic.</param>
/// <param name="xRows">Kx.</param>
/// <param name="yRows">Ky.</param>
/// <param name="pairs">R.</param>
/// <param name="warpgroups">Wide products by Hopper's instructions, on parts of their operands.</param>
internal sealed class SingleStepWork(CriticShape shape, int xRows, int yRows, int pairs, bool warpgroups)
{
    private const double Single = sizeof(float), Index = sizeof(int);

    /// <summary>Of a number in three parts, and the products of two such.</summary>
    private const int PartBytes = 3 * sizeof(ushort), ProductsOfParts = 6;

    /// <summary>Parts of a long sum, where a GPU has enough to do with so many.</summary>
    private const int Sums = 64;

    /// <summary>Of a training off its support.</summary>
    private const int Support = 2_000, DrawnPairs = 50_000;

    private static readonly CriticShape s_small = new(StepWork.Columns, StepWork.Columns, CriticWidths.Small);

    /// <summary>Once a training, or of another kind of training.</summary>
    public static PassWork Others { get; } = new("other", "inputs of the published step rounded; Adam op by op; 50,000 pairs off a support of 2,000, and with it through the tail of preset small; a step of preset small on 25 classes in one block",
    [
        new(KernelTable.ToBf16, (Single + sizeof(ushort)) * StepWork.PublishedRows * StepWork.Columns),
        new(KernelTable.Adam, 7 * Single * StepWork.PublishedShape.ParameterCount),
        new(KernelTable.DrawOffSupport, Index * ((2.0 * DrawnPairs) + (6 * Support))),
        .. SmallTail(),
        Small(),
    ]);

    public static PassWork Published(bool warpgroups)
    {
        var step = new SingleStepWork(StepWork.PublishedShape, StepWork.PublishedRows, StepWork.PublishedRows, StepWork.PublishedPairs, warpgroups);
        return new("step32", $"the published step in {(warpgroups ? "single precision, six products of bf16 parts for one of wide matrices" : "plain single precision, op by op")}",
            StepWork.OfPublished([.. step.Forward(), .. step.Backward()]));
    }

    public IEnumerable<LaunchWork> Forward() =>
    [
        .. Product(ProductLayout.NT, xRows, shape.Widths[0], shape.XColumns),
        .. Product(ProductLayout.NT, yRows, shape.Widths[0], shape.YColumns),
        new(KernelTable.AddPairs, (Single * ((double)pairs + xRows + yRows) * shape.Widths[0]) + (2 * Index * pairs)),
        .. Enumerable.Range(1, shape.Layers - 1).SelectMany(layer => Product(ProductLayout.NT, pairs, shape.Widths[layer], shape.InputColumns(layer))),
    ];

    public IEnumerable<LaunchWork> Backward() =>
    [
        .. Enumerable.Range(1, shape.Layers - 1).Reverse().SelectMany(Layer),
        .. SumRows(shape.Widths[0]),
        .. SumByIndex(xRows),
        .. SumByIndex(yRows),
        .. Gradient(xRows, shape.Widths[0], shape.XColumns),
        .. Gradient(yRows, shape.Widths[0], shape.YColumns),
    ];

    private IEnumerable<LaunchWork> Layer(int layer)
    {
        var (n, k) = (shape.Widths[layer], shape.InputColumns(layer));
        return [.. Gradient(pairs, n, k), .. SumRows(n), .. Product(ProductLayout.NN, pairs, k, n), new(KernelTable.LeakyReluGradient, 3 * Single * pairs * k)];
    }

    private LaunchWork[] Product(ProductLayout layout, int m, int n, int k)
    {
        var (operands, result, flops) = (((double)m * k) + ((double)n * k), Single * m * n, 2.0 * m * n * k);
        return warpgroups && CudaDevice.FillsPartTiles(n, k)
            ? [Split(m, k), Split(n, k), new(HopperProducts.KernelOf(layout, ProductKind.Float, n).Kernel, (PartBytes * operands) + result, TensorFlops: ProductsOfParts * flops)]
            : [new(KernelTable.MatMul, (Single * operands) + result, Flops: flops)];
    }

    /// <summary>By weights (n, k): a sum over rows, in parts where it is long.</summary>
    private IEnumerable<LaunchWork> Gradient(int rows, int n, int k)
    {
        var (operands, sum, flops) = (rows * ((double)n + k), Single * n * k, 2.0 * rows * n * k);
        if (warpgroups && CudaDevice.FillsPartTiles(n, k))
            return Chunks(rows).SelectMany(count => OfRows(count, n, k, Sums * sum * count / rows)).Append(new(KernelTable.MatMulSum, (Sums + 1) * sum));
        return rows <= CudaDevice.LongSum
            ? [new(KernelTable.MatMul, (Single * operands) + sum, Flops: flops)]
            : [new(KernelTable.MatMulSplit, (Single * operands) + (Sums * sum), Flops: flops), new(KernelTable.MatMulSum, (Sums + 1) * sum)];
    }

    private static IEnumerable<int> Chunks(int rows)
    {
        for (var start = 0; start < rows; start += CudaDevice.RowsOfParts)
            yield return Math.Min(CudaDevice.RowsOfParts, rows - start);
    }

    private static LaunchWork[] OfRows(int rows, int n, int k, double sumBytes) =>
    [
        Split(rows, n),
        Split(rows, k),
        new(HopperProducts.KernelOf(ProductLayout.TN, ProductKind.Split, k).Kernel, (PartBytes * rows * ((double)n + k)) + sumBytes, TensorFlops: ProductsOfParts * 2.0 * rows * n * k),
    ];

    private static LaunchWork Split(int rows, int columns) => new(KernelTable.SplitParts, (Single + PartBytes) * rows * columns);

    /// <summary>Sums of chunks, of those, and of those again.</summary>
    private LaunchWork[] SumRows(int columns)
    {
        if (pairs <= CudaDevice.SumRowsChunk)
            return [new(KernelTable.SumRows, Single * pairs * columns)];
        var chunks = (double)pairs / CudaDevice.SumRowsChunk;
        return [new(KernelTable.SumRows, Single * (pairs + chunks) * columns), new(KernelTable.SumRows, Single * (chunks + 1) * columns), new(KernelTable.SumRows, 2 * Single * columns)];
    }

    private LaunchWork[] SumByIndex(int classes) =>
    [
        .. StepWork.Sort(pairs, classes),
        new(KernelTable.SumByIndex, (Single * (pairs + (double)classes) * shape.Widths[0]) + (Index * (pairs + (double)classes))),
    ];

    private static IEnumerable<LaunchWork> SmallTail()
    {
        var step = new StepWork(new(s_small, Support, Support, Support + DrawnPairs, hasPairProducts: false), warpgroups: false);
        return [step.TailForward(), .. step.TailBackward()];
    }

    private static LaunchWork Small()
    {
        const int Classes = 25;
        return new(KernelTable.SmallCritic, Single * ((6.0 * s_small.ParameterCount) + (2 * Classes * StepWork.Columns)), Flops: 2 * s_small.StepMultiplyAdds(Classes, Classes, Classes * Classes));
    }
}
