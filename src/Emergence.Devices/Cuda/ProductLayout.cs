namespace Emergence.Devices.Cuda;

/// <summary>The operands of a product that lie transposed; all are bf16, row-major, rows at multiples of 16 bytes.</summary>
internal enum ProductLayout
{
    /// <summary>a (M, K), b (N, K).</summary>
    NT,

    /// <summary>a (M, K), b (K, N).</summary>
    NN,

    /// <summary>a (K, M), b (K, N).</summary>
    TN,
}

/// <summary>What becomes of a product's sums: the enumeration of kernels/include/em_epilogue.h.</summary>
internal enum ProductEpilogue
{
    /// <summary>y (bf16) = activation of sum + bias.</summary>
    Activated,

    /// <summary>y (bf16) = sum * f'(y), where y held the activation of a leaky ReLU.</summary>
    Gradient,

    /// <summary>y (fp32) = activation(sum + bias) + residual.</summary>
    Float,

    /// <summary>Partial sums along K, each an (M, N) of fp32 behind the other; only in product_sm90.cu.</summary>
    Split,

    /// <summary>y (bf16) = sum * f'(z), where the signs of z are given as bits; only in product_sm90.cu.</summary>
    Masked,
}
