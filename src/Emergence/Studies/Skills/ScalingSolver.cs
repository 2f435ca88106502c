using Emergence.Information.Gaussian;

namespace Emergence.Studies.Skills;

/// <summary>
/// Levenberg and Marquardt's steps to the least Huber loss of ln L - ln(s^2 + e^(p - a u) + e^(q - b v)) in the point
/// (s, p, a, q, b).
/// </summary>
/// <param name="size">u, ln N about its mean.</param>
/// <param name="data">v, ln D about its mean.</param>
/// <param name="logLoss">ln L.</param>
internal sealed class ScalingSolver(double[] size, double[] data, double[] logLoss)
{
    private const int Unknowns = 5;
    private const int MostSteps = 400;
    private const int Scales = 12;
    private const double Huber = 1.345; // 95 % of the efficiency of least squares under a normal distribution
    private const double NormalMad = 1.4826; // SD over the median absolute deviation of a normal distribution
    private const double LeastScale = 1e-9; // below it the runs lie on the law and nothing needs to be robust
    private const double Enough = 1e-13;
    private const double MostDamping = 1e12;

    /// <summary>The point, and the sum of its residuals without signs, by which points of different scales can be compared.</summary>
    public (double Distance, double[] Point) Solve(double[] start)
    {
        var (point, scale) = (Descend(start, double.PositiveInfinity), double.PositiveInfinity);
        for (var i = 0; i < Scales; i++)
        {
            var next = Scale(point);
            if (next < LeastScale || Math.Abs(next - scale) <= 1e-6 * next)
                break;
            scale = next;
            point = Descend(point, scale);
        }

        return (logLoss.Select((_, i) => Math.Abs(Residual(point, i))).Sum(), point);
    }

    private double[] Descend(double[] start, double scale)
    {
        var (point, cost, damping) = ((double[])start.Clone(), Cost(start, scale), 1e-3);
        for (var step = 0; step < MostSteps && damping < MostDamping; step++)
        {
            var (normal, gradient) = Normal(point, scale);
            for (var i = 0; i < Unknowns; i++)
                normal[i * Unknowns + i] = normal[i * Unknowns + i] * (1 + damping) + double.Epsilon;
            var move = SymmetricMatrix.Factor(normal, Unknowns) is { } factor ? SymmetricMatrix.Solve(factor, Unknowns, gradient) : null;
            var next = move == null ? null : point.Zip(move, (x, dx) => x + dx).ToArray();
            var nextCost = next == null ? double.NaN : Cost(next, scale);
            if (!(nextCost < cost))
            {
                damping *= 4;
                continue;
            }

            var gained = cost - nextCost;
            (point, cost, damping) = (next!, nextCost, damping / 3);
            if (gained <= Enough * cost && move!.Max(Math.Abs) < 1e-9)
                break;
        }

        return point;
    }

    /// <summary>Gauss and Newton's matrix and minus the gradient, with Huber's weights.</summary>
    private (double[] Normal, double[] Gradient) Normal(double[] point, double scale)
    {
        var (normal, gradient, slopes) = (new double[Unknowns * Unknowns], new double[Unknowns], new double[Unknowns]);
        for (var i = 0; i < logLoss.Length; i++)
        {
            var (ofSize, ofData) = (Math.Exp(point[1] - point[2] * size[i]), Math.Exp(point[3] - point[4] * data[i]));
            var loss = point[0] * point[0] + ofSize + ofData;
            var residual = logLoss[i] - Math.Log(loss);
            var weight = Math.Min(1, Huber * scale / Math.Abs(residual));
            (slopes[0], slopes[1], slopes[2], slopes[3], slopes[4]) =
                (2 * point[0] / loss, ofSize / loss, -size[i] * ofSize / loss, ofData / loss, -data[i] * ofData / loss);
            for (var j = 0; j < Unknowns; j++)
            {
                gradient[j] += weight * residual * slopes[j];
                for (var k = 0; k < Unknowns; k++)
                    normal[j * Unknowns + k] += weight * slopes[j] * slopes[k];
            }
        }

        return (normal, gradient);
    }

    private double Cost(double[] point, double scale)
    {
        var cost = 0.0;
        for (var i = 0; i < logLoss.Length; i++)
        {
            var distance = Math.Abs(Residual(point, i));
            var bend = Huber * scale;
            cost += distance <= bend ? distance * distance / 2 : bend * (distance - bend / 2);
        }

        return cost;
    }

    private double Scale(double[] point)
    {
        var distances = logLoss.Select((_, i) => Math.Abs(Residual(point, i))).Order().ToArray();
        var (below, above) = (distances[(distances.Length - 1) / 2], distances[distances.Length / 2]);
        return NormalMad * (below + above) / 2 * Math.Sqrt(distances.Length / Math.Max(1.0, distances.Length - Unknowns));
    }

    private double Residual(double[] point, int i) =>
        logLoss[i] - Math.Log(point[0] * point[0] + Math.Exp(point[1] - point[2] * size[i]) + Math.Exp(point[3] - point[4] * data[i]));
}
