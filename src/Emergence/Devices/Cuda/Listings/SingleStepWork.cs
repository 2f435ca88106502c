namespace Emergence.Devices.Cuda.Listings;

/// <summary>The launches of the published step in single precision, op by op, and what no published step launches.</summary>
internal static class SingleStepWork
{
    private const int Rows = StepWork.PublishedRows, Pairs = StepWork.PublishedPairs, Columns = StepWork.Columns;
    private const double Single = sizeof(float), Index = sizeof(int);

    /// <summary>Parts of a sum of 600,000 or 300,000 rows at most; chunks of rows that are summed.</summary>
    private const int Parts = 64, SumRowsChunk = 1_024;

    /// <summary>Of a number in three parts, and the products of two such.</summary>
    private const int PartBytes = 3 * sizeof(ushort), ProductsOfParts = 6;

    /// <summary>Of a training off its support.</summary>
    private const int Support = 2_000, DrawnPairs = 50_000;

    private static readonly CriticShape s_shape = StepWork.PublishedShape, s_small = new(Columns, Columns, CriticWidths.Small);

    /// <param name="warpgroups">Wide products by Hopper's instructions, on parts of their operands.</param>
    public static PassWork Step(bool warpgroups) => new("step32", $"the published step in {(warpgroups ? "single precision, six products of bf16 parts for one of wide matrices" : "plain single precision, op by op")}",
    [
        new(KernelTable.DrawShuffled, 4 * Index * Rows),
        .. Product(ProductLayout.NT, Rows, s_shape.Widths[0], Columns, warpgroups),
        .. Product(ProductLayout.NT, Rows, s_shape.Widths[0], Columns, warpgroups),
        new(KernelTable.AddPairs, (Single * (Pairs + (2.0 * Rows)) * s_shape.Widths[0]) + (2 * Index * Pairs)),
        .. Enumerable.Range(1, s_shape.Layers - 1).SelectMany(layer => Product(ProductLayout.NT, Pairs, s_shape.Widths[layer], s_shape.InputColumns(layer), warpgroups)),
        .. StepWork.Objective(Pairs),
        .. Enumerable.Range(1, s_shape.Layers - 1).Reverse().SelectMany(layer => Layer(layer, warpgroups)),
        .. SumRows(Pairs, s_shape.Widths[0]),
        .. SumByIndex(),
        .. SumByIndex(),
        .. Gradient(Rows, s_shape.Widths[0], Columns, warpgroups),
        .. Gradient(Rows, s_shape.Widths[0], Columns, warpgroups),
        .. StepWork.Update(s_shape),
    ]);

    /// <summary>Once a training, or of another kind of training.</summary>
    public static PassWork Others { get; } = new("other", "inputs of the published step rounded; Adam op by op; 50,000 pairs off a support of 2,000, and with it through the tail of preset small; a step of preset small on 25 classes in one block",
    [
        new(KernelTable.ToBf16, (Single + sizeof(ushort)) * Rows * Columns),
        new(KernelTable.Adam, 7 * Single * s_shape.ParameterCount),
        new(KernelTable.DrawOffSupport, Index * ((2.0 * DrawnPairs) + (6 * Support))),
        .. SmallTail(),
        Small(),
    ]);

    private static IEnumerable<LaunchWork> Layer(int layer, bool warpgroups)
    {
        var (n, k) = (s_shape.Widths[layer], s_shape.InputColumns(layer));
        return [.. Gradient(Pairs, n, k, warpgroups), .. SumRows(Pairs, n), .. Product(ProductLayout.NN, Pairs, k, n, warpgroups), new(KernelTable.LeakyReluGradient, 3 * Single * Pairs * k)];
    }

    private static LaunchWork[] Product(ProductLayout layout, int m, int n, int k, bool warpgroups)
    {
        var (operands, result, flops) = (((double)m * k) + ((double)n * k), Single * (double)m * n, 2.0 * m * n * k);
        return warpgroups && CudaDevice.FillsPartTiles(n, k)
            ? [Split(m, k), Split(n, k), new(HopperProducts.KernelOf(layout, ProductKind.Float, n).Kernel, (PartBytes * operands) + result, TensorFlops: ProductsOfParts * flops)]
            : [new(KernelTable.MatMul, (Single * operands) + result, Flops: flops)];
    }

    private static IEnumerable<LaunchWork> Gradient(int rows, int n, int k, bool warpgroups)
    {
        var (parts, sum) = (Single * Parts * n * k, Single * n * k);
        if (!warpgroups || !CudaDevice.FillsPartTiles(n, k))
            return [new(KernelTable.MatMulSplit, (Single * rows * ((double)n + k)) + parts, Flops: 2.0 * rows * n * k), new(KernelTable.MatMulSum, parts + sum)];
        var kernel = HopperProducts.KernelOf(ProductLayout.TN, ProductKind.Split, k).Kernel;
        return Enumerable.Range(0, rows).Chunk(CudaDevice.RowsOfParts).Select(chunk => chunk.Length).SelectMany(count => (LaunchWork[])
        [
            Split(count, n),
            Split(count, k),
            new(kernel, (PartBytes * count * ((double)n + k)) + (parts * count / rows), TensorFlops: ProductsOfParts * 2.0 * count * n * k),
        ]).Append(new(KernelTable.MatMulSum, parts + sum));
    }

    private static LaunchWork Split(int rows, int columns) => new(KernelTable.SplitParts, (Single + PartBytes) * rows * columns);

    private static LaunchWork[] SumRows(int rows, int columns)
    {
        var chunks = (double)rows / SumRowsChunk;
        return [new(KernelTable.SumRows, Single * (rows + chunks) * columns), new(KernelTable.SumRows, Single * (chunks + 1) * columns), new(KernelTable.SumRows, 2 * Single * columns)];
    }

    private static LaunchWork[] SumByIndex() =>
    [
        .. StepWork.Sort(Pairs, Rows),
        new(KernelTable.SumByIndex, (Single * (Pairs + (double)Rows) * s_shape.Widths[0]) + (Index * (Pairs + (double)Rows))),
    ];

    private static IEnumerable<LaunchWork> SmallTail()
    {
        var step = new StepWork(new(s_small, Support, Support, Support + DrawnPairs, hasPairProducts: false), warpgroups: false);
        return [step.TailForward(), .. step.TailBackward()];
    }

    private static LaunchWork Small()
    {
        const int Classes = 25;
        return new(KernelTable.SmallCritic, Single * ((6.0 * s_small.ParameterCount) + (2 * Classes * Columns)), Flops: 2 * s_small.StepMultiplyAdds(Classes, Classes, Classes * Classes));
    }
}
