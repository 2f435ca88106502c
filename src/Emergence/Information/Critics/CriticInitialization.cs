using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;

namespace Emergence.Information.Critics;

/// <summary>The parameters a critic starts from.</summary>
internal static class CriticInitialization
{
    /// <summary>
    /// Xavier-normal weights, SD sqrt(2 / (in + out)) with in = dx + dy for the first layer, and zero biases.
    /// </summary>
    public static float[] Xavier(CriticShape shape, ulong seed, uint cell)
    {
        var parameters = new float[shape.ParameterCount];
        var random = new RandomSequence(seed, cell, RandomStream.Weights);
        var next = 0;
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var (inputs, outputs) = (shape.InputColumns(layer), shape.Widths[layer]);
            var deviation = Math.Sqrt(2.0 / (inputs + outputs));
            for (var end = next + inputs * outputs; next < end; next++)
                parameters[next] = (float)(deviation * random.NextNormal());
            next += outputs;
        }

        return parameters;
    }
}
