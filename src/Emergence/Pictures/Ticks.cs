using System.Globalization;
using Emergence.Tables;

namespace Emergence.Pictures;

/// <summary>Round numbers on an axis: multiples of 1, 2 or 5 times a power of ten.</summary>
internal sealed class Ticks
{
    private readonly long _first;
    private readonly long _last;
    private readonly int _mantissa;
    private readonly int _exponent;

    private Ticks(double low, double high, int mantissa, int exponent)
    {
        _mantissa = mantissa;
        _exponent = exponent;

        // Rounding noise of low / step must not lose the tick that lies exactly at the end.
        _first = (long)Math.Ceiling(Steps(low) - 1e-9);
        _last = (long)Math.Floor(Steps(high) + 1e-9);
    }

    /// <summary>The finest 1-2-5 ticks that are at most <paramref name="most"/> in number.</summary>
    /// <param name="low">Start of the range, finite.</param>
    /// <param name="high">End of the range, greater than <paramref name="low"/>.</param>
    /// <param name="most">At least 2.</param>
    /// <param name="whole">Only whole numbers, for layers and positions.</param>
    public static Ticks Between(double low, double high, int most, bool whole = false)
    {
        var exponent = (int)Math.Floor(Math.Log10((high - low) / most)) - 1;
        if (whole)
            exponent = Math.Max(exponent, 0);
        for (; ; exponent++)
        {
            foreach (var mantissa in (ReadOnlySpan<int>)[1, 2, 5])
            {
                var ticks = new Ticks(low, high, mantissa, exponent);
                if (ticks._last - ticks._first + 1 <= most)
                    return ticks;
            }
        }
    }

    public IEnumerable<double> Values
    {
        get
        {
            for (var i = _first; i <= _last; i++)
                yield return At(i);
        }
    }

    /// <summary>The ticks just outside the range, for an axis that begins and ends at one.</summary>
    public (double Low, double High) Outside(double low, double high)
        => (At((long)Math.Floor(Steps(low) + 1e-9)), At((long)Math.Ceiling(Steps(high) - 1e-9)));

    public string Show(double value) => Math.Abs(value) is >= 1e6 or (> 0 and < 1e-5)
        ? value.ToString("0.##E+0", CultureInfo.InvariantCulture)
        : TableCell.Fixed(value, Math.Max(0, -_exponent));

    // One division or multiplication by an exact power of ten keeps the ticks correctly rounded.
    private double At(long i) => _exponent < 0 ? i * _mantissa / Power(-_exponent) : i * _mantissa * Power(_exponent);

    private double Steps(double value) => _exponent < 0 ? value * Power(-_exponent) / _mantissa : value / Power(_exponent) / _mantissa;

    private static double Power(int exponent) => double.Parse($"1e{exponent}", CultureInfo.InvariantCulture);
}
