using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Emergence.Devices.Cpu;

/// <summary>Vectors at the end of a row, where fewer than eight elements are left, and sums over lanes.</summary>
internal static unsafe class Lanes
{
    public const int Count = 8;

    /// <summary>Floats of a cache line.</summary>
    private const int CacheLine = 16;

    /// <summary>Elements that exist, zero for the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source, int left) => left >= Count ? Vector256.Load(source) : LoadPart(source, left);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector256<float> value, int left)
    {
        if (left >= Count)
            value.Store(destination);
        else
            StorePart(destination, value, left);
    }

    /// <summary>Sum of eight lanes in a fixed order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> x)
    {
        var four = x.GetLower() + x.GetUpper();
        return (four[0] + four[1]) + (four[2] + four[3]);
    }

    /// <summary>Sum of four lanes in a fixed order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector256<double> x) => (x[0] + x[1]) + (x[2] + x[3]);

    /// <summary>a b over n elements: eight chains of fused multiply-adds, added up in a fixed order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(float* a, float* b, int n)
    {
        var sum = Vector256<float>.Zero;
        for (var i = 0; i < n; i += Count)
            sum = Vector256.FusedMultiplyAdd(Load(a + i, n - i), Load(b + i, n - i), sum);
        return Sum(sum);
    }

    /// <summary>Asks for memory that is read soon; there need not be any.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* source, int count)
    {
        for (var i = 0; i < count && Sse.IsSupported; i += CacheLine)
            Sse.Prefetch0(source + i);
    }

    /// <summary>All bits of the first lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> First(int count) => Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();

    private static Vector256<float> LoadPart(float* source, int left)
    {
        if (Avx.IsSupported)
            return Avx.MaskLoad(source, First(left));
        var copy = stackalloc float[Count];
        Vector256<float>.Zero.Store(copy);
        for (var i = 0; i < left; i++)
            copy[i] = source[i];
        return Vector256.Load(copy);
    }

    private static void StorePart(float* destination, Vector256<float> value, int left)
    {
        if (Avx.IsSupported)
        {
            Avx.MaskStore(destination, First(left), value);
            return;
        }

        var copy = stackalloc float[Count];
        value.Store(copy);
        for (var i = 0; i < left; i++)
            destination[i] = copy[i];
    }
}
