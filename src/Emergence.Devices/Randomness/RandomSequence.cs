namespace Emergence.Devices.Randomness;

/// <summary>
/// Random numbers in a row from one <see cref="Philox"/> stream: for samplers and initial weights, where an order is
/// natural. The same seed, cell and stream give the same numbers everywhere.
/// </summary>
public sealed class RandomSequence(ulong seed, uint cell, RandomStream stream)
{
    private uint _block;
    private int _left;
    private (uint X0, uint X1, uint X2, uint X3) _words;
    private double _spareNormal = double.NaN;

    public uint NextWord()
    {
        if (_left == 0)
        {
            _words = Philox.Block(_block, 0, cell, (uint)stream, seed);
            _block = checked(_block + 1);
            _left = 4;
        }

        return _left-- switch
        {
            4 => _words.X0,
            3 => _words.X1,
            2 => _words.X2,
            _ => _words.X3,
        };
    }

    /// <summary>Uniform in [0, 1) with 53 bits.</summary>
    public double NextDouble()
    {
        var high = (ulong)NextWord() << 32;
        return ((high | NextWord()) >> 11) * (1.0 / (1ul << 53));
    }

    /// <summary>Uniform in 0 .. limit - 1 (without bias: Lemire 2019).</summary>
    public int NextInt(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var bound = (uint)limit;
        var product = (ulong)NextWord() * bound;
        if ((uint)product < bound)
        {
            var threshold = unchecked(0u - bound) % bound;
            while ((uint)product < threshold)
                product = (ulong)NextWord() * bound;
        }

        return (int)(product >> 32);
    }

    /// <summary>Standard normal (Box-Muller).</summary>
    public double NextNormal()
    {
        if (!double.IsNaN(_spareNormal))
        {
            var spare = _spareNormal;
            _spareNormal = double.NaN;
            return spare;
        }

        var radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        var (sine, cosine) = Math.SinCos(2 * Math.PI * NextDouble());
        _spareNormal = radius * sine;
        return radius * cosine;
    }

    /// <summary>Exponential with mean 1.</summary>
    public double NextExponential() => -Math.Log(1 - NextDouble());

    /// <summary>Poisson with the given mean, by counting exponential gaps: for means of a few units.</summary>
    public int NextPoisson(double mean)
    {
        var count = 0;
        for (var time = NextExponential(); time < mean; time += NextExponential())
            count++;
        return count;
    }

    /// <summary>Puts the items into a uniformly random order (Fisher-Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
