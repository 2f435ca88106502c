namespace Emergence.Devices.Reference;

/// <summary>Scalar functions in double precision.</summary>
internal static class ReferenceFunctions
{
    public static double Apply(Activation activation, double x) => activation switch
    {
        Activation.None => x,
        Activation.Relu => x > 0 || double.IsNaN(x) ? x : 0,
        Activation.LeakyRelu => x > 0 ? x : Device.LeakySlope * x,
        Activation.GeluErf => 0.5 * x * ComplementaryError(-x / Math.Sqrt(2)),
        Activation.GeluTanh => x / (1 + Math.Exp(-2 * Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
        Activation.Silu => x / (1 + Math.Exp(-x)),
        Activation.ReluSquared => x > 0 || double.IsNaN(x) ? x * x : 0,
        Activation.QuickGelu => x / (1 + Math.Exp(-1.702 * x)),
        Activation.Tanh => Math.Tanh(x),
        Activation.Sigmoid => 1 / (1 + Math.Exp(-x)),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, null),
    };

    public static double Apply(Xielu shape, double x) =>
        shape.Linear * x + (x > 0 ? shape.Positive * x * x : shape.Negative * (ExponentialMinusOne(Math.Min(x, shape.Limit)) - x));

    /// <summary>e^x - 1 = 2 e^(x/2) sinh(x/2), which loses nothing near 0.</summary>
    private static double ExponentialMinusOne(double x) => 2 * Math.Exp(x / 2) * Math.Sinh(x / 2);

    /// <summary>erfc(x) = 1 - erf(x), to a few units in the last place.</summary>
    public static double ComplementaryError(double x)
    {
        if (x < 0)
            return 2 - ComplementaryError(-x);
        if (x < 2)
            return 1 - ErrorSeries(x);

        // Continued fraction of Laplace: x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...))).
        const int Terms = 120;
        var fraction = x;
        for (var k = Terms; k >= 1; k--)
            fraction = x + 0.5 * k / fraction;
        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction);
    }

    /// <summary>erf(x) = 2/sqrt(pi) e^(-x^2) sum_n 2^n x^(2n+1) / (1 3 5 ... (2n+1)): all terms have one sign.</summary>
    private static double ErrorSeries(double x)
    {
        var (term, sum) = (x, x);
        for (var n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
