using Emergence.Devices.Randomness;

namespace Emergence.Information.Noise;

/// <summary>
/// What is drawn once for all cells of a seed, so that macro and micro sides, boundaries and sigmas are held against each
/// other under the same noise: standard normal vectors z, each used as z and -z, and places in the order of the sequences, one in each
/// of as many equal parts.
/// </summary>
internal sealed class NoiseDraws
{
    private readonly double _offset;

    /// <param name="seed">Key of the noise.</param>
    /// <param name="cell">Separates draws of one seed.</param>
    /// <param name="columns">d.</param>
    /// <param name="pairs">P, antithetic pairs.</param>
    public NoiseDraws(ulong seed, uint cell, int columns, int pairs)
    {
        var random = new RandomSequence(seed, cell, RandomStream.Noise);
        _offset = random.NextDouble();
        Normals = new float[checked(pairs * columns)];
        for (var i = 0; i < Normals.Length; i++)
            Normals[i] = (float)random.NextNormal();
        Pairs = pairs;
    }

    public int Pairs { get; }

    /// <summary>(P, d).</summary>
    public float[] Normals { get; }

    /// <summary>(P): which of so many equally likely things, in their order, each pair is of.</summary>
    public int[] Places(int count) =>
        [.. Enumerable.Range(0, Pairs).Select(i => Math.Min(count - 1, (int)((i + _offset) / Pairs * count)))];

    /// <summary>(P): the same of things with weights that sum to 1: each as often as its weight says, to one draw.</summary>
    public int[] Places(ReadOnlySpan<double> weights)
    {
        var (drawn, k, end) = (new int[Pairs], 0, weights[0]);
        for (var i = 0; i < Pairs; i++)
        {
            while ((i + _offset) / Pairs >= end && k < weights.Length - 1)
                end += weights[++k];
            drawn[i] = k;
        }

        return drawn;
    }
}
