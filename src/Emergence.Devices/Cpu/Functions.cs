using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emergence.Devices.Cpu;

/// <summary>A function of one vector; a struct per function makes a compiled loop per function.</summary>
internal interface IFunction
{
    static abstract Vector256<float> Apply(Vector256<float> x);
}

internal readonly struct Identity : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> x) => x;
}

internal readonly struct Relu : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> x) => Vector256.MaxNative(Vector256<float>.Zero, x);
}

internal readonly struct LeakyRelu : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> x) => VectorMath.LeakyRelu(x);
}

internal readonly struct GeluErf : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> x) => VectorMath.GeluErf(x);
}

internal readonly struct GeluTanh : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> x) => VectorMath.GeluTanh(x);
}

internal readonly struct Silu : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> x) => VectorMath.Silu(x);
}

internal readonly struct ReluSquared : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> x)
    {
        var positive = Vector256.MaxNative(Vector256<float>.Zero, x);
        return positive * positive;
    }
}

internal readonly struct QuickGelu : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> x) => x * Sigmoid.Apply(Vector256.Create(1.702f) * x);
}

internal readonly struct Tanh : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> x) => VectorMath.Tanh(x);
}

internal readonly struct Sigmoid : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> x) => Vector256<float>.One / (Vector256<float>.One + VectorMath.Exp(-x));
}

/// <summary>A function of one vector with settings of its own.</summary>
internal interface IChange
{
    Vector256<float> Apply(Vector256<float> x);
}

internal readonly struct SoftCapChange(float cap) : IChange
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Apply(Vector256<float> x) => VectorMath.Tanh(x / Vector256.Create(cap)) * Vector256.Create(cap);
}

internal readonly struct ClipChange(float least, float most) : IChange
{
    /// <summary>The second operand of these two is what comes back if one is NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Apply(Vector256<float> x) =>
        Vector256.MinNative(Vector256.Create(most), Vector256.MaxNative(Vector256.Create(least), x));
}

internal readonly struct XieluChange(Xielu shape) : IChange
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Apply(Vector256<float> x)
    {
        var above = Vector256.Create((float)shape.Positive) * x * x;
        var below = Vector256.Create((float)shape.Negative)
            * (VectorMath.ExpMinusOne(Vector256.MinNative(Vector256.Create((float)shape.Limit), x)) - x);
        return Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256<float>.Zero), above, below)
            + Vector256.Create((float)shape.Linear) * x;
    }
}
