namespace Emergence.Devices.Cuda.Listings;

/// <summary>The launches of the published step in plain single precision, op by op, and what no published step launches.</summary>
internal static class SingleStepWork
{
    private const int Rows = StepWork.PublishedRows, Pairs = StepWork.PublishedPairs, Columns = StepWork.Columns;
    private const double Single = sizeof(float), Index = sizeof(int);

    /// <summary>Parts of a sum of 600,000 or 300,000 rows at most; chunks of rows that are summed.</summary>
    private const int Parts = 64, SumRowsChunk = 1_024;

    /// <summary>Of a training off its support.</summary>
    private const int Support = 2_000, DrawnPairs = 50_000;

    private static readonly CriticShape s_shape = StepWork.PublishedShape, s_small = new(Columns, Columns, CriticWidths.Small);

    public static PassWork Step { get; } = new("step32", "the published step in plain single precision, op by op",
    [
        new(KernelTable.DrawShuffled, 4 * Index * Rows),
        Product(Rows, s_shape.Widths[0], Columns),
        Product(Rows, s_shape.Widths[0], Columns),
        new(KernelTable.AddPairs, (Single * (Pairs + (2.0 * Rows)) * s_shape.Widths[0]) + (2 * Index * Pairs)),
        .. Enumerable.Range(1, s_shape.Layers - 1).Select(layer => Product(Pairs, s_shape.Widths[layer], s_shape.InputColumns(layer))),
        .. StepWork.Objective(Pairs),
        .. Enumerable.Range(1, s_shape.Layers - 1).Reverse().SelectMany(Layer),
        .. SumRows(Pairs, s_shape.Widths[0]),
        .. SumByIndex(),
        .. SumByIndex(),
        .. Gradient(Rows, s_shape.Widths[0], Columns),
        .. Gradient(Rows, s_shape.Widths[0], Columns),
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

    private static IEnumerable<LaunchWork> Layer(int layer)
    {
        var (n, k) = (s_shape.Widths[layer], s_shape.InputColumns(layer));
        return [.. Gradient(Pairs, n, k), .. SumRows(Pairs, n), Product(Pairs, k, n), new(KernelTable.LeakyReluGradient, 3 * Single * Pairs * k)];
    }

    private static LaunchWork Product(int m, int n, int k) =>
        new(KernelTable.MatMul, Single * (((double)m * k) + ((double)n * k) + ((double)m * n)), Flops: 2.0 * m * n * k);

    private static LaunchWork[] Gradient(int rows, int n, int k)
    {
        var parts = Single * Parts * n * k;
        return [new(KernelTable.MatMulSplit, (Single * rows * ((double)n + k)) + parts, Flops: 2.0 * rows * n * k), new(KernelTable.MatMulSum, parts + (Single * n * k))];
    }

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
