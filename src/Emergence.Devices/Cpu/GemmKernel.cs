using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Emergence.Devices.Cpu;

/// <summary>
/// The innermost piece of every matrix product: a tile of 6 rows by two vectors of columns in 12 registers, or of 12
/// rows in 24 if there are 32 registers. Every element is one chain of fused multiply-adds in the order of k, so all
/// shapes give the same bytes.
/// </summary>
internal abstract unsafe class GemmKernel
{
    /// <summary>Rows of a low tile: rows are packed in groups of Rows, which is this or twice this.</summary>
    public const int LowRows = 6;

    /// <summary>Rows of the tallest tile.</summary>
    public const int MaxRows = 12;

    /// <summary>Columns of the widest tile.</summary>
    public const int MaxColumns = 32;

    /// <summary>The paths of the CPU device, the fastest first.</summary>
    public static IReadOnlyList<GemmKernel> Table { get; } =
    [
        new GemmKernel<Simd512, Vector512<float>>("avx512", 12, Avx512F.IsSupported && Vector512.IsHardwareAccelerated),
        new GemmKernel<Simd256, Vector256<float>>("avx2", 6, Avx2.IsSupported && Fma.IsSupported),
        new GemmKernel<Simd128, Vector128<float>>("portable", 6, true),
    ];

    public abstract string Name { get; }

    /// <summary>Whether this machine has the instructions.</summary>
    public abstract bool IsSupported { get; }

    /// <summary>Rows of a tile.</summary>
    public abstract int Rows { get; }

    /// <summary>Columns of a tile.</summary>
    public abstract int Columns { get; }

    /// <summary>c (+)= sum over k of a(i, k) b(k, j), with a(i, k) at a[i rowStep + k stepA] and b(k, j) at b[k Columns + j].</summary>
    /// <param name="k">Length of the sum.</param>
    /// <param name="a">First element of the left side.</param>
    /// <param name="rowStep">Elements from a row to the next.</param>
    /// <param name="stepA">Elements from k to k + 1 on the left.</param>
    /// <param name="b">A panel of the right side: Columns elements for every k.</param>
    /// <param name="c">Rows by Columns.</param>
    /// <param name="strideC">Elements from row to row of c.</param>
    /// <param name="rows">Rows of the left side that exist; c may get copies of the last one beyond.</param>
    /// <param name="accumulate">Add to what c holds.</param>
    /// <param name="ahead">
    /// Memory that is read after this tile and is brought near by the way: from the last cache it would come too late.
    /// </param>
    /// <param name="aheadStep">Elements of it for every k.</param>
    /// <param name="end">What happens to the finished sums of a whole tile, which then leave c as it is; or null.</param>
    public abstract void Run(
        nint k, float* a, nint rowStep, nint stepA, float* b, float* c, nint strideC, int rows, bool accumulate, float* ahead,
        nint aheadStep, TileEnd* end);
}

/// <summary>The kernel for one width.</summary>
internal sealed unsafe partial class GemmKernel<TSimd, TVector>(string name, int rows, bool isSupported) : GemmKernel
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public override string Name => name;

    public override bool IsSupported => isSupported;

    public override int Rows => rows;

    public override int Columns => 2 * TSimd.Width;

    public override void Run(
        nint k, float* a, nint rowStep, nint stepA, float* b, float* c, nint strideC, int rows, bool accumulate, float* ahead,
        nint aheadStep, TileEnd* end)
    {
        if (rows == MaxRows)
        {
            TallTile(k, a, rowStep, stepA, b, c, strideC, accumulate, ahead, aheadStep, end);
            return;
        }

        RunLow(k, a, rowStep, stepA, b, c, strideC, Math.Min(rows, LowRows), accumulate, end);
        if (rows > LowRows)
            RunLow(k, a + LowRows * rowStep, rowStep, stepA, b, c + LowRows * strideC, strideC, rows - LowRows, accumulate, null);
    }

    private static void RunLow(
        nint k, float* a, nint rowStep, nint stepA, float* b, float* c, nint strideC, int rows, bool accumulate, TileEnd* end)
    {
        var last = (rows - 1) * rowStep;
        Tile(
            k, a, Math.Min(rowStep, last), Math.Min(2 * rowStep, last), Math.Min(3 * rowStep, last), Math.Min(4 * rowStep, last),
            Math.Min(5 * rowStep, last), stepA, b, c, strideC, accumulate, end);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile(
        nint k, float* a, nint row1, nint row2, nint row3, nint row4, nint row5, nint stepA, float* b, float* c, nint strideC,
        bool accumulate, TileEnd* end)
    {
        TVector c00 = default, c01 = default;
        TVector c10 = default, c11 = default;
        TVector c20 = default, c21 = default;
        TVector c30 = default, c31 = default;
        TVector c40 = default, c41 = default;
        TVector c50 = default, c51 = default;
        if (Sse.IsSupported)
        {
            var to = end == null ? c : end->Y;
            var stride = end == null ? strideC : end->StrideY;
            for (var row = 0; row < LowRows; row++)
                Sse.Prefetch0(to + row * stride);
        }

        TVector b0, b1, x;
        for (; k >= 4; k -= 4)
        {
            b0 = TSimd.Load(b);
            b1 = TSimd.Load(b + TSimd.Width);
            x = TSimd.Broadcast(a);
            c00 = TSimd.MultiplyAdd(x, b0, c00);
            c01 = TSimd.MultiplyAdd(x, b1, c01);
            x = TSimd.Broadcast(a + row1);
            c10 = TSimd.MultiplyAdd(x, b0, c10);
            c11 = TSimd.MultiplyAdd(x, b1, c11);
            x = TSimd.Broadcast(a + row2);
            c20 = TSimd.MultiplyAdd(x, b0, c20);
            c21 = TSimd.MultiplyAdd(x, b1, c21);
            x = TSimd.Broadcast(a + row3);
            c30 = TSimd.MultiplyAdd(x, b0, c30);
            c31 = TSimd.MultiplyAdd(x, b1, c31);
            x = TSimd.Broadcast(a + row4);
            c40 = TSimd.MultiplyAdd(x, b0, c40);
            c41 = TSimd.MultiplyAdd(x, b1, c41);
            x = TSimd.Broadcast(a + row5);
            c50 = TSimd.MultiplyAdd(x, b0, c50);
            c51 = TSimd.MultiplyAdd(x, b1, c51);
            a += stepA;
            b += 2 * TSimd.Width;

            b0 = TSimd.Load(b);
            b1 = TSimd.Load(b + TSimd.Width);
            x = TSimd.Broadcast(a);
            c00 = TSimd.MultiplyAdd(x, b0, c00);
            c01 = TSimd.MultiplyAdd(x, b1, c01);
            x = TSimd.Broadcast(a + row1);
            c10 = TSimd.MultiplyAdd(x, b0, c10);
            c11 = TSimd.MultiplyAdd(x, b1, c11);
            x = TSimd.Broadcast(a + row2);
            c20 = TSimd.MultiplyAdd(x, b0, c20);
            c21 = TSimd.MultiplyAdd(x, b1, c21);
            x = TSimd.Broadcast(a + row3);
            c30 = TSimd.MultiplyAdd(x, b0, c30);
            c31 = TSimd.MultiplyAdd(x, b1, c31);
            x = TSimd.Broadcast(a + row4);
            c40 = TSimd.MultiplyAdd(x, b0, c40);
            c41 = TSimd.MultiplyAdd(x, b1, c41);
            x = TSimd.Broadcast(a + row5);
            c50 = TSimd.MultiplyAdd(x, b0, c50);
            c51 = TSimd.MultiplyAdd(x, b1, c51);
            a += stepA;
            b += 2 * TSimd.Width;

            b0 = TSimd.Load(b);
            b1 = TSimd.Load(b + TSimd.Width);
            x = TSimd.Broadcast(a);
            c00 = TSimd.MultiplyAdd(x, b0, c00);
            c01 = TSimd.MultiplyAdd(x, b1, c01);
            x = TSimd.Broadcast(a + row1);
            c10 = TSimd.MultiplyAdd(x, b0, c10);
            c11 = TSimd.MultiplyAdd(x, b1, c11);
            x = TSimd.Broadcast(a + row2);
            c20 = TSimd.MultiplyAdd(x, b0, c20);
            c21 = TSimd.MultiplyAdd(x, b1, c21);
            x = TSimd.Broadcast(a + row3);
            c30 = TSimd.MultiplyAdd(x, b0, c30);
            c31 = TSimd.MultiplyAdd(x, b1, c31);
            x = TSimd.Broadcast(a + row4);
            c40 = TSimd.MultiplyAdd(x, b0, c40);
            c41 = TSimd.MultiplyAdd(x, b1, c41);
            x = TSimd.Broadcast(a + row5);
            c50 = TSimd.MultiplyAdd(x, b0, c50);
            c51 = TSimd.MultiplyAdd(x, b1, c51);
            a += stepA;
            b += 2 * TSimd.Width;

            b0 = TSimd.Load(b);
            b1 = TSimd.Load(b + TSimd.Width);
            x = TSimd.Broadcast(a);
            c00 = TSimd.MultiplyAdd(x, b0, c00);
            c01 = TSimd.MultiplyAdd(x, b1, c01);
            x = TSimd.Broadcast(a + row1);
            c10 = TSimd.MultiplyAdd(x, b0, c10);
            c11 = TSimd.MultiplyAdd(x, b1, c11);
            x = TSimd.Broadcast(a + row2);
            c20 = TSimd.MultiplyAdd(x, b0, c20);
            c21 = TSimd.MultiplyAdd(x, b1, c21);
            x = TSimd.Broadcast(a + row3);
            c30 = TSimd.MultiplyAdd(x, b0, c30);
            c31 = TSimd.MultiplyAdd(x, b1, c31);
            x = TSimd.Broadcast(a + row4);
            c40 = TSimd.MultiplyAdd(x, b0, c40);
            c41 = TSimd.MultiplyAdd(x, b1, c41);
            x = TSimd.Broadcast(a + row5);
            c50 = TSimd.MultiplyAdd(x, b0, c50);
            c51 = TSimd.MultiplyAdd(x, b1, c51);
            a += stepA;
            b += 2 * TSimd.Width;
        }

        for (; k > 0; k--)
        {
            b0 = TSimd.Load(b);
            b1 = TSimd.Load(b + TSimd.Width);
            x = TSimd.Broadcast(a);
            c00 = TSimd.MultiplyAdd(x, b0, c00);
            c01 = TSimd.MultiplyAdd(x, b1, c01);
            x = TSimd.Broadcast(a + row1);
            c10 = TSimd.MultiplyAdd(x, b0, c10);
            c11 = TSimd.MultiplyAdd(x, b1, c11);
            x = TSimd.Broadcast(a + row2);
            c20 = TSimd.MultiplyAdd(x, b0, c20);
            c21 = TSimd.MultiplyAdd(x, b1, c21);
            x = TSimd.Broadcast(a + row3);
            c30 = TSimd.MultiplyAdd(x, b0, c30);
            c31 = TSimd.MultiplyAdd(x, b1, c31);
            x = TSimd.Broadcast(a + row4);
            c40 = TSimd.MultiplyAdd(x, b0, c40);
            c41 = TSimd.MultiplyAdd(x, b1, c41);
            x = TSimd.Broadcast(a + row5);
            c50 = TSimd.MultiplyAdd(x, b0, c50);
            c51 = TSimd.MultiplyAdd(x, b1, c51);
            a += stepA;
            b += 2 * TSimd.Width;
        }

        Finish(c, c00, c01, accumulate, end, 0);
        Finish(c + strideC, c10, c11, accumulate, end, 1);
        Finish(c + 2 * strideC, c20, c21, accumulate, end, 2);
        Finish(c + 3 * strideC, c30, c31, accumulate, end, 3);
        Finish(c + 4 * strideC, c40, c41, accumulate, end, 4);
        Finish(c + 5 * strideC, c50, c51, accumulate, end, 5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* c, TVector low, TVector high, bool accumulate, TileEnd* end, nint row)
    {
        if (accumulate)
        {
            low = TSimd.Add(TSimd.Load(c), low);
            high = TSimd.Add(TSimd.Load(c + TSimd.Width), high);
        }

        if (end == null)
        {
            TSimd.Store(c, low);
            TSimd.Store(c + TSimd.Width, high);
            return;
        }

        var y = end->Y + row * end->StrideY;
        TSimd.Store(y, End(low, end, row, 0));
        TSimd.Store(y + TSimd.Width, End(high, end, row, TSimd.Width));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector End(TVector x, TileEnd* end, nint row, int column)
    {
        if (end->Bias != null)
            x = TSimd.Add(x, TSimd.Load(end->Bias + column));
        if (end->IsLeaky)
            x = TSimd.LeakyRelu(x);
        if (end->Residual != null)
            x = TSimd.Add(x, TSimd.Load(end->Residual + row * end->ResidualStride + column));
        return end->Mask == null ? x : TSimd.Slope(TSimd.Load(end->Mask + row * end->MaskStride + column), x);
    }
}
