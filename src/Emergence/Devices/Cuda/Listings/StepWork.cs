namespace Emergence.Devices.Cuda.Listings;

/// <summary>
/// The launches of the published step in bf16, as CudaDevice.Critic16 and CudaDevice.Training make them. x stays in place
/// and y is shuffled, so that the pairs are sorted by their row of y alone.
/// </summary>
internal static class StepWork
{
    public const int Rows = 300_000, Pairs = 2 * Rows, Columns = 768;

    private const double Single = sizeof(float), Half = sizeof(ushort), Index = sizeof(int);

    /// <summary>Passes of a sort by 300,000 classes, ten bits each.</summary>
    private const int SortPasses = 2;

    public static readonly CriticShape Shape = new(Columns, Columns, CriticWidths.Published);

    private static readonly CriticPlan16 s_plan = new(Shape, Rows, Rows, Pairs);

    /// <summary>Multiply-adds of a row in the tail.</summary>
    private static readonly double s_tail = s_plan.TailWidths.Zip(s_plan.TailWidths.Skip(1), (columns, rows) => (double)columns * rows).Sum();

    /// <param name="warpgroups">Products by Hopper's instructions.</param>
    public static PassWork Of(bool warpgroups) => new("step", $"the published step in bf16: {Rows:N0} rows of {Columns} + {Columns}, {string.Join('-', Shape.Widths)}",
    [
        new(KernelTable.DrawShuffled, 4 * Index * Rows),
        new(KernelTable.WeightsToBf16, (Single + Half) * s_plan.WeightMatrices().Sum(matrix => (double)matrix.Rows * matrix.Columns)),
        .. Forward(warpgroups),
        .. Objective(),
        .. Tail(),
        .. Enumerable.Range(1, s_plan.TailStart - 1).Reverse().SelectMany(layer => Layer(layer, warpgroups)),
        .. Sort(),
        new(KernelTable.SumByIndexBf16, (Half * (Pairs + Rows) * Shape.Widths[0]) + (Index * (Pairs + Rows))),
        new(KernelTable.SumByIndexBf16, (Half * (Pairs + Rows) * Shape.Widths[0]) + (Index * (Pairs + Rows))),
        .. Gradient(Rows, Shape.Widths[0], Columns, warpgroups),
        .. Gradient(Rows, Shape.Widths[0], Columns, warpgroups),
        .. Bias(Rows, Shape.Widths[0]),
        .. Update(),
    ]);

    /// <summary>The partition of all scores in three launches; the values of parts are few.</summary>
    public static IEnumerable<LaunchWork> Objective() =>
    [
        new(KernelTable.DonskerVaradhan, 3 * Single * Pairs),
        new(KernelTable.DonskerVaradhanSum, 5 * sizeof(double) * (Pairs / 1024.0)),
        new(KernelTable.DonskerVaradhanGradient, 4 * Single * Pairs),
    ];

    public static IEnumerable<LaunchWork> Update() =>
    [
        new(KernelTable.AdamScheduled, 7 * Single * Shape.ParameterCount),
        new(KernelTable.EndStep, 2 * 5 * sizeof(double)),
    ];

    private static IEnumerable<LaunchWork> Forward(bool warpgroups)
    {
        var width = Shape.Widths[0];
        yield return Product(ProductLayout.NT, Rows, width, Columns, warpgroups);
        yield return Product(ProductLayout.NT, Rows, width, Columns, warpgroups);
        yield return new(KernelTable.AddPairsBf16, (Half * (Pairs + (2.0 * Rows)) * width) + (2 * Index * Pairs));
        for (var layer = 1; layer < s_plan.TailStart; layer++)
            yield return Product(ProductLayout.NT, Pairs, Shape.Widths[layer], Shape.InputColumns(layer), warpgroups);
        yield return new(KernelTable.CriticTail, ((Half * s_plan.TailWidths[0]) + Single) * Pairs, Flops: 2 * s_tail * Pairs);
    }

    /// <summary>The tail again, its deltas and the gradients of its weights, each as many multiply-adds; deltas over the inputs.</summary>
    private static IEnumerable<LaunchWork> Tail()
    {
        var parts = (Pairs + s_plan.TailLength(Pairs) - 1) / s_plan.TailLength(Pairs);
        yield return new(KernelTable.CriticTailGradient, (((2 * Half * s_plan.TailWidths[0]) + Single) * Pairs) + (Single * parts * s_plan.TailParameters), Flops: 6 * s_tail * Pairs);
        yield return Parts(parts, s_plan.TailParameters);
    }

    private static IEnumerable<LaunchWork> Layer(int layer, bool warpgroups)
    {
        var (n, k) = (Shape.Widths[layer], Shape.InputColumns(layer));
        return [.. Gradient(Pairs, n, k, warpgroups), .. Bias(Pairs, n), Product(ProductLayout.NN, Pairs, k, n, warpgroups) with { Bytes = Half * ((Pairs * (n + (2.0 * k))) + ((double)n * k)) }];
    }

    /// <summary>By weights (n, k) over so many rows: parts along the rows, then their sum. On Hopper there are fewer parts.</summary>
    private static LaunchWork[] Gradient(int rows, int n, int k, bool warpgroups)
    {
        var elements = (double)n * k;
        double parts = CudaDevice.ProductSplitCount(rows, n, k);
        return [Product(ProductLayout.TN, n, k, rows, warpgroups) with { Bytes = (Half * rows * ((double)n + k)) + (Single * parts) }, new(KernelTable.MatMulSum, Single * (parts + elements))];
    }

    private static LaunchWork[] Bias(int rows, int columns)
    {
        var chunks = (rows + CriticPlan16.SumLength(rows) - 1) / CriticPlan16.SumLength(rows);
        return [new(KernelTable.SumRowsBf16, (Half * rows * columns) + (Single * chunks * columns)), Parts(chunks, columns)];
    }

    private static LaunchWork Parts(int count, int columns) => new(KernelTable.SumParts, Single * (count + 1.0) * columns);

    /// <summary>Pairs by their class: counts of digits, their places, keys and places in order; then where each class starts.</summary>
    private static IEnumerable<LaunchWork> Sort()
    {
        for (var pass = 0; pass < SortPasses; pass++)
        {
            yield return new(KernelTable.SortCount, Index * (Pairs + (double)s_plan.SortCounts));
            yield return new(KernelTable.SortScan, 2 * Index * s_plan.SortCounts);

            // The first pass knows the places: they are in order.
            yield return new(KernelTable.SortScatter, Index * ((pass == 0 ? 3.0 : 4.0) * Pairs + s_plan.SortCounts));
        }

        yield return new(KernelTable.SortStarts, Index * (Pairs + (double)Rows));
    }

    private static LaunchWork Product(ProductLayout layout, int m, int n, int k, bool warpgroups) => new(
        warpgroups ? HopperProducts.KernelOf(layout, n) : CudaDevice.ProductTile(layout, n).Kernel,
        Half * (((double)m * k) + ((double)n * k) + ((double)m * n)),
        TensorFlops: 2.0 * m * n * k);
}
