using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emergence.Devices.Cpu;

/// <summary>What happens to a product on its way to memory: y = (activation(product + bias) + residual) * slope of mask.</summary>
internal unsafe struct Epilogue
{
    /// <summary>(1, N), or null.</summary>
    public float* Bias;

    public Activation Activation;

    /// <summary>(M, N), or null.</summary>
    public float* Residual;

    public nint ResidualStride;

    /// <summary>(M, N) outputs of a leaky ReLU whose slope multiplies the result, or null.</summary>
    public float* Mask;

    public nint MaskStride;

    /// <summary>Whether a kernel can do it to its sums before they leave the registers.</summary>
    public readonly bool IsSimple => Activation is Activation.None or Activation.LeakyRelu;

    public readonly bool IsCopy => Bias == null && Activation == Activation.None && Residual == null && Mask == null;

    /// <summary>Whether nothing of the size of the product is read but y itself.</summary>
    public readonly bool ReadsOnly(float* y) => (Residual == null || Residual == y) && (Mask == null || Mask == y);

    /// <summary>The same of a whole tile whose first element is y, for its kernel; where it is simple.</summary>
    public readonly TileEnd End(float* y, nint strideY, int m, int n) => new()
    {
        Y = y,
        StrideY = strideY,
        Bias = Bias == null ? null : Bias + n,
        IsLeaky = Activation == Activation.LeakyRelu,
        Residual = Residual == null ? null : Residual + m * ResidualStride + n,
        ResidualStride = ResidualStride,
        Mask = Mask == null ? null : Mask + m * MaskStride + n,
        MaskStride = MaskStride,
    };

    /// <summary>Asks for the memory of <see cref="Store(float*, nint, float*, nint, int, int, int, int)"/> while the product is made.</summary>
    public readonly void Prefetch(float* y, nint strideY, int m, int n, int rows, int columns)
    {
        for (var r = 0; r < rows; r++)
        {
            Lanes.Prefetch(y + r * strideY, columns);
            if (Residual != null)
                Lanes.Prefetch(Residual + (m + r) * ResidualStride + n, columns);
            if (Mask != null)
                Lanes.Prefetch(Mask + (m + r) * MaskStride + n, columns);
        }
    }

    /// <summary>Writes (rows, columns) of y at row m, column n of the product.</summary>
    public readonly void Store(float* product, nint stride, float* y, nint strideY, int m, int n, int rows, int columns)
    {
        switch (Activation)
        {
            case Activation.None:
                Store<Identity>(product, stride, y, strideY, m, n, rows, columns);
                break;
            case Activation.Relu:
                Store<Relu>(product, stride, y, strideY, m, n, rows, columns);
                break;
            case Activation.LeakyRelu:
                Store<LeakyRelu>(product, stride, y, strideY, m, n, rows, columns);
                break;
            case Activation.GeluErf:
                Store<GeluErf>(product, stride, y, strideY, m, n, rows, columns);
                break;
            case Activation.GeluTanh:
                Store<GeluTanh>(product, stride, y, strideY, m, n, rows, columns);
                break;
            case Activation.Silu:
                Store<Silu>(product, stride, y, strideY, m, n, rows, columns);
                break;
            case Activation.ReluSquared:
                Store<ReluSquared>(product, stride, y, strideY, m, n, rows, columns);
                break;
            case Activation.QuickGelu:
                Store<QuickGelu>(product, stride, y, strideY, m, n, rows, columns);
                break;
            case Activation.Tanh:
                Store<Tanh>(product, stride, y, strideY, m, n, rows, columns);
                break;
            default:
                Store<Sigmoid>(product, stride, y, strideY, m, n, rows, columns);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Store<TFunction>(float* product, nint stride, float* y, nint strideY, int m, int n, int rows, int columns)
        where TFunction : struct, IFunction
    {
        var bias = Bias == null ? null : Bias + n;
        var residual = Residual == null ? null : Residual + m * ResidualStride + n;
        var mask = Mask == null ? null : Mask + m * MaskStride + n;
        for (var r = 0; r < rows; r++)
        {
            // The product's own rows are whole vectors.
            var c = 0;
            for (; c <= columns - Lanes.Count; c += Lanes.Count)
                One<TFunction>(Vector256.Load(product + c), bias, residual, mask, c, Lanes.Count).Store(y + c);
            if (c < columns)
                Lanes.Store(y + c, One<TFunction>(Vector256.Load(product + c), bias, residual, mask, c, columns - c), columns - c);
            product += stride;
            y += strideY;
            residual += ResidualStride;
            mask += MaskStride;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> One<TFunction>(Vector256<float> x, float* bias, float* residual, float* mask, int c, int left)
        where TFunction : struct, IFunction
    {
        if (bias != null)
            x += Lanes.Load(bias + c, left);
        x = TFunction.Apply(x);
        if (residual != null)
            x += Lanes.Load(residual + c, left);
        return mask == null ? x : Slope(Lanes.Load(mask + c, left), x);
    }

    /// <summary>x where the mask is positive, else 0.01 x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Slope(Vector256<float> mask, Vector256<float> x) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(mask, Vector256<float>.Zero), x, x * Vector256.Create((float)Device.LeakySlope));
}

/// <summary>A simple <see cref="Epilogue"/> of one tile: every pointer is at the tile's first element.</summary>
internal unsafe struct TileEnd
{
    public float* Y;
    public nint StrideY;
    public float* Bias;
    public bool IsLeaky;
    public float* Residual;
    public nint ResidualStride;
    public float* Mask;
    public nint MaskStride;
}
