using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>
/// The passes of one small critic, 128-32-16-1, made for its widths: a few pairs go through all layers at a time, so that their
/// first layer never leaves the nearest cache and all sums of a layer are in registers. Backward, a thread takes 32 columns of the
/// first layer for all pairs, in order: sums do not depend on the number of threads.
/// </summary>
internal sealed unsafe partial class CpuSmallCritic : Critic
{
    private const int First = 128, Second = 32, Third = 16;

    /// <summary>Outputs of the second and third layer of a pair lie side by side.</summary>
    private const int Inner = Second + Third;

    /// <summary>Columns of the first layer that are taken at a time, as many as a tile has.</summary>
    private const int Strip = 32, Strips = First / Strip;

    /// <summary>Pairs that go forward together, and backward.</summary>
    private const int Group = 4, Block = 32;

    /// <summary>Pairs of a thread's share forward; backward, of a sum.</summary>
    private const int Share = 512, Chunk = 2048;

    /// <summary>A pair whose score's gradient is less than this share of the largest has none: 2^-40.</summary>
    private const float LiveShare = 1f / (1L << 40);

    /// <summary>Parameters behind W1: b1, W2, b2, W3, b3.</summary>
    private const int Summed = Second + Third * (Second + 1) + Third + 1;

    private readonly CpuDevice _device;
    private readonly Tensor _zx;
    private readonly Tensor _zy;

    /// <summary>(pairs, 48): outputs of the second and third layer; then gradients by the second.</summary>
    private readonly Tensor _inner;

    /// <summary>(chunks, parameters behind W1).</summary>
    private readonly Tensor _partial;

    /// <summary>W1' (128, 32), then W2' (32, 16).</summary>
    private readonly Tensor _turned;
    private readonly ConcurrentBag<(Tensor X, Tensor Y)> _idle = [];

    /// <summary>Pairs that have a gradient, in order: their rows of x and of y, and the gradient by the score.</summary>
    private readonly int[] _liveA;
    private readonly int[] _liveB;
    private readonly float[] _liveDelta;

    // The memory is the device's own, or that of a plan of it.
    public CpuSmallCritic(CpuDevice device, Device memory, CriticShape shape, int xRows, int yRows, int pairs)
        : base(shape, xRows, yRows, pairs)
    {
        _device = device;
        _zx = memory.Allocate(xRows, First);
        _zy = memory.Allocate(yRows, First);
        _inner = memory.Allocate(Ceiling.Multiple(pairs, Block), Inner);
        _partial = memory.Allocate(Ceiling.Of(pairs, Chunk), Summed);
        _turned = memory.Allocate(1, First * Second + Second * Third);
        (_liveA, _liveB, _liveDelta) = (new int[pairs], new int[pairs], new float[pairs]);
        Scores = memory.Allocate(pairs, 1);
        ScoreGradients = memory.Allocate(pairs, 1);
    }

    public override Tensor Scores { get; }

    public override Tensor ScoreGradients { get; }

    private float* Turned => (float*)_turned.Address;

    public static bool Fits(CriticShape shape) => shape.Widths is [First, Second, Third, 1];

    protected override void ForwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b)
    {
        var weight = Shape.Weight(parameters, 0);
        var (zx, zy) = (_zx.RowRange(0, x.Rows), _zy.RowRange(0, y.Rows));
        _device.MatMul(x, weight.ColumnRange(0, Shape.XColumns), zx, transposeB: true, bias: Shape.Bias(parameters, 0));
        _device.MatMul(y, weight.ColumnRange(Shape.XColumns, Shape.YColumns), zy, transposeB: true);
        Turn(Weight(parameters, 1), Second, First, Turned);
        Turn(Weight(parameters, 2), Third, Second, Turned + First * Second);
        var pass = new ForwardPass(this, parameters, a, b);
        _device.Share(Ceiling.Of(a.Rows, Share), part =>
        {
            for (var row = part * Share; row < Math.Min(a.Rows, (part + 1) * Share); row += Group)
                ForwardGroup(in pass, row, a.Rows - 1);
        });
    }

    protected override void BackwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient)
    {
        var live = KeepLive(new(a), new(b), a.Rows);
        var chunks = Math.Max(1, Ceiling.Of(live, Chunk));
        _device.Share(chunks, chunk =>
            BackwardInner(parameters, (float*)_partial.Address + chunk * Summed, chunk * Chunk, Math.Min(live, (chunk + 1) * Chunk)));
        var sums = gradient.ColumnRange(gradient.Columns - Summed, Summed);
        _device.SumRows(_partial.RowRange(0, chunks), sums);
        _device.Share(Strips, strip => BackwardStrip(parameters, x, y, live, strip, gradient));
    }

    public override void Dispose()
    {
        foreach (var tensor in (Tensor[])[_zx, _zy, _inner, _partial, _turned, Scores, ScoreGradients,
            .. _idle.SelectMany(memory => (Tensor[])[memory.X, memory.Y])])
            tensor.Dispose();
    }

    /// <summary>
    /// Moves what the pass needs of the pairs that have a gradient to the front, and says how many they are. Off the support most
    /// pairs have none: all of those left out together would change the largest sum by less than its last bit.
    /// </summary>
    private int KeepLive(Rows<int> a, Rows<int> b, int pairs)
    {
        var delta = (float*)ScoreGradients.Address;
        var inner = (float*)_inner.Address;
        var largest = 0f;
        for (var r = 0; r < pairs; r++)
            largest = MathF.Max(largest, MathF.Abs(delta[r]));
        var (live, least) = (0, largest * LiveShare);
        for (var r = 0; r < pairs; r++)
        {
            if (MathF.Abs(delta[r]) < least)
                continue;
            (_liveA[live], _liveB[live], _liveDelta[live]) = (*a[r], *b[r], delta[r]);
            if (live < r)
                Copy(inner + (long)r * Inner, Inner, inner + (long)live * Inner);
            live++;
        }

        return live;
    }

    private float* Weight(Tensor parameters, int layer) => (float*)Shape.Weight(parameters, layer).Address;

    private float* Bias(Tensor parameters, int layer) => (float*)Shape.Bias(parameters, layer).Address;

    private static void Turn(float* from, int rows, int columns, float* to)
    {
        for (var c = 0; c < columns; c++)
        {
            for (var r = 0; r < rows; r++)
                to[c * rows + r] = from[r * columns + c];
        }
    }

    /// <summary>Four pairs through all layers; beyond the last pair it is taken again, into rows that are not read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static void ForwardGroup(in ForwardPass pass, int row, int last)
    {
        for (var r = row + Group; r < Math.Min(last + 1, row + 2 * Group); r++)
        {
            Lanes.Prefetch(pass.X(r), First);
            Lanes.Prefetch(pass.Y(r), First);
        }

        var z = stackalloc float[2 * First];
        var inner = pass.Inner + (long)row * Inner;
        for (var pair = 0; pair < Group; pair += 2)
        {
            for (var i = 0; i < 2; i++)
            {
                var r = Math.Min(row + pair + i, last);
                AddLeaky(pass.X(r), pass.Y(r), First, z + i * First);
            }

            var output = inner + pair * Inner;
            Copy(pass.Bias1, Second, output);
            Copy(pass.Bias1, Second, output + Inner);
            Tile(z, First, 1, pass.Turned, Second, First, output, Inner);
            Leaky(output, Second);
            Leaky(output + Inner, Second);
        }

        Third4(inner, pass.Turned + First * Second, pass.Bias2);
        for (var pair = 0; pair < Group && row + pair <= last; pair++)
            pass.Scores[row + pair] = Lanes.Dot(inner + pair * Inner + Second, pass.Weight3, Third) + *pass.Bias3;
    }

    /// <summary>The third layer of four pairs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Third4(float* inner, float* weight, float* bias)
    {
        var (low, high) = (Vector256.Load(bias), Vector256.Load(bias + 8));
        var (c00, c01, c10, c11, c20, c21, c30, c31) = (low, high, low, high, low, high, low, high);
        for (var k = 0; k < Second; k++, weight += Third)
        {
            var (b0, b1) = (Vector256.Load(weight), Vector256.Load(weight + 8));
            var left = Vector256.Create(inner[k]);
            c00 = Vector256.FusedMultiplyAdd(left, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(left, b1, c01);
            left = Vector256.Create(inner[Inner + k]);
            c10 = Vector256.FusedMultiplyAdd(left, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(left, b1, c11);
            left = Vector256.Create(inner[2 * Inner + k]);
            c20 = Vector256.FusedMultiplyAdd(left, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(left, b1, c21);
            left = Vector256.Create(inner[3 * Inner + k]);
            c30 = Vector256.FusedMultiplyAdd(left, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(left, b1, c31);
        }

        inner += Second;
        VectorMath.LeakyRelu(c00).Store(inner);
        VectorMath.LeakyRelu(c01).Store(inner + 8);
        VectorMath.LeakyRelu(c10).Store(inner + Inner);
        VectorMath.LeakyRelu(c11).Store(inner + Inner + 8);
        VectorMath.LeakyRelu(c20).Store(inner + 2 * Inner);
        VectorMath.LeakyRelu(c21).Store(inner + 2 * Inner + 8);
        VectorMath.LeakyRelu(c30).Store(inner + 3 * Inner);
        VectorMath.LeakyRelu(c31).Store(inner + 3 * Inner + 8);
    }

    /// <summary>Gradients by the second layer of pairs start .. end - 1, and by all parameters behind W1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void BackwardInner(Tensor parameters, float* partial, int start, int end)
    {
        new Span<float>(partial, Summed).Clear();
        var bias1 = partial;
        var weight2 = bias1 + Second;
        var bias2 = weight2 + Third * Second;
        var weight3 = bias2 + Third;
        var bias3 = weight3 + Third;
        var ofWeight2 = Weight(parameters, 2);
        var ofWeight3 = Weight(parameters, 3);
        var d1 = stackalloc float[Block * Second];
        var d2 = stackalloc float[Block * Third];
        for (var row = start; row < end; row += Block)
        {
            var inner = (float*)_inner.Address + (long)row * Inner;
            var count = Math.Min(Block, end - row);
            for (var p = 0; p < Block; p++)
            {
                var delta = p < count ? _liveDelta[row + p] : 0;
                var output = inner + p * Inner + Second;
                var wide = Vector256.Create(delta);
                *bias3 += delta;
                for (var c = 0; c < Third; c += 8)
                {
                    var third = Vector256.Load(output + c);
                    var ofThird = Epilogue.Slope(third, wide * Vector256.Load(ofWeight3 + c));
                    ofThird.Store(d2 + p * Third + c);
                    Vector256.FusedMultiplyAdd(wide, third, Vector256.Load(weight3 + c)).Store(weight3 + c);
                    (Vector256.Load(bias2 + c) + ofThird).Store(bias2 + c);
                }
            }

            new Span<float>(d1, Block * Second).Clear();
            for (var p = 0; p < Block; p += 2)
                Tile(d2 + p * Third, Third, 1, ofWeight2, Second, Third, d1 + p * Second, Second);
            for (var o = 0; o < Third; o += 2)
                Tile(d2 + o, 1, Third, inner, Inner, count, weight2 + o * Second, Second);
            for (var p = 0; p < Block; p++)
            {
                for (var c = 0; c < Second; c += 8)
                {
                    var ofSecond = Epilogue.Slope(Vector256.Load(inner + p * Inner + c), Vector256.Load(d1 + p * Second + c));
                    ofSecond.Store(inner + p * Inner + c);
                    (Vector256.Load(bias1 + c) + ofSecond).Store(bias1 + c);
                }
            }
        }
    }

    /// <summary>The gradients by a strip of the first layer: of W1, and of the weights of x and y that make it.</summary>
    private void BackwardStrip(Tensor parameters, Tensor x, Tensor y, int live, int strip, Tensor gradient)
    {
        if (!_idle.TryTake(out var memory))
            memory = (_device.Allocate(XRows, Strip), _device.Allocate(YRows, Strip));
        var (dzx, dzy) = (memory.X.RowRange(0, x.Rows), memory.Y.RowRange(0, y.Rows));
        ScatterStrip(parameters, live, strip, gradient, (float*)dzx.Address, (float*)dzy.Address, x.Rows, y.Rows);
        var weight = Shape.Weight(gradient, 0).RowRange(strip * Strip, Strip);
        _device.MatMul(dzx, x, weight.ColumnRange(0, Shape.XColumns), transposeA: true);
        _device.MatMul(dzy, y, weight.ColumnRange(Shape.XColumns, Shape.YColumns), transposeA: true);
        _device.SumRows(dzx, Shape.Bias(gradient, 0).ColumnRange(strip * Strip, Strip));
        _idle.Add(memory);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private void ScatterStrip(Tensor parameters, int live, int strip, Tensor gradient, float* dzx, float* dzy, int xRows, int yRows)
    {
        var zx = (float*)_zx.Address + strip * Strip;
        var zy = (float*)_zy.Address + strip * Strip;
        new Span<float>(dzx, xRows * Strip).Clear();
        new Span<float>(dzy, yRows * Strip).Clear();
        var weight = stackalloc float[Second * Strip];
        var sums = stackalloc float[Second * Strip];
        var z = stackalloc float[Block * Strip];
        var dz = stackalloc float[Block * Strip];
        for (var o = 0; o < Second; o++)
            Copy(Weight(parameters, 1) + o * First + strip * Strip, Strip, weight + o * Strip);
        new Span<float>(sums, Second * Strip).Clear();
        for (var row = 0; row < live; row += Block)
        {
            var inner = (float*)_inner.Address + (long)row * Inner;
            var count = Math.Min(Block, live - row);
            for (var r = row + Block; r < Math.Min(live, row + 2 * Block); r++)
            {
                var (next, partner) = (_liveA[r], _liveB[r]);
                Lanes.Prefetch(zx + (long)next * First, Strip);
                Lanes.Prefetch(zy + (long)partner * First, Strip);
                Lanes.Prefetch(dzx + (long)next * Strip, Strip);
                Lanes.Prefetch(dzy + (long)partner * Strip, Strip);
            }

            for (var p = 0; p < count; p++)
                AddLeaky(zx + (long)_liveA[row + p] * First, zy + (long)_liveB[row + p] * First, Strip, z + p * Strip);
            for (var o = 0; o < Second; o += 2)
                Tile(inner + o, 1, Inner, z, Strip, count, sums + o * Strip, Strip);
            new Span<float>(dz, Block * Strip).Clear();
            for (var p = 0; p < count; p += 2)
                Tile(inner + p * Inner, Inner, 1, weight, Strip, Second, dz + p * Strip, Strip);
            for (var p = 0; p < count; p++)
            {
                var toX = dzx + (long)_liveA[row + p] * Strip;
                var toY = dzy + (long)_liveB[row + p] * Strip;
                for (var c = 0; c < Strip; c += 8)
                {
                    var delta = Epilogue.Slope(Vector256.Load(z + p * Strip + c), Vector256.Load(dz + p * Strip + c));
                    (Vector256.Load(toX + c) + delta).Store(toX + c);
                    (Vector256.Load(toY + c) + delta).Store(toY + c);
                }
            }
        }

        for (var o = 0; o < Second; o++)
            Copy(sums + o * Strip, Strip, Weight(gradient, 1) + o * First + strip * Strip);
    }

    /// <summary>z = leaky(x + y).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddLeaky(float* x, float* y, int count, float* z)
    {
        for (var c = 0; c < count; c += 8)
            VectorMath.LeakyRelu(Vector256.Load(x + c) + Vector256.Load(y + c)).Store(z + c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Leaky(float* x, int count)
    {
        for (var c = 0; c < count; c += 8)
            VectorMath.LeakyRelu(Vector256.Load(x + c)).Store(x + c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* from, int count, float* to)
    {
        for (var c = 0; c < count; c += 8)
            Vector256.Load(from + c).Store(to + c);
    }

    /// <summary>c += sum over k of a(i, k) b(k, j) for two rows and 32 columns, each element one chain in the order of k.</summary>
    /// <param name="a">First element of the left side.</param>
    /// <param name="rowStep">Elements from a row to the next.</param>
    /// <param name="stepA">Elements from k to k + 1 on the left.</param>
    /// <param name="b">32 columns for every k.</param>
    /// <param name="stepB">Elements from k to k + 1 on the right.</param>
    /// <param name="count">Number of k.</param>
    /// <param name="c">(2, 32).</param>
    /// <param name="strideC">Elements from row to row of c.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(float* a, nint rowStep, nint stepA, float* b, nint stepB, int count, float* c, nint strideC)
    {
        var (c00, c01, c02, c03) = (Vector256.Load(c), Vector256.Load(c + 8), Vector256.Load(c + 16), Vector256.Load(c + 24));
        var d = c + strideC;
        var (c10, c11, c12, c13) = (Vector256.Load(d), Vector256.Load(d + 8), Vector256.Load(d + 16), Vector256.Load(d + 24));
        for (var k = 0; k < count; k++, a += stepA, b += stepB)
        {
            var (upper, lower) = (Vector256.Create(*a), Vector256.Create(a[rowStep]));
            var right = Vector256.Load(b);
            c00 = Vector256.FusedMultiplyAdd(upper, right, c00);
            c10 = Vector256.FusedMultiplyAdd(lower, right, c10);
            right = Vector256.Load(b + 8);
            c01 = Vector256.FusedMultiplyAdd(upper, right, c01);
            c11 = Vector256.FusedMultiplyAdd(lower, right, c11);
            right = Vector256.Load(b + 16);
            c02 = Vector256.FusedMultiplyAdd(upper, right, c02);
            c12 = Vector256.FusedMultiplyAdd(lower, right, c12);
            right = Vector256.Load(b + 24);
            c03 = Vector256.FusedMultiplyAdd(upper, right, c03);
            c13 = Vector256.FusedMultiplyAdd(lower, right, c13);
        }

        c00.Store(c);
        c01.Store(c + 8);
        c02.Store(c + 16);
        c03.Store(c + 24);
        c10.Store(d);
        c11.Store(d + 8);
        c12.Store(d + 16);
        c13.Store(d + 24);
    }
}
