using System.Numerics;

namespace Emergence.Devices.Cuda.Listings;

/// <summary>The launches of a step in bf16, as CudaDevice.Critic16 and CudaDevice.Training make them.</summary>
/// <param name="plan">Sizes.</param>
/// <param name="warpgroups">Products by Hopper's instructions.</param>
internal sealed class StepWork(CriticPlan16 plan, bool warpgroups)
{
    public const int PublishedRows = 300_000, PublishedPairs = 2 * PublishedRows, Columns = 768;

    private const double Single = sizeof(float), Half = sizeof(ushort), Index = sizeof(int);

    public static readonly CriticShape PublishedShape = new(Columns, Columns, CriticWidths.Published);

    private readonly double _pairs = plan.Pairs;

    /// <summary>Multiply-adds of a row in the tail.</summary>
    private readonly double _tail = plan.TailWidths.Zip(plan.TailWidths.Skip(1), (columns, rows) => (double)columns * rows).Sum();

    /// <summary>x stays in place and y is shuffled, so that the pairs are sorted by their row of y alone.</summary>
    public static PassWork Published(bool warpgroups)
    {
        var step = new StepWork(new(PublishedShape, PublishedRows, PublishedRows, PublishedPairs), warpgroups);
        return new("step", $"the published step in bf16: {PublishedRows:N0} rows of {Columns} + {Columns}, {string.Join('-', PublishedShape.Widths)}",
        [
            new(KernelTable.DrawShuffled, 4 * Index * PublishedRows),
            .. step.Forward(),
            .. Objective(PublishedPairs),
            .. step.Backward(sortsX: false),
            .. Update(PublishedShape),
        ]);
    }

    /// <summary>Bytes and FLOPs of all launches of each kernel of a forward pass, and of the backward pass behind it.</summary>
    public IReadOnlyDictionary<string, (double Bytes, double Flops)> ByKernel(bool backward) =>
        (backward ? Forward().Concat(Backward(sortsX: true)) : Forward()).GroupBy(launch => launch.Kernel.Name)
            .ToDictionary(kernel => kernel.Key, kernel => (kernel.Sum(launch => launch.Bytes), kernel.Sum(launch => launch.TensorFlops + launch.Flops)));

    /// <summary>The partition of all scores in three launches; the values of parts are few.</summary>
    public static IEnumerable<LaunchWork> Objective(double pairs) =>
    [
        new(KernelTable.DonskerVaradhan, 3 * Single * pairs),
        new(KernelTable.DonskerVaradhanSum, 5 * sizeof(double) * (pairs / 1024)),
        new(KernelTable.DonskerVaradhanGradient, 4 * Single * pairs),
    ];

    public static IEnumerable<LaunchWork> Update(CriticShape shape) =>
    [
        new(KernelTable.AdamScheduled, 7 * Single * shape.ParameterCount),
        new(KernelTable.EndStep, 2 * 5 * sizeof(double)),
    ];

    private IEnumerable<LaunchWork> Forward()
    {
        var (shape, width) = (plan.Shape, plan.Shape.Widths[0]);
        yield return new(KernelTable.WeightsToBf16, (Single + Half) * plan.WeightMatrices().Sum(matrix => (double)matrix.Rows * matrix.Columns));
        yield return Product(ProductLayout.NT, plan.XRows, width, shape.XColumns);
        yield return Product(ProductLayout.NT, plan.YRows, width, shape.YColumns);
        yield return new(KernelTable.AddPairsBf16, (Half * (_pairs + plan.XRows + plan.YRows) * width) + (2 * Index * _pairs));
        for (var layer = 1; layer < plan.TailStart; layer++)
            yield return Product(ProductLayout.NT, plan.Pairs, shape.Widths[layer], shape.InputColumns(layer));
        yield return new(KernelTable.CriticTail, ((Half * plan.TailWidths[0]) + Single) * _pairs, Flops: 2 * _tail * _pairs);
    }

    private IEnumerable<LaunchWork> Backward(bool sortsX)
    {
        var (shape, width) = (plan.Shape, plan.Shape.Widths[0]);
        return
        [
            .. Tail(),
            .. Enumerable.Range(1, plan.TailStart - 1).Reverse().SelectMany(Layer),
            .. sortsX ? Sort(plan.XRows) : [],
            SumByIndex(plan.XRows),
            .. Sort(plan.YRows),
            SumByIndex(plan.YRows),
            .. Gradient(plan.XRows, width, shape.XColumns),
            .. Gradient(plan.YRows, width, shape.YColumns),
            .. Bias(plan.XRows, width),
        ];
    }

    /// <summary>The tail again, its deltas and the gradients of its weights, each as many multiply-adds; deltas over the inputs.</summary>
    private IEnumerable<LaunchWork> Tail()
    {
        var parts = (plan.Pairs + plan.TailLength(plan.Pairs) - 1) / plan.TailLength(plan.Pairs);
        yield return new(KernelTable.CriticTailGradient, (((2 * Half * plan.TailWidths[0]) + Single) * _pairs) + (Single * parts * plan.TailParameters), Flops: 6 * _tail * _pairs);
        yield return Parts(parts, plan.TailParameters);
    }

    private IEnumerable<LaunchWork> Layer(int layer)
    {
        var (n, k) = (plan.Shape.Widths[layer], plan.Shape.InputColumns(layer));
        return [.. Gradient(plan.Pairs, n, k), .. Bias(plan.Pairs, n), Product(ProductLayout.NN, plan.Pairs, k, n) with { Bytes = Half * ((_pairs * (n + (2.0 * k))) + ((double)n * k)) }];
    }

    /// <summary>By weights (n, k) over so many rows: parts along the rows, then their sum. On Hopper there are fewer parts.</summary>
    private IEnumerable<LaunchWork> Gradient(int rows, int n, int k)
    {
        var (elements, parts) = ((double)n * k, (double)CudaDevice.ProductSplitCount(rows, n, k));
        yield return Product(ProductLayout.TN, n, k, rows) with { Bytes = (Half * rows * ((double)n + k)) + (Single * Math.Max(elements, parts)) };
        if (parts > 0)
            yield return new(KernelTable.MatMulSum, Single * (parts + elements));
    }

    private static LaunchWork[] Bias(int rows, int columns)
    {
        var chunks = (rows + CriticPlan16.SumLength(rows) - 1) / CriticPlan16.SumLength(rows);
        return [new(KernelTable.SumRowsBf16, (Half * rows * columns) + (Single * chunks * columns)), Parts(chunks, columns)];
    }

    private static LaunchWork Parts(int count, int columns) => new(KernelTable.SumParts, Single * (count + 1.0) * columns);

    private LaunchWork SumByIndex(int classes) => new(KernelTable.SumByIndexBf16, (Half * (_pairs + classes) * plan.Shape.Widths[0]) + (Index * (_pairs + classes)));

    /// <summary>Pairs by their class: counts of digits, their places, keys and places in order; then where each class starts.</summary>
    private IEnumerable<LaunchWork> Sort(int classes)
    {
        var keyBits = 32 - BitOperations.LeadingZeroCount((uint)Math.Max(1, classes - 1));
        var counts = plan.SortTiles > 1 ? (double)plan.SortCounts : 0;
        for (var pass = 0; pass * CriticPlan16.SortBits < keyBits; pass++)
        {
            if (counts > 0)
            {
                yield return new(KernelTable.SortCount, Index * (_pairs + counts));
                yield return new(KernelTable.SortScan, 2 * Index * counts);
            }

            // The first pass knows the places: they are in order.
            yield return new(KernelTable.SortScatter, Index * (((pass == 0 ? 3.0 : 4.0) * _pairs) + counts));
        }

        yield return new(KernelTable.SortStarts, Index * (_pairs + classes));
    }

    private LaunchWork Product(ProductLayout layout, int m, int n, int k) => new(
        warpgroups ? HopperProducts.KernelOf(layout, n) : CudaDevice.ProductTile(layout, n).Kernel,
        Half * (((double)m * k) + ((double)n * k) + ((double)m * n)),
        TensorFlops: 2.0 * m * n * k);
}
