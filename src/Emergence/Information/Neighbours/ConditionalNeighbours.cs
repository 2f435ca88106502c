using static Emergence.Information.Statistics.SpecialFunctions;

namespace Emergence.Information.Neighbours;

/// <summary>
/// I(x; y | z) from neighbours: psi(k) - mean(psi(n_xz + 1) + psi(n_yz + 1) - psi(n_z + 1)), the rows nearer in each part than
/// the k-th neighbour in all of (x, y, z) (Frenzel and Pompe 2007).
/// </summary>
internal static class ConditionalNeighbours
{
    /// <summary>What each row says, in bits; a row whose labels leave it no neighbour says what the others do, NaN if none has
    /// one.</summary>
    /// <param name="x">(N, dx) points.</param>
    /// <param name="y">(N, dy) points.</param>
    /// <param name="z">(N, dz) points.</param>
    /// <param name="rows">N.</param>
    /// <param name="window">Rows so near in their order are no neighbours.</param>
    public static double[] RowBits(double[] x, double[] y, double[] z, int rows, int window)
    {
        int[] ones = [.. Enumerable.Repeat(1, rows)];
        SortedColumns Sort(params double[][] parts)
        {
            var columns = parts.Sum(part => part.Length / rows);
            return new([.. Enumerable.Range(0, rows).SelectMany(row =>
                parts.SelectMany(part => part.AsSpan(row * (part.Length / rows), part.Length / rows).ToArray()))], columns, ones);
        }

        var (all, withX, withY, given) = (Sort(x, y, z), Sort(x, z), Sort(y, z), Sort(z));
        var bits = new double[rows];
        Parallel.For(0, rows, row =>
        {
            Span<double> nearest = stackalloc double[Neighbourhood.K];
            all.Nearest(row, window, nearest);
            var k = nearest.Length;
            while (k > 0 && nearest[k - 1] >= NearestNeighbours.Apart / 2)
                k--;
            if (k == 0)
            {
                bits[row] = double.NaN;
                return;
            }

            var radius = nearest[k - 1];
            int Closer(SortedColumns part)
            {
                if (radius == 0)
                    return part.Equal(row);
                Span<int> closer = stackalloc int[1];
                part.Closer(row, [radius], closer);
                for (var other = Math.Max(0, row - window); other <= Math.Min(rows - 1, row + window); other++)
                    closer[0] -= other != row && part.Distance(row, other) < radius ? 1 : 0;
                return closer[0];
            }

            bits[row] = (Digamma(radius == 0 ? all.Equal(row) : k) - Digamma(Closer(withX)) - Digamma(Closer(withY))
                + Digamma(Closer(given))) / Math.Log(2);
        });
        var mean = bits.Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();
        return Array.ConvertAll(bits, value => double.IsNaN(value) ? mean : value);
    }
}
