using Emergence.Devices;

namespace Emergence.Studies.Composites;

/// <summary>Minima of smooth convex functions by L-BFGS (Liu and Nocedal 1989), each step shortened until the value falls enough.</summary>
internal static class LimitedMemory
{
    private const double Enough = 1e-4; // share of the fall that the slope promises (Armijo)
    private const double LeastStep = 1e-12;

    /// <param name="at">The start; not changed.</param>
    /// <param name="value">The value at a point; writes the gradient there.</param>
    /// <param name="tolerance">Length of the gradient at which it is over.</param>
    /// <param name="memory">Steps that are remembered.</param>
    /// <param name="most">Steps at most.</param>
    /// <param name="cancellation">Ends it.</param>
    public static (double[] At, double Value) Minimise(double[] at, Func<double[], double[], double> value,
        double tolerance, int memory, int most, CancellationToken cancellation)
    {
        var (x, slope) = ((double[])at.Clone(), new double[at.Length]);
        var now = value(x, slope);
        var past = new List<(double[] Step, double[] Change, double Inverse)>();
        for (var step = 0; step < most && Norm(slope) > tolerance; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            var direction = Direction(slope, past);
            var promised = DoubleProducts.Dot(direction, slope);
            var (share, next, nextSlope, nextValue) = (past.Count == 0 ? Math.Min(1, 1 / Norm(slope)) : 1, x, slope, double.NaN);
            for (; share > LeastStep; share /= 2)
            {
                (next, nextSlope) = ((double[])x.Clone(), new double[x.Length]);
                DoubleProducts.AddScaled(share, direction, next);
                nextValue = value(next, nextSlope);
                if (nextValue <= now + Enough * share * promised)
                    break;
            }

            if (!(share > LeastStep))
                break; // as far as rounding lets it
            var (moved, changed) = (Difference(next, x), Difference(nextSlope, slope));
            var curvature = DoubleProducts.Dot(moved, changed);
            if (curvature > 0)
                past.Add((moved, changed, 1 / curvature));
            if (past.Count > memory)
                past.RemoveAt(0);
            (x, slope, now) = (next, nextSlope, nextValue);
        }

        return (x, now);
    }

    /// <summary>Minus the inverse curvature, as the steps so far show it, times the gradient.</summary>
    private static double[] Direction(double[] slope, List<(double[] Step, double[] Change, double Inverse)> past)
    {
        var direction = Array.ConvertAll(slope, value => -value);
        var shares = new double[past.Count];
        for (var i = past.Count - 1; i >= 0; i--)
        {
            shares[i] = past[i].Inverse * DoubleProducts.Dot(past[i].Step, direction);
            DoubleProducts.AddScaled(-shares[i], past[i].Change, direction);
        }

        if (past.Count > 0)
        {
            var scale = 1 / (past[^1].Inverse * DoubleProducts.Dot(past[^1].Change, past[^1].Change));
            for (var i = 0; i < direction.Length; i++)
                direction[i] *= scale;
        }

        for (var i = 0; i < past.Count; i++)
            DoubleProducts.AddScaled(shares[i] - past[i].Inverse * DoubleProducts.Dot(past[i].Change, direction), past[i].Step, direction);
        return direction;
    }

    private static double Norm(double[] x) => Math.Sqrt(DoubleProducts.Dot(x, x));

    private static double[] Difference(double[] a, double[] b)
    {
        var difference = (double[])a.Clone();
        DoubleProducts.AddScaled(-1, b, difference);
        return difference;
    }
}
