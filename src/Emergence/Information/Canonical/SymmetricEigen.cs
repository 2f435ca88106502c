namespace Emergence.Information.Canonical;

/// <summary>Eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations in a fixed order.</summary>
internal static class SymmetricEigen
{
    private const int SweepLimit = 30;

    /// <summary>Elements off the diagonal below this share of the trace are rounding.</summary>
    private const double Negligible = 1e-15;

    /// <param name="matrix">(size, size); destroyed.</param>
    /// <param name="size">Rows and columns.</param>
    /// <returns>Eigenvalues, the largest first, and (size, size) with the eigenvector of each as a row.</returns>
    public static (double[] Values, double[] Vectors) Decompose(double[] matrix, int size)
    {
        var vectors = new double[size * size];
        var trace = 0.0;
        for (var i = 0; i < size; i++)
        {
            vectors[i * size + i] = 1;
            trace += Math.Abs(matrix[i * size + i]);
        }

        for (var (sweep, rotated) = (0, true); rotated && sweep < SweepLimit; sweep++)
        {
            rotated = false;
            for (var p = 0; p < size; p++)
            {
                for (var q = p + 1; q < size; q++)
                {
                    if (Math.Abs(matrix[p * size + q]) <= Negligible * trace)
                        continue;
                    rotated = true;
                    Rotate(matrix, vectors, size, p, q);
                }
            }
        }

        int[] order = [.. Enumerable.Range(0, size).OrderByDescending(i => matrix[i * size + i])];
        var sorted = new double[size * size];
        for (var i = 0; i < size; i++)
            vectors.AsSpan(order[i] * size, size).CopyTo(sorted.AsSpan(i * size));
        return ([.. order.Select(i => matrix[i * size + i])], sorted);
    }

    /// <summary>Makes element (p, q) zero.</summary>
    private static void Rotate(double[] matrix, double[] vectors, int size, int p, int q)
    {
        var theta = (matrix[q * size + q] - matrix[p * size + p]) / (2 * matrix[p * size + q]);
        var tangent = (theta < 0 ? -1 : 1) / (Math.Abs(theta) + Math.Sqrt(theta * theta + 1));
        var cosine = 1 / Math.Sqrt(tangent * tangent + 1);
        var sine = tangent * cosine;
        for (var k = 0; k < size; k++)
            Turn(ref matrix[k * size + p], ref matrix[k * size + q], cosine, sine);
        for (var k = 0; k < size; k++)
            Turn(ref matrix[p * size + k], ref matrix[q * size + k], cosine, sine);
        for (var k = 0; k < size; k++)
            Turn(ref vectors[p * size + k], ref vectors[q * size + k], cosine, sine);
    }

    private static void Turn(ref double a, ref double b, double cosine, double sine) =>
        (a, b) = (cosine * a - sine * b, sine * a + cosine * b);
}
