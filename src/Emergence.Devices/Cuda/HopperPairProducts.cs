using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>Rows f(P[a] + Q[b]) of two bf16 matrices, an operand that is never stored.</summary>
/// <param name="P">(Kp, C) bf16, C a multiple of 8.</param>
/// <param name="A">(R, 1) Int32: row of P.</param>
/// <param name="Q">(Kq, C) bf16, rows as far apart as those of P.</param>
/// <param name="B">(R, 1) Int32: row of Q.</param>
/// <param name="IsActivated">Whether f is a leaky ReLU; else nothing.</param>
internal sealed record PairRows(Tensor P, Tensor A, Tensor Q, Tensor B, bool IsActivated);

/// <summary>Launches kernels/sm90/pair_product_sm90.cu.</summary>
internal sealed class HopperPairProducts(CudaDevice device, CudaContext context)
{
    private const int TileRows = 128, RowsOfWarp = 16, PieceK = 32, Half = 192, Unit = 16;

    /// <summary>Elements that the columns of a pair's rows are a multiple of.</summary>
    public const int ColumnUnit = 8;

    /// <summary>The kernel of <see cref="Forward"/> that makes n columns, and how many of them a tile of it has.</summary>
    public static (KernelRow Kernel, int Columns) ForwardOf(int n) => n > Half ? (KernelTable.PairProductForward384, 2 * Half) : (KernelTable.PairProductForward192, Half);

    /// <summary>The same of <see cref="ByRows"/>.</summary>
    public static (KernelRow Kernel, int Columns) ByRowsOf(int n) => n > Half ? (KernelTable.PairProductByRows384, 2 * Half) : (KernelTable.PairProductByRows192, Half);

    /// <summary>y = leaky_relu(rows weight' + bias).</summary>
    /// <param name="rows">(M, K), activated.</param>
    /// <param name="weight">(N, K) bf16.</param>
    /// <param name="bias">(1, N) fp32.</param>
    /// <param name="y">(M, N) bf16.</param>
    /// <param name="signs">Of the sums in <paramref name="rows"/>, <see cref="HopperProducts.SignWords"/> words, as kernels/sm90 have them.</param>
    public void Forward(PairRows rows, Tensor weight, Tensor bias, Tensor y, Tensor signs)
    {
        var (m, n, k) = (y.Rows, y.Columns, weight.Columns);
        if (m == 0)
            return;
        var (kernel, columns) = ForwardOf(n);
        var cluster = CudaContext.ClusterOf(m, TileRows);
        var maps = (ReadOnlySpan<CudaTensorMap>)[CudaTensorMap.Of(context.Driver, weight, Half / 2, 1, PieceK), CudaTensorMap.Of(context.Driver, y, RowsOfWarp, 1)];
        var grid = GridOf(cluster, Blocks(m, TileRows * cluster) * Blocks(n, columns));
        device.Launch(kernel, grid, cluster, maps, [.. Operand(rows), bias, signs, m, n, k]);
    }

    /// <summary>Parts along k of rows' x, each an (M, N) of fp32, or (N, M), behind the other.</summary>
    /// <param name="rows">(K, M).</param>
    /// <param name="x">(K, N) bf16.</param>
    /// <param name="parts">Memory of <paramref name="most"/> parts.</param>
    /// <param name="isTransposed">Whether parts are (N, M).</param>
    /// <param name="sums">Memory of as many (1, M) of fp32: parts of the sums of the columns of <paramref name="rows"/>; or none.</param>
    /// <param name="most">Parts at most.</param>
    /// <returns>How many parts there are.</returns>
    public int ByRows(PairRows rows, Tensor x, Tensor parts, bool isTransposed, Tensor? sums, int most)
    {
        var (m, n, k) = (rows.P.Columns, x.Columns, x.Rows);
        var (kernel, columns) = ByRowsOf(n);
        var cluster = CudaContext.ClusterOf(m, TileRows);
        var tiles = Blocks(m, TileRows * cluster) * Blocks(n, columns);
        var split = HopperProducts.Split(tiles, Math.Max(1, context.MultiprocessorCount / cluster), k, most);
        var maps = (ReadOnlySpan<CudaTensorMap>)[CudaTensorMap.Of(context.Driver, x, PieceK, 1)];
        device.Launch(kernel, GridOf(cluster, tiles * split.Count), cluster, maps, [.. Operand(rows), rows.IsActivated ? 1 : 0, parts, isTransposed ? 1 : 0, sums, m, n, k, split.Length, split.Count]);
        return split.Count;
    }

    /// <summary>The sum does not care which is P; the kernels want the one that lies first, and how far behind it the other is.</summary>
    private static KernelArgument[] Operand(PairRows rows)
    {
        var (p, a, q, b) = rows.P.Address <= rows.Q.Address ? (rows.P, rows.A, rows.Q, rows.B) : (rows.Q, rows.B, rows.P, rows.A);
        return [p, checked((uint)((q.Address - p.Address) / Unit)), (uint)(p.RowStride * sizeof(ushort) / Unit), a, a.RowStride, b, b.RowStride];
    }

    private Grid GridOf(int cluster, int items) => new(cluster * Math.Min(items, Math.Max(1, context.MultiprocessorCount / cluster)));

    private static int Blocks(int count, int each) => (count + each - 1) / each;
}
