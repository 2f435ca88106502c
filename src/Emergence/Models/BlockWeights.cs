using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>y = x W' + b, with W as it is stored: (out, in), or (in, out) where <paramref name="InputMajor"/>.</summary>
internal sealed record Linear(Tensor Weight, Tensor? Bias, bool InputMajor) : IDisposable
{
    public void Apply(Device device, Tensor x, Tensor y, Activation activation = Activation.None, Tensor? residual = null) =>
        device.MatMul(x, Weight, y, transposeB: !InputMajor, bias: Bias, activation: activation, residual: residual);

    public void Dispose()
    {
        Weight.Dispose();
        Bias?.Dispose();
    }
}

/// <summary>A norm with weight (1, c) and, unless it is by root mean square, bias (1, c).</summary>
internal sealed record Norm(NormShape Shape, Tensor Weight, Tensor? Bias) : IDisposable
{
    public void Apply(Device device, Tensor x, Tensor y, Tensor? residual = null)
    {
        if (Shape.Rms)
            device.RmsNorm(x, Weight, Shape.WeightOffset, (float)Shape.Epsilon, y, residual);
        else
            device.LayerNorm(x, Weight, Bias, (float)Shape.Epsilon, y, residual);
    }

    public void Dispose()
    {
        Weight.Dispose();
        Bias?.Dispose();
    }
}

/// <summary>The weights of one block.</summary>
internal sealed class BlockWeights : IDisposable
{
    public required Norm? AttentionInputNorm { get; init; }

    public required Norm? AttentionOutputNorm { get; init; }

    public required Norm? InnerInputNorm { get; init; }

    public required Norm? InnerOutputNorm { get; init; }

    public required Norm? QueryNorm { get; init; }

    public required Norm? KeyNorm { get; init; }

    public required Linear[] QueryKeyValue { get; init; }

    public required Linear AttentionOutput { get; init; }

    public required Linear[] Inner { get; init; }

    public required Linear InnerOutput { get; init; }

    public void Dispose()
    {
        Norm?[] norms = [AttentionInputNorm, AttentionOutputNorm, InnerInputNorm, InnerOutputNorm, QueryNorm, KeyNorm];
        foreach (var norm in norms)
            norm?.Dispose();
        Linear[] projections = [.. QueryKeyValue, AttentionOutput, .. Inner, InnerOutput];
        foreach (var projection in projections)
            projection.Dispose();
    }
}

/// <summary>All weights of a model in a device's memory.</summary>
internal sealed class ModelWeights : IDisposable
{
    /// <summary>(V, d).</summary>
    public required Tensor Embedding { get; init; }

    /// <summary>(P, d), or none.</summary>
    public required Tensor? Positions { get; init; }

    public required BlockWeights[] Blocks { get; init; }

    public required Norm? FinalNorm { get; init; }

    /// <summary>(V, d); the embedding itself where they are tied.</summary>
    public required Linear Head { get; init; }

    public void Dispose()
    {
        Embedding.Dispose();
        Positions?.Dispose();
        FinalNorm?.Dispose();
        Head.Dispose();
        foreach (var block in Blocks)
            block.Dispose();
    }
}
