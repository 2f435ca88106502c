namespace Emergence.Models;

/// <summary>A vector for each position, added to the token embedding.</summary>
/// <param name="Offset">Row of the first position.</param>
/// <param name="IsComputed">Sines and cosines that are not stored, instead of weights.</param>
/// <param name="ZeroRow">A row of the computed ones that is zero.</param>
internal sealed record PositionVectors(int Offset = 0, bool IsComputed = false, int? ZeroRow = null)
{
    /// <summary>
    /// (rows, columns): sine and cosine of row * 10000^(-i / (h - 1)) for i = 0 .. h - 1, h half of the columns; all
    /// sines first. An odd last column is zero.
    /// </summary>
    public double[] Compute(int rows, int columns)
    {
        var half = columns / 2;
        var values = new double[(long)rows * columns];
        for (var row = 0; row < rows; row++)
        {
            for (var i = 0; i < half && row != ZeroRow; i++)
            {
                var angle = row * (float)Math.Exp(i * -(Math.Log(10000) / (half - 1)));
                (values[(long)row * columns + i], values[(long)row * columns + half + i]) = Math.SinCos(angle);
            }
        }

        return values;
    }
}

/// <summary>A bias of the scores by the positions of key and query.</summary>
/// <param name="Heads">Number of heads.</param>
internal abstract record PositionBias(int Heads)
{
    /// <summary>(positions, heads).</summary>
    public abstract double[] Table(int positions);
}

/// <summary>Keys of other chunks of so many positions than the own one: their scores are so low that no weight is left.</summary>
internal sealed record ChunkShape(int Heads, int Length) : PositionBias(Heads)
{
    private const double Step = 1e5;

    public override double[] Table(int positions)
    {
        var values = new double[(long)positions * Heads];
        for (var i = 0L; i < values.Length; i++)
            values[i] = Step * (i / Heads / Length);
        return values;
    }
}

/// <summary>A bias of the scores that grows with distance (ALiBi): head h adds slope h times the position of the key.</summary>
/// <param name="Heads">Number of heads.</param>
/// <param name="Maximum">The last slope is 2^-Maximum.</param>
/// <param name="Interleaved">Of a number of heads that is no power of two, the slopes of the next power, every other one first
/// (MPT).</param>
/// <param name="Factor">Of the bias.</param>
/// <param name="RoundsToBFloat16">Slopes, positions and biases are rounded to bfloat16, as Falcon's program does whatever it computes
/// in.</param>
internal sealed record SlopeShape(int Heads, double Maximum = SlopeShape.UsualMaximum, bool Interleaved = false, double Factor = 1, bool RoundsToBFloat16 = false)
    : PositionBias(Heads)
{
    public const double UsualMaximum = 8;

    public override double[] Table(int positions)
    {
        var slopes = Slopes();
        var values = new double[(long)positions * Heads];
        for (var i = 0L; i < values.Length; i++)
        {
            var slope = slopes[i % Heads];
            values[i] = Factor * (RoundsToBFloat16 ? Rounded(Rounded(slope) * Rounded(i / Heads)) : slope * (i / Heads));
        }

        return values;
    }

    private double[] Slopes()
    {
        var power = 1;
        while (power < Heads)
            power *= 2;
        if (power == Heads || Interleaved)
        {
            var all = Enumerable.Range(1, power).Select(i => Math.Pow(2, -Maximum * i / power)).ToArray();
            return power == Heads ? all : [.. all.Where((_, i) => i % 2 == 1).Concat(all.Where((_, i) => i % 2 == 0)).Take(Heads)];
        }

        // Those of half the power, then every other one of the power itself.
        return [.. Enumerable.Range(1, power / 2).Select(i => Math.Pow(2, -Maximum * i / (power / 2)))
            .Concat(Enumerable.Range(0, Heads - power / 2).Select(i => Math.Pow(2, -Maximum * (2 * i + 1) / power)))];
    }

    /// <summary>The nearest bfloat16, ties to even.</summary>
    private static double Rounded(double value)
    {
        var bits = BitConverter.SingleToUInt32Bits((float)value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }
}

/// <summary>Factor 1 + beta ln(1 + floor((position + offset) / original)) of a query's scores.</summary>
internal sealed record PositionScale(double Beta, double Original, int Offset = 0)
{
    /// <summary>(positions, 1).</summary>
    public double[] Table(int positions) =>
        [.. Enumerable.Range(0, positions).Select(t => 1 + Beta * Math.Log(1 + Math.Floor((t + Offset) / Original)))];
}
