using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>y = x W' + b.</summary>
/// <param name="Weight">W.</param>
/// <param name="Bias">(1, outputs), or none.</param>
/// <param name="OutputCount">Columns of y.</param>
internal sealed record Linear(Matrix Weight, Tensor? Bias, int OutputCount)
{
    public void Apply(Device device, Tensor x, Tensor y, Activation activation = Activation.None, Tensor? residual = null) =>
        device.MatMul(x, Weight.Ready(), y, transposeB: !Weight.InputMajor, bias: Bias, activation: activation, residual: residual);

    /// <summary>The projection onto some of the outputs alone.</summary>
    public Linear Outputs(int start, int count) => new(Weight.Outputs(start, count), Bias?.ColumnRange(start, count), count);
}

/// <summary>A norm with weight (1, c) and bias (1, c), if it has them.</summary>
internal sealed record Norm(NormShape Shape, Tensor? Weight, Tensor? Bias)
{
    public void Apply(Device device, Tensor x, Tensor y, Tensor? residual = null)
    {
        if (Shape.Rms)
            device.RmsNorm(x, Weight, (float)Shape.Epsilon, y, residual);
        else
            device.LayerNorm(x, Weight, Bias, (float)Shape.Epsilon, y, residual);
    }
}

/// <summary>The weights of one block.</summary>
internal sealed class BlockWeights
{
    public required Norm? AttentionInputNorm { get; init; }

    public required Norm? AttentionOutputNorm { get; init; }

    public required Norm? InnerInputNorm { get; init; }

    public required Norm? InnerOutputNorm { get; init; }

    /// <summary>One, or one for each head; none if there is no such norm.</summary>
    public required Norm[] QueryNorms { get; init; }

    public required Norm[] KeyNorms { get; init; }

    public required Norm? ValueNorm { get; init; }

    /// <summary>(1, heads), or none.</summary>
    public required Tensor? Sinks { get; init; }

    /// <summary>One that yields query, key and value; or one for each that the layer has of its own.</summary>
    public required Linear[] QueryKeyValue { get; init; }

    public required LatentWeights? Latent { get; init; }

    /// <summary>Null if the layer has no attention.</summary>
    public required Linear? AttentionOutput { get; init; }

    public required RecurrenceWeights? Recurrence { get; init; }

    public required Linear[] Inner { get; init; }

    /// <summary>Null if the layer has experts.</summary>
    public required Linear? InnerOutput { get; init; }

    public required ExpertsWeights? Experts { get; init; }

    public required Xielu? Xielu { get; init; }

    /// <summary>Factor of what leaves the block.</summary>
    public required double OutputScale { get; init; }

    public required LayerInputWeights? LayerInput { get; init; }
}

/// <summary>Weights around the narrow rows that keys and values, and perhaps queries, come out of.</summary>
internal sealed record LatentWeights(Linear? QueryDown, Norm? QueryNorm, Linear KeyDown, Norm KeyNorm, Linear KeyUp);

/// <summary>How a layer takes in its own embedding of the token.</summary>
/// <param name="Embedding">(V, w).</param>
/// <param name="FromStream">From the token's embedding (d) to (w), before <paramref name="FromStreamNorm"/>.</param>
/// <param name="FromStreamNorm">(w).</param>
/// <param name="Gate">(d) to (w).</param>
/// <param name="Output">(w) to (d).</param>
/// <param name="OutputNorm">(d).</param>
internal sealed record LayerInputWeights(RowTable Embedding, Linear FromStream, Norm FromStreamNorm, Linear Gate, Linear Output,
    Norm OutputNorm);

/// <summary>What is before the first block.</summary>
internal sealed class FirstWeights
{
    /// <summary>(V, d).</summary>
    public required RowTable Embedding { get; init; }

    /// <summary>(P, d), or none.</summary>
    public required Tensor? Positions { get; init; }

    public required Norm? Norm { get; init; }

    /// <summary>What layers' own embeddings of the token have in common, or none.</summary>
    public required WeightBuilder.LayerInputs? LayerInputs { get; init; }
}
