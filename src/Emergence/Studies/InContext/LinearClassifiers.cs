using Emergence.Information.Gaussian;

namespace Emergence.Studies.InContext;

/// <summary>
/// Linear classifiers for a few examples with many features, solved in the space of the examples. A constant feature of 1
/// stands for the bias and is held down like the others.
/// </summary>
internal static class LinearClassifiers
{
    private const int MostSteps = 200;
    private const double Enough = 1e-10; // of the length of a Newton step, in units of the score

    /// <summary>
    /// Logistic regression with the loss sum ln(1 + e^(-y f)) + l2/2 |w|^2, one class against the others if there are more
    /// than two; the class of the highest score, of equal ones the first.
    /// </summary>
    /// <param name="examples">(n, features).</param>
    /// <param name="classes">(n).</param>
    /// <param name="queries">(m, features).</param>
    /// <param name="count">Number of classes.</param>
    /// <param name="l2">Above 0.</param>
    public static int[] Logistic(double[][] examples, int[] classes, double[][] queries, int count, double l2)
    {
        var kernel = Products(examples, examples);
        var scores = Enumerable.Range(0, count).Select(c => LogisticDual(kernel, [.. classes.Select(own => own == c)], l2)).ToArray();
        return Predict(scores, Products(queries, examples), queries.Length);
    }

    /// <summary>Least squares of 1 for the class and 0 else, with l2 |w|^2; the class of the highest score.</summary>
    public static int[] LeastSquares(double[][] examples, int[] classes, double[][] queries, int count, double l2)
    {
        var (n, kernel) = (examples.Length, Products(examples, examples));
        for (var i = 0; i < n; i++)
            kernel[i * n + i] += l2;
        var factor = Factor(kernel, n);
        var scores = Enumerable.Range(0, count)
            .Select(c => SymmetricMatrix.Solve(factor, n, [.. classes.Select(own => own == c ? 1.0 : 0)])).ToArray();
        return Predict(scores, Products(queries, examples), queries.Length);
    }

    /// <summary>
    /// a with w = sum a_i x_i: at the minimum l2 a_i = t_i - p_i. Newton's steps on f = K a, (K + l2 W^-1) a = f + W^-1 (t - p), each
    /// shortened until the loss falls.
    /// </summary>
    internal static double[] LogisticDual(double[] kernel, bool[] truth, double l2)
    {
        var n = truth.Length;
        var a = new double[n];
        var (f, loss) = (new double[n], n * Math.Log(2));
        for (var step = 0; step < MostSteps; step++)
        {
            var (system, right) = ((double[])kernel.Clone(), new double[n]);
            for (var i = 0; i < n; i++)
            {
                var p = Sigmoid(f[i]);
                var weight = Math.Max(p * (1 - p), 1e-12);
                system[i * n + i] += l2 / weight;
                right[i] = f[i] + ((truth[i] ? 1 : 0) - p) / weight;
            }

            var target = SymmetricMatrix.Solve(Factor(system, n), n, right);
            var (share, next, nextF, nextLoss) = (1.0, target, f, double.NaN);
            for (; share > 1e-6; share /= 2)
            {
                next = [.. a.Zip(target, (old, aim) => old + share * (aim - old))];
                nextF = Times(kernel, next);
                nextLoss = Loss(truth, next, nextF, l2);
                if (nextLoss <= loss)
                    break;
            }

            var moved = f.Zip(nextF, (old, now) => Math.Abs(now - old)).Max();
            if (!(nextLoss <= loss))
                break;
            (a, f, loss) = (next, nextF, nextLoss);
            if (moved < Enough)
                break;
        }

        return a;
    }

    private static double Loss(bool[] truth, double[] a, double[] f, double l2) =>
        truth.Select((t, i) => Softplus(t ? -f[i] : f[i])).Sum() + l2 / 2 * a.Zip(f, (x, y) => x * y).Sum();

    private static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));

    private static double Softplus(double x) => Math.Max(x, 0) + double.LogP1(Math.Exp(-Math.Abs(x)));

    private static double[] Times(double[] matrix, double[] x)
    {
        var y = new double[x.Length];
        for (var i = 0; i < x.Length; i++)
        {
            for (var j = 0; j < x.Length; j++)
                y[i] += matrix[i * x.Length + j] * x[j];
        }

        return y;
    }

    private static double[] Factor(double[] matrix, int size) =>
        SymmetricMatrix.Factor(matrix, size) ?? throw new ArgumentException("expected a penalty above 0 that is not lost in rounding");

    /// <summary>(n, m): 1 + x_i y_j.</summary>
    private static double[] Products(double[][] x, double[][] y)
    {
        var products = new double[x.Length * y.Length];
        for (var i = 0; i < x.Length; i++)
        {
            for (var j = 0; j < y.Length; j++)
            {
                var sum = 1.0;
                for (var k = 0; k < x[i].Length; k++)
                    sum += x[i][k] * y[j][k];
                products[i * y.Length + j] = sum;
            }
        }

        return products;
    }

    private static int[] Predict(double[][] scores, double[] products, int queries)
    {
        var (predicted, examples) = (new int[queries], scores[0].Length);
        for (var q = 0; q < queries; q++)
        {
            var best = double.NegativeInfinity;
            for (var c = 0; c < scores.Length; c++)
            {
                var score = 0.0;
                for (var i = 0; i < examples; i++)
                    score += scores[c][i] * products[q * examples + i];
                if (score > best)
                    (best, predicted[q]) = (score, c);
            }
        }

        return predicted;
    }
}
