using Emergence.Devices;

namespace Emergence.Models;

/// <summary>Rotary position embedding.</summary>
/// <param name="Columns">2r, the columns of a head that turn.</param>
/// <param name="Base">theta: pair i turns by position * theta^(-2i / 2r).</param>
/// <param name="Pairs">The columns that turn together.</param>
/// <param name="Scaling">What else decides how fast pairs turn, or nothing.</param>
/// <param name="Backwards">Pairs turn the other way.</param>
internal sealed record RotaryShape(int Columns, double Base, RotaryPairs Pairs = RotaryPairs.Halves, RotaryScaling? Scaling = null,
    bool Backwards = false)
{
    /// <summary>
    /// Angle per position of each pair, (r), in a sequence of that length. Rounded to single precision as the programs do
    /// that trained the published checkpoints, which at position 1,000 is a difference of 1e-4 in the angle.
    /// </summary>
    public float[] Frequencies(int length = 0)
    {
        var frequencies = new float[Columns / 2];
        for (var i = 0; i < frequencies.Length; i++)
            frequencies[i] = (float)(Scaling?.Frequency(i, Columns, Base, length) ?? RotaryScaling.Plain(i, Columns, Base));
        return frequencies;
    }

    /// <summary>Cosines and sines of positions 0 .. positions - 1 in a sequence of that length, each (positions, r) row-major.</summary>
    public (double[] Cosines, double[] Sines) Table(int positions, int length = 0)
    {
        var frequencies = Frequencies(length);
        var (factor, direction) = (Scaling?.Factor(length) ?? 1, Backwards ? -1 : 1);
        var cosines = new double[(long)positions * frequencies.Length];
        var sines = new double[cosines.Length];
        for (var i = 0; i < cosines.Length; i++)
        {
            var angle = i / frequencies.Length * frequencies[i % frequencies.Length];
            var (sine, cosine) = Math.SinCos(angle);
            (sines[i], cosines[i]) = (direction * factor * sine, factor * cosine);
        }

        return (cosines, sines);
    }
}
