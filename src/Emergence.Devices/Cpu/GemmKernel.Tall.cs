using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Emergence.Devices.Cpu;

/// <content>The tile for 32 registers.</content>
internal sealed unsafe partial class GemmKernel<TSimd, TVector>
{
    /// <summary>Vectors of the tile.</summary>
    private const int PlaceCount = 2 * MaxRows;

    /// <summary>
    /// 12 rows: a panel of 512-bit columns fills the first cache, and is read from the second half as often as by 6 rows.
    /// A step has 24 fused multiply-adds, 14 loads and a prefetch, so it needs no unrolling.
    /// </summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void TallTile(nint k, float* a, nint rowStep, nint stepA, float* b, float* c, nint strideC, bool accumulate, float* ahead, nint aheadStep, TileEnd* end)
    {
        TVector c00a = default, c00b = default;
        TVector c01a = default, c01b = default;
        TVector c02a = default, c02b = default;
        TVector c03a = default, c03b = default;
        TVector c04a = default, c04b = default;
        TVector c05a = default, c05b = default;
        TVector c06a = default, c06b = default;
        TVector c07a = default, c07b = default;
        TVector c08a = default, c08b = default;
        TVector c09a = default, c09b = default;
        TVector c10a = default, c10b = default;
        TVector c11a = default, c11b = default;
        // Lines of the result are asked for one after another while the sums are made: all at once would keep the loads waiting.
        var places = stackalloc nint[2 * PlaceCount];
        var to = end == null ? c : end->Y;
        var stride = end == null ? strideC : end->StrideY;
        for (var row = 0; row < MaxRows; row++)
        {
            places[2 * row] = (nint)(to + row * stride);
            places[2 * row + 1] = (nint)(to + row * stride + TSimd.Width);
        }

        for (var i = PlaceCount; i < 2 * PlaceCount; i++)
            places[i] = places[PlaceCount - 1];
        var shift = k <= PlaceCount ? 0 : BitOperations.Log2((uint)(k / PlaceCount));
        var low = a + LowRows * rowStep;
        nint row2 = 2 * rowStep, row3 = 3 * rowStep, row4 = 4 * rowStep, row5 = 5 * rowStep;
        for (; k > 0; k--)
        {
            var b0 = TSimd.Load(b);
            var b1 = TSimd.Load(b + TSimd.Width);
            var x = TSimd.Broadcast(a);
            c00a = TSimd.MultiplyAdd(x, b0, c00a);
            c00b = TSimd.MultiplyAdd(x, b1, c00b);
            x = TSimd.Broadcast(a + rowStep);
            c01a = TSimd.MultiplyAdd(x, b0, c01a);
            c01b = TSimd.MultiplyAdd(x, b1, c01b);
            x = TSimd.Broadcast(a + row2);
            c02a = TSimd.MultiplyAdd(x, b0, c02a);
            c02b = TSimd.MultiplyAdd(x, b1, c02b);
            x = TSimd.Broadcast(a + row3);
            c03a = TSimd.MultiplyAdd(x, b0, c03a);
            c03b = TSimd.MultiplyAdd(x, b1, c03b);
            x = TSimd.Broadcast(a + row4);
            c04a = TSimd.MultiplyAdd(x, b0, c04a);
            c04b = TSimd.MultiplyAdd(x, b1, c04b);
            x = TSimd.Broadcast(a + row5);
            c05a = TSimd.MultiplyAdd(x, b0, c05a);
            c05b = TSimd.MultiplyAdd(x, b1, c05b);
            x = TSimd.Broadcast(low);
            c06a = TSimd.MultiplyAdd(x, b0, c06a);
            c06b = TSimd.MultiplyAdd(x, b1, c06b);
            x = TSimd.Broadcast(low + rowStep);
            c07a = TSimd.MultiplyAdd(x, b0, c07a);
            c07b = TSimd.MultiplyAdd(x, b1, c07b);
            x = TSimd.Broadcast(low + row2);
            c08a = TSimd.MultiplyAdd(x, b0, c08a);
            c08b = TSimd.MultiplyAdd(x, b1, c08b);
            x = TSimd.Broadcast(low + row3);
            c09a = TSimd.MultiplyAdd(x, b0, c09a);
            c09b = TSimd.MultiplyAdd(x, b1, c09b);
            x = TSimd.Broadcast(low + row4);
            c10a = TSimd.MultiplyAdd(x, b0, c10a);
            c10b = TSimd.MultiplyAdd(x, b1, c10b);
            x = TSimd.Broadcast(low + row5);
            c11a = TSimd.MultiplyAdd(x, b0, c11a);
            c11b = TSimd.MultiplyAdd(x, b1, c11b);
            if (Sse.IsSupported)
            {
                Sse.Prefetch1(ahead);
                Sse.Prefetch0((void*)places[k >> shift]);
            }

            ahead += aheadStep;
            a += stepA;
            low += stepA;
            b += 2 * TSimd.Width;
        }

        Finish(c, c00a, c00b, accumulate, end, 0);
        Finish(c + strideC, c01a, c01b, accumulate, end, 1);
        Finish(c + 2 * strideC, c02a, c02b, accumulate, end, 2);
        Finish(c + 3 * strideC, c03a, c03b, accumulate, end, 3);
        Finish(c + 4 * strideC, c04a, c04b, accumulate, end, 4);
        Finish(c + 5 * strideC, c05a, c05b, accumulate, end, 5);
        Finish(c + 6 * strideC, c06a, c06b, accumulate, end, 6);
        Finish(c + 7 * strideC, c07a, c07b, accumulate, end, 7);
        Finish(c + 8 * strideC, c08a, c08b, accumulate, end, 8);
        Finish(c + 9 * strideC, c09a, c09b, accumulate, end, 9);
        Finish(c + 10 * strideC, c10a, c10b, accumulate, end, 10);
        Finish(c + 11 * strideC, c11a, c11b, accumulate, end, 11);
    }
}
