namespace Emergence.Devices;

/// <summary>Element-wise functions of the supported models and of the statistics network.</summary>
public enum Activation
{
    None,
    Relu,

    /// <summary>x for x &gt; 0, else 0.01 x.</summary>
    LeakyRelu,

    /// <summary>x Phi(x), with the error function.</summary>
    GeluErf,

    /// <summary>The tanh form of GELU ("gelu_new", "gelu_pytorch_tanh").</summary>
    GeluTanh,

    /// <summary>x / (1 + e^-x).</summary>
    Silu,
}
