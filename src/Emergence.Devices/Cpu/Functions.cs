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
