namespace Emergence.Devices.Cuda;

/// <summary>Which operands of a product (M, K) (K, N) are stored transposed: NT has b as (N, K), TN has a as (K, M).</summary>
internal enum ProductLayout
{
    NT,
    NN,
    TN,
}

/// <summary>What becomes of a product's sums, as in product.cu and product_sm90.cu.</summary>
internal enum ProductMode
{
    /// <summary>y (bf16) = leaky ReLU or nothing of sum + bias.</summary>
    Activated,

    /// <summary>y (bf16) = sum * f'(y): y held the activation of a leaky ReLU.</summary>
    Gradient,

    /// <summary>y (fp32) = activation(sum + bias) + residual.</summary>
    Float,

    /// <summary>Parts along k, each an (M, N) of fp32 behind the other.</summary>
    Split,
}
