using System.Numerics;
using Emergence.Devices.Critics;

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

    /// <summary>x stays in place and y is shuffled, so that the pairs are put in order by their row of y alone; a row is in two of them.</summary>
    public static PassWork Published(bool warpgroups)
    {
        var step = new StepWork(new(PublishedShape, PublishedRows, PublishedRows, PublishedPairs, hasPairProducts: warpgroups), warpgroups);
        return new("step", $"the published step in bf16: {PublishedRows:N0} rows of {Columns} + {Columns}, {string.Join('-', PublishedShape.Widths)}",
            OfPublished([.. step.Forward(), .. step.Backward(keepsX: true, keepsY: false, ofTwos: warpgroups)]));
    }

    /// <summary>The passes of the published step, and what lies around them.</summary>
    public static IReadOnlyList<LaunchWork> OfPublished(IEnumerable<LaunchWork> passes) =>
        [new(KernelTable.DrawShuffled, 4 * Index * PublishedRows), .. passes, .. Objective(PublishedPairs), .. Update(PublishedShape)];

    /// <summary>A step of a training in a queue.</summary>
    public static IEnumerable<LaunchWork> Of(CriticTraining training, bool warpgroups)
    {
        if (training.Workspace is CriticWorkspace16 { Plan: var plan, ByA: var byA, ByB: var byB })
        {
            var step = new StepWork(plan, warpgroups);
            return Of(training, [.. step.Forward(), .. step.Backward(byA.Kept != null, byB.Kept != null, byA.IsOfTwos)]);
        }

        var single = new SingleStepWork(training.Shape, training.X.Rows, training.Y.Rows, training.A.Rows, warpgroups);
        return Of(training, [.. single.Forward(), .. single.Backward()]);
    }

    /// <summary>Bytes and FLOPs of all launches of each kernel.</summary>
    public static IReadOnlyDictionary<string, (double Bytes, double Flops)> ByKernel(IEnumerable<LaunchWork> launches) =>
        launches.GroupBy(launch => launch.Kernel.Name).ToDictionary(kernel => kernel.Key, kernel => (kernel.Sum(launch => launch.Bytes), kernel.Sum(launch => launch.TensorFlops + launch.Flops)));

    /// <summary>Bytes and FLOPs of the kernels of a forward pass, and of the backward pass behind it.</summary>
    public IReadOnlyDictionary<string, (double Bytes, double Flops)> ByKernel(bool backward) =>
        ByKernel(backward ? Forward().Concat(Backward(keepsX: false, keepsY: false, ofTwos: false)) : Forward());

    private static IEnumerable<LaunchWork> Of(CriticTraining training, IEnumerable<LaunchWork> passes) =>
        [.. Draw(training.Source), .. passes, .. Objective(training.A.Rows), .. Update(training.Shape)];

    /// <summary>Which rows meet is written, and what decides it read: a permutation's index, or two alias tables and the support.</summary>
    private static IEnumerable<LaunchWork> Draw(PairSource source) => source switch
    {
        ShuffledPairs => [new(KernelTable.DrawShuffled, 4 * Index * source.Count)],
        OffSupportPairs off => [new(KernelTable.DrawOffSupport, Index * ((2.0 * (off.Count + off.X.Aliases.Length + off.Y.Aliases.Length)) + off.RowStarts.Length + off.Columns.Length))],
        _ => [],
    };

    /// <summary>The partition of all scores in three launches; the values of parts are few.</summary>
    private static IEnumerable<LaunchWork> Objective(double pairs) =>
    [
        new(KernelTable.DonskerVaradhan, 3 * Single * pairs),
        new(KernelTable.DonskerVaradhanSum, 5 * sizeof(double) * (pairs / 1024)),
        new(KernelTable.DonskerVaradhanGradient, 4 * Single * pairs),
    ];

    private static IEnumerable<LaunchWork> Update(CriticShape shape) =>
    [
        new(KernelTable.AdamScheduled, 7 * Single * shape.ParameterCount),
        new(KernelTable.EndStep, 2 * 5 * sizeof(double)),
    ];

    private IEnumerable<LaunchWork> Forward()
    {
        var (shape, width) = (plan.Shape, plan.Shape.Widths[0]);
        yield return new(KernelTable.WeightsToBf16, (Single + Half) * plan.WeightMatrices().Sum(matrix => (double)matrix.Rows * matrix.Columns));
        yield return Product(ProductLayout.NT, ProductKind.Activated, plan.XRows, width, shape.XColumns);
        yield return Product(ProductLayout.NT, ProductKind.Activated, plan.YRows, width, shape.YColumns);
        if (plan.FormsPairs)
            yield return ForwardOfPairs(shape.Widths[1]);
        else
            yield return new(KernelTable.AddPairsBf16, (Half * _pairs * width) + FirstBytes);
        for (var layer = plan.FormsPairs ? 2 : 1; layer < plan.TailStart; layer++)
            yield return Product(ProductLayout.NT, ProductKind.Activated, plan.Pairs, shape.Widths[layer], shape.InputColumns(layer));
        yield return TailForward();
    }

    private IEnumerable<LaunchWork> Backward(bool keepsX, bool keepsY, bool ofTwos) =>
    [
        .. TailBackward(),
        .. Enumerable.Range(1, plan.TailStart - 1).Reverse().SelectMany(Layer),
        .. First(plan.XRows, plan.Shape.XColumns, isKept: keepsX, ofTwos, hasBias: true),
        .. First(plan.YRows, plan.Shape.YColumns, isKept: keepsY, ofTwos, hasBias: false),
    ];

    /// <summary>Of tensor cores, what single precision would take; they take several products of parts for one.</summary>
    public LaunchWork TailForward()
    {
        var (bytes, flops) = (((Half * plan.TailWidths[0]) + Single) * _pairs, 2 * _tail * _pairs);
        return plan.TailFitsMma ? new(KernelTable.CriticTailMma, bytes, TensorFlops: flops) : new(KernelTable.CriticTail, bytes, Flops: flops);
    }

    /// <summary>The tail again, its deltas and the gradients of its weights, each as many multiply-adds; deltas over the inputs.</summary>
    public IEnumerable<LaunchWork> TailBackward()
    {
        var parts = (plan.Pairs + plan.TailLength(plan.Pairs) - 1) / plan.TailLength(plan.Pairs);
        var (bytes, flops) = ((((2 * Half * plan.TailWidths[0]) + Single) * _pairs) + (Single * parts * plan.TailParameters), 6 * _tail * _pairs);
        yield return plan.TailFitsMma ? new(KernelTable.CriticTailMmaGradient, bytes, TensorFlops: flops) : new(KernelTable.CriticTailGradient, bytes, Flops: flops);
        yield return Parts(parts, plan.TailParameters);
    }

    /// <summary>Deltas take the place of activations; those of pairs that were never stored need their signs alone.</summary>
    private IEnumerable<LaunchWork> Layer(int layer)
    {
        var (n, k) = (plan.Shape.Widths[layer], plan.Shape.InputColumns(layer));
        var isFormed = layer == 1 && plan.FormsPairs;
        var product = Product(ProductLayout.NN, isFormed ? ProductKind.Masked : ProductKind.Gradient, plan.Pairs, k, n);
        return
        [
            .. isFormed ? ByRowsOfPairs(plan.Pairs, k, n, FirstBytes) : Gradient(plan.Pairs, n, k),
            .. Bias(plan.Pairs, n),
            product with { Bytes = product.Bytes + (isFormed ? Index * plan.SignWords : Half * _pairs * k) },
        ];
    }

    /// <summary>Gradients of the first layer for x or y: classes of two pairs are summed by the product itself.</summary>
    private IEnumerable<LaunchWork> First(int rows, int columns, bool isKept, bool ofTwos, bool hasBias)
    {
        var width = plan.Shape.Widths[0];
        if (ofTwos)
        {
            return
            [
                .. isKept ? (LaunchWork[])[] : [new(KernelTable.OrderTwos, 2 * Index * _pairs)],
                .. ByRowsOfPairs(rows, width, columns, (Half * _pairs * width) + (Index * _pairs)),
                .. hasBias ? (LaunchWork[])[Parts(CudaDevice.ProductPartCount(rows), width)] : [],
            ];
        }

        return [.. isKept ? [] : Sort(plan.Pairs, rows), SumByIndex(rows), .. Gradient(rows, width, columns), .. hasBias ? Bias(rows, width) : []];
    }

    /// <summary>Zx and Zy, and which rows of them meet.</summary>
    private double FirstBytes => (Half * ((double)plan.XRows + plan.YRows) * plan.Shape.Widths[0]) + (2 * Index * _pairs);

    /// <summary>Layer 1 of n outputs.</summary>
    private LaunchWork ForwardOfPairs(int n)
    {
        var k = plan.Shape.Widths[0];
        return new(HopperPairProducts.ForwardOf(n).Kernel, FirstBytes + (Half * ((_pairs * n) + ((double)n * k))) + (Index * plan.SignWords), TensorFlops: 2.0 * _pairs * n * k);
    }

    /// <summary>An (m, n) over so many rows of sums of pairs, which take <paramref name="bytes"/>, and of another matrix.</summary>
    private static LaunchWork[] ByRowsOfPairs(int rows, int m, int n, double bytes)
    {
        var (elements, parts) = ((double)m * n, CudaDevice.ProductPartCount(rows) * (double)m * n);
        return
        [
            new(HopperPairProducts.ByRowsOf(n).Kernel, bytes + (Half * rows * n) + (Single * parts), TensorFlops: 2.0 * rows * m * n),
            new(KernelTable.MatMulSum, Single * (parts + elements)),
        ];
    }

    /// <summary>By weights (n, k) over so many rows: parts along the rows, then their sum. On Hopper there are fewer parts.</summary>
    private IEnumerable<LaunchWork> Gradient(int rows, int n, int k)
    {
        var (elements, parts) = ((double)n * k, (double)CudaDevice.ProductSplitCount(rows, n, k));
        yield return Product(ProductLayout.TN, ProductKind.Split, n, k, rows) with { Bytes = (Half * rows * ((double)n + k)) + (Single * Math.Max(elements, parts)) };
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
    public static IEnumerable<LaunchWork> Sort(int pairs, int classes)
    {
        var keyBits = 32 - BitOperations.LeadingZeroCount((uint)Math.Max(1, classes - 1));
        var tiles = SortMemory.Tiles(pairs);
        var counts = tiles > 1 ? (double)tiles * SortMemory.Digits : 0;
        for (var pass = 0; pass * SortMemory.Bits < keyBits; pass++)
        {
            if (counts > 0)
            {
                yield return new(KernelTable.SortCount, Index * (pairs + counts));
                yield return new(KernelTable.SortScan, 2 * Index * counts);
            }

            // The first pass knows the places: they are in order.
            yield return new(KernelTable.SortScatter, Index * (((pass == 0 ? 3.0 : 4.0) * pairs) + counts));
        }

        yield return new(KernelTable.SortStarts, Index * ((double)pairs + classes));
    }

    private LaunchWork Product(ProductLayout layout, ProductKind kind, int m, int n, int k) => new(
        (warpgroups ? HopperProducts.KernelOf(layout, kind, n) : CudaDevice.ProductTile(layout, n)).Kernel,
        Half * (((double)m * k) + ((double)n * k) + ((double)m * n)),
        TensorFlops: 2.0 * m * n * k);
}
