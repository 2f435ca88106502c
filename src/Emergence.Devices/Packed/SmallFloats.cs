namespace Emergence.Devices.Packed;

/// <summary>Values of all codes of the floating-point types with 4 and 8 bits.</summary>
internal static class SmallFloats
{
    /// <summary>Sign, 4 bits of exponent (bias 7), 3 of fraction; no infinities, two codes are NaN.</summary>
    public static float[] E4M3 { get; } = Table(exponentBits: 4, fractionBits: 3);

    /// <summary>The upper byte of a half.</summary>
    public static float[] E5M2 { get; } = [.. Codes(256).Select(code => (float)BitConverter.UInt16BitsToHalf((ushort)(code << 8)))];

    /// <summary>Sign, 2 bits of exponent (bias 1), 1 of fraction: 0, 0.5, 1, 1.5, 2, 3, 4, 6.</summary>
    public static float[] E2M1 { get; } = Table(exponentBits: 2, fractionBits: 1);

    /// <summary>Powers of two from 2^-127; the last code is NaN.</summary>
    public static float[] E8M0 { get; } = [.. Codes(255).Select(code => MathF.ScaleB(1, code - 127)), float.NaN];

    /// <summary>Whole numbers of 8 bits with a sign.</summary>
    public static float[] Int8 { get; } = [.. Codes(256).Select(code => (float)(sbyte)code)];

    private static IEnumerable<int> Codes(int count) => Enumerable.Range(0, count);

    private static float[] Table(int exponentBits, int fractionBits)
    {
        var half = 1 << (exponentBits + fractionBits);
        var bias = (1 << (exponentBits - 1)) - 1;
        var table = new float[2 * half];
        for (var code = 0; code < half; code++)
        {
            var (exponent, fraction) = (code >> fractionBits, code & ((1 << fractionBits) - 1));
            var significand = exponent == 0 ? fraction : fraction + (1 << fractionBits);
            table[code] = MathF.ScaleB(significand, Math.Max(exponent, 1) - bias - fractionBits);
            table[half + code] = -table[code];
        }

        if (exponentBits == 4)
            table[half - 1] = table[2 * half - 1] = float.NaN;
        return table;
    }
}
