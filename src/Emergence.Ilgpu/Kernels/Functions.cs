using Emergence.Devices;
using ILGPU;

namespace Emergence.Ilgpu.Kernels;

/// <summary>
/// Mathematics from additions, products, quotients and bits alone, as kernels/include/em_math.h has it: no two libraries agree in
/// the last bit, and ILGPU's PTX approximates. What a compiler does not fuse gives the same bytes on a device as on the host, where
/// the tests run this very text. Errors are a few units in the last place.
/// </summary>
internal static class Functions
{
    private const uint Sign = 0x80000000u, Infinite = 0x7f800000u;

    /// <summary>To the nearest integer below 2^31 in magnitude, ties away from zero.</summary>
    private static float Round(float x) => (int)(x + (x < 0 ? -0.5f : 0.5f));

    public static float Abs(float x) => Interop.IntAsFloat(Interop.FloatAsInt(x) & ~Sign);

    private static float WithSign(float magnitude, float sign) =>
        Interop.IntAsFloat((Interop.FloatAsInt(magnitude) & ~Sign) | (Interop.FloatAsInt(sign) & Sign));

    private static float PowerOfTwo(int exponent) => Interop.IntAsFloat((uint)(exponent + 127) << 23);

    /// <summary>Binary16 to single, also subnormals: 2^112 moves the exponent's bias.</summary>
    public static float FromHalf(ushort bits)
    {
        uint magnitude = (uint)(bits & 0x7fff) << 13, sign = (uint)(bits & 0x8000) << 16;
        var scaled = Interop.IntAsFloat(magnitude) * 5.192296858534828e33f;
        return Interop.IntAsFloat(sign | ((bits & 0x7c00) == 0x7c00 ? magnitude | Infinite : Interop.FloatAsInt(scaled)));
    }

    /// <summary>Binary64 to the nearest single, ties to even.</summary>
    public static float FromDouble(ulong bits)
    {
        var sign = (uint)(bits >> 32) & Sign;
        var exponent = (int)(bits >> 52) & 0x7ff;
        var mantissa = bits & 0xfffffffffffffUL;
        if (exponent == 0x7ff)
            return Interop.IntAsFloat(sign | Infinite | (mantissa != 0 ? 0x400000u : 0u));
        var power = exponent - 1023 + 127;
        if (power > 254)
            return Interop.IntAsFloat(sign | Infinite);
        var dropped = power > 0 ? 29 : 30 - power;
        if (exponent == 0 || dropped > 54)
            return Interop.IntAsFloat(sign);
        var whole = mantissa | 0x10000000000000UL;
        var kept = whole >> dropped;
        var rest = whole - (kept << dropped);
        var half = 1UL << (dropped - 1);
        if (rest > half || (rest == half && (kept & 1) != 0))
            kept++;

        // The leading bit of what is kept adds one to the exponent, and so does a carry.
        return Interop.IntAsFloat(sign | (((uint)((power > 0 ? power : 1) - 1) << 23) + (uint)kept));
    }

    /// <summary>x = k ln 2 + r, Taylor to r^7, then 2^k in two factors so that subnormals come out.</summary>
    public static float Exp(float x)
    {
        x = x > 90 ? 90 : x < -105 ? -105 : x;
        var k = Round(x * 1.44269504f);
        var r = x - k * 0.693359375f + k * 2.12194440e-4f;
        var p = 1.98412698e-4f;
        p = p * r + 1.38888889e-3f;
        p = p * r + 8.33333333e-3f;
        p = p * r + 4.16666667e-2f;
        p = p * r + 1.66666667e-1f;
        p = p * r + 0.5f;
        p = p * (r * r) + r + 1;
        int exponent = (int)k, half = exponent >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    /// <summary>In double, for sums that must not lose what single precision rounds away. x at most 700; far below 0: 0.</summary>
    public static double Exp(double x)
    {
        if (x < -700)
            return 0;
        double k = (int)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
        var r = x - k * 6.93147180369123816490e-01 - k * 1.90821492927058770002e-10;
        var p = 1.0 / 6227020800;
        p = p * r + 1.0 / 479001600;
        p = p * r + 1.0 / 39916800;
        p = p * r + 1.0 / 3628800;
        p = p * r + 1.0 / 362880;
        p = p * r + 1.0 / 40320;
        p = p * r + 1.0 / 5040;
        p = p * r + 1.0 / 720;
        p = p * r + 1.0 / 120;
        p = p * r + 1.0 / 24;
        p = p * r + 1.0 / 6;
        p = p * r + 0.5;
        p = p * (r * r) + r + 1;
        return p * Interop.IntAsFloat((ulong)((long)k + 1023) << 52);
    }

    /// <summary>e^x - 1 for x of at most 90, without the loss near 0.</summary>
    public static float ExpMinusOne(float x)
    {
        if (x < -0.35f || x > 0.35f)
            return Exp(x) - 1;
        var p = 2.48015873e-5f;
        p = p * x + 1.98412698e-4f;
        p = p * x + 1.38888889e-3f;
        p = p * x + 8.33333333e-3f;
        p = p * x + 4.16666667e-2f;
        p = p * x + 1.66666667e-1f;
        p = p * x + 0.5f;
        return p * (x * x) + x;
    }

    /// <summary>Odd polynomial below 0.55, else 1 - 2 / (e^2x + 1).</summary>
    public static float Tanh(float x)
    {
        float t = Abs(x), s = x * x;
        if (t >= 0.55f)
            return WithSign(1 - 2 / (Exp(2 * t) + 1), x);
        var p = -0.006608371257f * s + 0.02130840129f;
        p = p * s - 0.05390926785f;
        p = p * s + 0.1333311291f;
        p = p * s - 0.33333332f;
        return p * s * x + x;
    }

    /// <summary>Odd polynomial below 0.85, else by e^(t^2) erfc(t).</summary>
    private static float Erf(float x)
    {
        float t = Abs(x), s = x * x;
        if (t >= 0.85f)
        {
            t = t > 15 ? 15 : t;
            return WithSign(1 - Gauss(t, 1) * ScaledErfc(t), x);
        }

        var p = 8.847265288e-5f * s - 8.246746971e-4f;
        p = p * s + 5.209504533e-3f;
        p = p * s - 2.686256163e-2f;
        p = p * s + 1.128374854e-1f;
        p = p * s - 3.761263696e-1f;
        p = p * s + 1.28379167e-1f;
        return p * x + x;
    }

    /// <summary>e^(t^2) erfc(t) = P((t - 2) / (t + 2)) / (1 + 2 t), P fitted on 0.8 .. 11.</summary>
    private static float ScaledErfc(float t)
    {
        var q = (t - 2) / (t + 2);
        var p = -1.524609087e-3f * q + 1.121059871e-3f;
        p = p * q + 8.764436311e-3f;
        p = p * q - 8.01793355e-3f;
        p = p * q - 5.422501141e-2f;
        p = p * q + 1.640507917e-1f;
        p = p * q - 1.660302321e-1f;
        p = p * q - 9.276382855e-2f;
        p = p * q + 1.276978381f;
        return p / (2 * t + 1);
    }

    /// <summary>e^(-scale x^2) with what the rounding of x^2 lost, which the halves of x tell without a fused product.</summary>
    private static float Gauss(float x, float scale)
    {
        var high = Interop.IntAsFloat(Interop.FloatAsInt(x) & 0xfffff000u);
        float low = x - high, square = x * x;
        var lost = high * high - square + 2 * high * low + low * low;
        return Exp(-scale * square) * (1 - scale * lost);
    }

    /// <summary>x (1 + erf(x / sqrt 2)) / 2, which cancels far below 0: there x erfc(-x / sqrt 2) / 2.</summary>
    private static float GeluErf(float x)
    {
        if (!(x <= -1.25f))
            return 0.5f * x * (1 + Erf(x * 0.707106781f));
        var t = x < -20 ? 20 : -x;
        return 0.5f * x * Gauss(t, 0.5f) * ScaledErfc(t * 0.707106781f);
    }

    public static float LeakyRelu(float x) => x > 0 ? x : (float)Device.LeakySlope * x;

    public static float Sigmoid(float x) => 1 / (1 + Exp(-x));

    /// <summary>ln(1 + e^x) = max(x, 0) + 2 artanh(s / (2 + s)) with s = e^-|x|, whose series ends at the 13th power.</summary>
    public static float SoftPlus(float x)
    {
        var small = Exp(-Abs(x));
        float z = small / (2 + small), square = z * z;
        var p = 1f / 13;
        p = p * square + 1f / 11;
        p = p * square + 1f / 9;
        p = p * square + 1f / 7;
        p = p * square + 1f / 5;
        p = p * square + 1f / 3;
        return (x > 0 ? x : 0) + 2 * (p * square * z + z);
    }

    /// <summary>The functions of <see cref="Activation"/>, by number.</summary>
    public static float Activate(float x, int activation) => activation switch
    {
        (int)Activation.Relu => x <= 0 ? 0 : x,
        (int)Activation.LeakyRelu => LeakyRelu(x),
        (int)Activation.GeluErf => GeluErf(x),
        (int)Activation.GeluTanh => x / (1 + Exp(-1.595769122f * (0.044715f * x * x * x + x))),
        (int)Activation.Silu => x / (1 + Exp(-x)),
        (int)Activation.ReluSquared => x <= 0 ? 0 : x * x,
        (int)Activation.QuickGelu => x / (1 + Exp(-1.702f * x)),
        (int)Activation.Tanh => Tanh(x),
        (int)Activation.Sigmoid => Sigmoid(x),
        _ => x,
    };
}
