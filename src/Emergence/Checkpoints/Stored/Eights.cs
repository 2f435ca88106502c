using System.Runtime.Intrinsics;

namespace Emergence.Checkpoints.Stored;

/// <summary>Codes as single-precision vectors of eight. Every step is exact.</summary>
internal static class Eights
{
    /// <summary>The eight numbers of 4 bits of a word, lowest bits first.</summary>
    public static Vector256<float> InOrder(uint word) => Take(
        Vector256.Create(Vector128.Create((int)(word & 0xFFFF)), Vector128.Create((int)(word >> 16))),
        Vector256.Create(0xF, 0xF0, 0xF00, 0xF000, 0xF, 0xF0, 0xF00, 0xF000),
        Vector256.Create(1, 1 / 16f, 1 / 256f, 1 / 4096f, 1, 1 / 16f, 1 / 256f, 1 / 4096f));

    /// <summary>The eight numbers of 4 bits of a word in the order 0, 4, 1, 5, 2, 6, 3, 7.</summary>
    public static Vector256<float> ByHalves(uint word) => Take(
        Vector256.Create((long)((word & 0xFFFF) | (ulong)(word >> 16) << 32)).AsInt32(),
        Vector256.Create(0xF, 0xF, 0xF0, 0xF0, 0xF00, 0xF00, 0xF000, 0xF000),
        Vector256.Create(1, 1, 1 / 16f, 1 / 16f, 1 / 256f, 1 / 256f, 1 / 4096f, 1 / 4096f));

    /// <summary>Sixteen whole numbers with a sign.</summary>
    public static (Vector256<float> Low, Vector256<float> High) Int8(ReadOnlySpan<byte> codes)
    {
        var (low, high) = Vector256.Widen(Vector256.WidenLower(Vector128.Create(codes).AsSByte().ToVector256()));
        return (Vector256.ConvertToSingle(low), Vector256.ConvertToSingle(high));
    }

    /// <summary>Sixteen floats of 4 bits of exponent and 3 of fraction.</summary>
    public static (Vector256<float> Low, Vector256<float> High) E4M3(ReadOnlySpan<byte> codes)
    {
        var (low, high) = Vector256.Widen(Vector256.WidenLower(Vector128.Create(codes).ToVector256()));
        return (E4M3(low), E4M3(high));
    }

    /// <summary>Exponent and fraction move to their places in a single, with its bias; codes without a leading one have it taken
    /// off.</summary>
    private static Vector256<float> E4M3(Vector256<uint> codes)
    {
        const float LeastNormal = 1f / 64;
        var magnitude = (codes & Vector256.Create(0x7Fu)) << 20;
        var normal = (magnitude + Vector256.Create(120u << 23)).AsSingle();
        var small = (magnitude + Vector256.Create(121u << 23)).AsSingle() - Vector256.Create(LeastNormal);
        var value = Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(8u << 20)).AsSingle(), small, normal);
        value = Vector256.ConditionalSelect(Vector256.Equals(magnitude, Vector256.Create(0x7Fu << 20))
            .AsSingle(), Vector256.Create(float.NaN), value);
        return value ^ ((codes & Vector256.Create(0x80u)) << 24).AsSingle();
    }

    private static Vector256<float> Take(Vector256<int> halves, Vector256<int> masks, Vector256<float> factors) =>
        Vector256.ConvertToSingle(halves & masks) * factors;
}
