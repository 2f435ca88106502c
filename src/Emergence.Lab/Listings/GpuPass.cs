using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Ops;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;
using Emergence.Lab.Benchmarks;
using Emergence.Lab.Verification;

namespace Emergence.Lab.Listings;

/// <summary>Launches that belong together, in their order, as the code that launches makes them on a planned GPU.</summary>
/// <param name="Name">What tables call it.</param>
/// <param name="About">Sizes in words.</param>
/// <param name="Launches">Launches on a GPU of one kind.</param>
internal sealed record GpuPass(string Name, string About, IReadOnlyList<KernelLaunch> Launches)
{
    private const int StepRows = 300_000, StepColumns = 768;
    private const int Rows = 16_384, Chain = 8, Width = 1_600, Heads = 25, Head = Width / Heads, Inner = 4 * Width, Taps = 4, State = 128;
    private const int Draws = 1_024, Components = 2_048, NoiseSizes = 8;
    private const int Support = 2_000, DrawnPairs = 50_000, Classes = 25;

    /// <summary>Every kernel is in one of these; a kernel of several shows in the first.</summary>
    public static IReadOnlyList<GpuPass> All(GpuTraits gpu) =>
    [
        new(
            "step",
            $"the published step in bf16: {StepRows:N0} rows of {StepColumns} + {StepColumns}, "
                + $"{string.Join('-', CriticPreset.Paper.Widths)}",
            Step(gpu, DType.BFloat16)),
        new(
            "block",
            $"a block of GPT-2 XL, {Rows:N0} rows in chains of {Chain}, plain single precision",
            Of(gpu with { HasWarpgroups = false }, DType.Float32, Block))
        {
            ModelRows = Rows,
            Weights = 12L * Width * Width,
        },
        new(
            "step32",
            "the published step in " + (gpu.HasWarpgroups
                ? "single precision, six products of bf16 thirds for one of wide matrices"
                : "plain single precision, op by op"),
            Step(gpu, DType.Float32)),
        new("op", $"one call over {Rows:N0} rows of {Width:N0}; of unpack {Width:N0}, in GPTQ's 4 bits", Of(gpu, DType.Float32, Ops)),
        new(
            "other",
            "inputs of the published step rounded; Adam op by op; 50,000 pairs off a support of 2,000, and with it through the tail of " +
            "preset small; a step of preset small on 25 classes in one block",
            [.. Of(gpu, DType.Float32, Others), .. SmallTail(gpu)]),
    ];

    /// <summary>Rows of the model that pass; 0 where it is none of a model.</summary>
    public int ModelRows { get; private init; }

    /// <summary>Weights of the matrices that rows are multiplied with, which come over the link where a model is streamed.</summary>
    public long Weights { get; private init; }

    public double SecondsOn(GpuRoof roof) => Launches.Sum(launch => roof.SecondsOf(launch.Work));

    private static IReadOnlyList<KernelLaunch> Step(GpuTraits gpu, DType arithmetic) => Of(gpu, arithmetic, inputs =>
    {
        var training = StepBench.Published(StepRows, StepColumns, CriticPreset.Paper.Widths).Prepare(inputs);
        return () => inputs.Device.Train([training], 1);
    });

    /// <summary>What a call launches, once its inputs are there.</summary>
    private static IReadOnlyList<KernelLaunch> Of(GpuTraits gpu, DType arithmetic, Func<BenchInputs, Action> prepare)
    {
        using var plan = CudaDevice.Plan(gpu, arithmetic);
        using var inputs = new BenchInputs(plan.Device, 1);
        return plan.LaunchesOf(prepare(inputs));
    }

    private static Action Block(BenchInputs inputs)
    {
        var device = inputs.Device;
        Tensor x = New(Rows, Width), normed = New(Rows, Width), qkv = New(Rows, 3 * Width), mixed = New(Rows, Width);
        Tensor inner = New(Rows, Inner);
        Tensor weight = New(1, Width), bias = New(1, Width), wide = New(1, Inner);
        Tensor toQkv = New(Width, 3 * Width), toOut = New(Width, Width), toInner = New(Width, Inner), fromInner = New(Inner, Width);
        var parents = inputs.Indices(Parents());
        var heads = new HeadLayout(Heads, Head, Head);
        return () =>
        {
            device.LayerNorm(x, weight, bias, 1e-5f, normed);
            device.MatMul(normed, toQkv, qkv, bias: wide.ColumnRange(0, 3 * Width));
            var (q, k, v) = (qkv.ColumnRange(0, Width), qkv.ColumnRange(Width, Width), qkv.ColumnRange(2 * Width, Width));
            device.Attention(q, k, v, parents, mixed, new(heads, heads, 0.125f));
            device.MatMul(mixed, toOut, x, bias: bias, residual: x);
            device.LayerNorm(x, weight, bias, 1e-5f, normed);
            device.MatMul(normed, toInner, inner, bias: wide, activation: Activation.GeluTanh);
            device.MatMul(inner, fromInner, x, bias: bias, residual: x);
        };

        Tensor New(int rows, int columns) => inputs.Keep(device.Allocate(rows, columns));
    }

    /// <summary>The row before each, in chains.</summary>
    private static int[] Parents() => [.. Enumerable.Range(0, Rows).Select(row => row % Chain == 0 ? -1 : row - 1)];

    private static Action Ops(BenchInputs inputs)
    {
        var device = (CudaDevice)inputs.Device;
        Tensor x = New(Rows, Width), y = New(Rows, Width), gate = New(Rows, Inner), up = New(Rows, Inner), weight = New(1, Width);
        Tensor cosines = New(Chain, Head / 2), sines = New(Chain, Head / 2);
        Tensor rows = inputs.Indices(Rows, Rows), positions = inputs.Indices(Rows, Chain);
        var paths = inputs.Keep(new ForestPaths(device, Parents()));
        Tensor taps = New(Width, Taps), steps = New(Rows, Heads), rates = New(Heads, 1), heads = New(1, Heads), states = New(Rows, State);
        Tensor squares = New(Draws, Components), own = New(Draws, 2), noise = New(1, NoiseSizes), sums = New(Draws, 2 * NoiseSizes);
        var draws = inputs.Indices(Draws, Draws);
        var thirds = inputs.Keep(device.Allocate(DType.BFloat16, Split3Ops.Thirds * Rows, Width));
        Tensor pairs = inputs.Indices(2 * Rows, Rows).Reshape(Rows, 2), shares = New(Rows, 2), unpacked = New(Width, Width);
        var packed = inputs.Keep(ForgedMatrix.Forms["gptq, 4 bits"](new(1), Width, Width));
        return () =>
        {
            device.Unpack(new(packed, 0), unpacked);
            device.MixRows(x, pairs, shares, y);
            device.Embed(rows, x, 1, y);
            device.GatherRows(x, rows, y);
            device.Rotate(x, new(Heads, Head, Head), positions, cosines, sines, RotaryPairs.Halves);
            device.RmsNorm(x, weight, 1e-5f, y);
            device.Gate(gate, up, Activation.Silu, up);
            device.SoftCap(x, 30);
            device.Scale(x, 0.5f, x);
            device.Clip(x, -1, 1);
            device.ApplyXielu(gate, new(0.8, 0.8, 0.5, -1e-6));
            device.CopyHeads(x, new(1, Width, Width), y, new(1, Width, Width));
            device.ConvolvePaths(x, paths, taps, weight, Activation.Silu, y);
            device.ScanPaths(x, steps, states, states, paths, new(Heads, 1, rates, heads) { StepBias = heads }, y);
            device.DeltaPaths(x, x, x, steps, steps, paths, new(Heads, Heads, rates, heads), y);
            device.SquareDistances(x.RowRange(0, Draws), x.RowRange(0, Components), null, squares);
            device.SumMixture(squares, squares, draws, squares.RowRange(0, 1), own, noise, sums);
            device.Queue.Split3(x, thirds);
        };

        Tensor New(int height, int width) => inputs.Keep(device.Allocate(height, width));
    }

    private static Action Others(BenchInputs inputs)
    {
        var device = (CudaDevice)inputs.Device;
        var published = new CriticShape(StepColumns, StepColumns, [.. CriticPreset.Paper.Widths]);
        var parameters = inputs.Keep(device.Allocate(1, published.ParameterCount));
        var single = inputs.Keep(device.Allocate(StepRows, StepColumns));
        var half = inputs.Keep(device.Allocate(DType.BFloat16, StepRows, StepColumns));
        var off = StepBench.OnSupport("small", Support, StepColumns, CriticPreset.Small.Widths, DrawnPairs).Prepare(inputs);
        var small = StepBench.OnSupport("small", Classes, StepColumns, CriticPreset.Small.Widths, DrawnPairs).Prepare(inputs);
        return () =>
        {
            device.Queue.ToBf16(single, half);
            device.Adam(parameters, parameters, parameters, parameters, 1e-3, 1);
            device.DrawPairs(off.Source, 1, 0, 0, off.A.RowRange(Support, DrawnPairs), off.B.RowRange(Support, DrawnPairs));
            device.Train([small], 1);
        };
    }

    /// <summary>The tail of a step of preset small alone: its other kernels are in the passes before.</summary>
    private static IEnumerable<KernelLaunch> SmallTail(GpuTraits gpu)
    {
        string[] tail = [KernelTable.CriticTail.Name, KernelTable.CriticTailGradient.Name];
        var launches = Of(gpu, DType.BFloat16, inputs =>
        {
            var training = StepBench.OnSupport("small", Support, StepColumns, CriticPreset.Small.Widths, DrawnPairs).Prepare(inputs);
            return () => inputs.Device.Train([training], 1);
        });
        return launches.Where(launch => tail.Contains(launch.Kernel));
    }
}
