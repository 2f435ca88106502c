using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>Rows f(P[a] + Q[b]) of two bf16 matrices, an operand that is never stored.</summary>
/// <param name="P">(Kp, C) bf16, C a multiple of 8.</param>
/// <param name="A">(R, 1) Int32: row of P.</param>
/// <param name="Q">(Kq, C) bf16, rows as far apart as those of P.</param>
/// <param name="B">(R, 1) Int32: row of Q.</param>
/// <param name="IsActivated">Whether f is a leaky ReLU; else nothing.</param>
internal sealed record PairSumOperand(Tensor P, Tensor A, Tensor Q, Tensor B, bool IsActivated)
{
    /// <summary>Elements that the columns are a multiple of.</summary>
    public const int ColumnUnit = 8;

    /// <summary>What it is formed from; P and Q may be one matrix.</summary>
    public double Bytes => KernelWork.BytesOf(P, P == Q ? null : Q, A, B);
}

/// <summary>The host side of kernels/sm90/pair_product_sm90.cu: products that form an operand from pairs of rows as they go.</summary>
internal static class PairProductSm90Ops
{
    private const int TileRows = 128, RowsOfWarp = 16, PieceK = 32, Half = 192, AddressUnit = 16;

    /// <summary>y = leaky_relu(rows weight' + bias).</summary>
    /// <param name="queue">Does it.</param>
    /// <param name="rows">(M, K), activated.</param>
    /// <param name="weight">(N, K) bf16.</param>
    /// <param name="bias">(1, N) fp32.</param>
    /// <param name="y">(M, N) bf16.</param>
    /// <param name="signs">
    /// Signs of the sums in <paramref name="rows"/>: <see cref="ProductSm90Ops.SignWords"/> words, as kernels/sm90 have them.
    /// </param>
    public static void PairProductForward(
        this CudaQueue queue, PairSumOperand rows, Tensor weight, Tensor bias, Tensor y, Tensor signs)
    {
        var (m, n, k) = (y.Rows, y.Columns, weight.Columns);
        if (m == 0)
            return;
        var (kernel, columns) = n > Half ? (KernelTable.PairProductForward384, 2 * Half) : (KernelTable.PairProductForward192, Half);
        var cluster = GpuTraits.ClusterOf(m, TileRows);
        queue.Launch(
            kernel,
            queue.Gpu.Traits.Walk(cluster, Grid.Blocks(m, TileRows * cluster) * Grid.Blocks(n, columns)),
            cluster,
            [queue.Map(weight, Half / 2, 1, PieceK), queue.Map(y, RowsOfWarp, 1)],
            new(rows.Bytes + KernelWork.BytesOf(weight, bias, y, signs), TensorFlops: 2.0 * m * n * k),
            [.. Operand(rows), bias, signs, m, n, k]);
    }

    /// <summary>Partial sums along k of rows' x, each an (M, N) of fp32, or (N, M), behind the other.</summary>
    /// <param name="queue">Does it.</param>
    /// <param name="rows">(K, M).</param>
    /// <param name="x">(K, N) bf16.</param>
    /// <param name="sums">Memory of <paramref name="most"/> partial sums.</param>
    /// <param name="isTransposed">Whether they are (N, M).</param>
    /// <param name="columnSums">Memory of as many (1, M) of fp32: partial sums of the columns of <paramref name="rows"/>; or null.</param>
    /// <param name="most">Partial sums at most.</param>
    /// <returns>How many there are.</returns>
    public static int PairProductByRows(
        this CudaQueue queue, PairSumOperand rows, Tensor x, KernelArgument sums, bool isTransposed, KernelArgument? columnSums, int most)
    {
        var (m, n, k) = (rows.P.Columns, x.Columns, x.Rows);
        var (kernel, columns) = n > Half ? (KernelTable.PairProductByRows384, 2 * Half) : (KernelTable.PairProductByRows192, Half);
        var cluster = GpuTraits.ClusterOf(m, TileRows);
        var tiles = Grid.Blocks(m, TileRows * cluster) * Grid.Blocks(n, columns);
        var split = ProductSm90Ops.Split(tiles, queue.Gpu.Traits.Clusters(cluster), k, most);
        var written = (double)split.Count * m * (n + (columnSums == null ? 0 : 1)) * sizeof(float);
        queue.Launch(
            kernel,
            queue.Gpu.Traits.Walk(cluster, tiles * split.Count),
            cluster,
            [queue.Map(x, PieceK, 1)],
            new(rows.Bytes + KernelWork.BytesOf(x) + written, TensorFlops: 2.0 * m * n * k),
            [
                .. Operand(rows), rows.IsActivated ? 1 : 0, sums, isTransposed ? 1 : 0, columnSums ?? default, m, n, k,
                split.Length, split.Count,
            ]);
        return split.Count;
    }

    /// <summary>The sum does not care which is P; the kernels want the one that lies first, and how far behind it the other is.</summary>
    private static KernelArgument[] Operand(PairSumOperand rows)
    {
        var isInOrder = rows.P.Address <= rows.Q.Address;
        var (p, a, q, b) = isInOrder ? (rows.P, rows.A, rows.Q, rows.B) : (rows.Q, rows.B, rows.P, rows.A);
        var (distance, stride) = (
            checked((uint)((q.Address - p.Address) / AddressUnit)), (uint)(p.RowStride * sizeof(ushort) / AddressUnit));
        return [p, distance, stride, a, a.RowStride, b, b.RowStride];
    }
}
