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

    /// <summary>x^2 for x &gt; 0, else 0.</summary>
    ReluSquared,

    /// <summary>x / (1 + e^(-1.702 x)), the older stand-in for GELU.</summary>
    QuickGelu,

    Tanh,

    /// <summary>1 / (1 + e^-x).</summary>
    Sigmoid,
}

/// <summary>The activation of Apertus, whose four numbers are weights: p x^2 + b x for x &gt; 0, else n (e^min(x, limit) - 1 - x) + b
/// x.</summary>
/// <param name="Positive">p.</param>
/// <param name="Negative">n.</param>
/// <param name="Linear">b.</param>
/// <param name="Limit">Most that e is raised to, a little below 0.</param>
public readonly record struct Xielu(double Positive, double Negative, double Linear, double Limit);
