namespace Emergence.Information.Statistics;

/// <summary>Functions of statistics that the class library lacks.</summary>
internal static class SpecialFunctions
{
    /// <summary>psi(x) for x &gt; 0: the recurrence up to 12, then the asymptotic series (error below 1e-15).</summary>
    public static double Digamma(double x)
    {
        var result = 0.0;
        for (; x < 12; x++)
            result -= 1 / x;
        var square = 1 / (x * x);
        var series = square * (1 / 12.0 - square
            * (1 / 120.0 - square * (1 / 252.0 - square * (1 / 240.0 - square * (1 / 132.0 - square * (691 / 32760.0))))));
        return result + Math.Log(x) - 0.5 / x - series;
    }

    /// <summary>t with P(|T| &lt; t) = <paramref name="inside"/> for Student's T of whole degrees of freedom.</summary>
    public static double StudentQuantile(double inside, int degrees)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degrees, 1);
        var (low, high) = (0.0, 1.0);
        while (StudentInside(high, degrees) < inside)
            high *= 2;
        for (var i = 0; i < 100 && low < high; i++)
        {
            var middle = (low + high) / 2;
            if (StudentInside(middle, degrees) < inside)
                low = middle;
            else
                high = middle;
        }

        return (low + high) / 2;
    }

    /// <summary>P(|T| &gt; |t|), down to the rounding of 1.</summary>
    public static double StudentOutside(double t, int degrees)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degrees, 1);
        return Math.Clamp(1 - StudentInside(Math.Abs(t), degrees), 0, 1);
    }

    /// <summary>P(|T| &lt; t): the finite trigonometric sums for whole degrees of freedom (Abramowitz and Stegun 26.7.3-4).</summary>
    private static double StudentInside(double t, int degrees)
    {
        var angle = Math.Atan(t / Math.Sqrt(degrees));
        var (sine, cosine) = Math.SinCos(angle);
        var odd = degrees % 2;
        var (term, sum) = (odd == 1 ? cosine : 1.0, 0.0);
        for (var power = odd; power <= degrees - 2; power += 2)
        {
            sum += term;
            term *= cosine * cosine * (power + 1) / (power + 2);
        }

        return odd == 1 ? 2 / Math.PI * (angle + sine * sum) : sine * sum;
    }
}
