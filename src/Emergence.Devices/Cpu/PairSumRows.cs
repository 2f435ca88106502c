using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>
/// The first layer of a critic by pairs, row r = leaky(zx[a[r]] + zy[b[r]]): a side of a matrix product that is made where
/// the product reads it and is never held for all pairs. The caller keeps the tensors alive.
/// </summary>
internal readonly unsafe struct PairSumRows(Tensor zx, Tensor zy, Tensor a, Tensor b)
{
    /// <summary>Rows at scattered places that are asked for before they are read.</summary>
    private const int Ahead = 4;

    private readonly Rows<float> _zx = new(zx);
    private readonly Rows<float> _zy = new(zy);
    private readonly Rows<int> _a = new(a);
    private readonly Rows<int> _b = new(b);

    /// <summary>Pairs.</summary>
    public int Count { get; } = a.Rows;

    /// <summary>Width of the layer.</summary>
    public int Columns { get; } = zx.Columns;

    /// <summary>
    /// (Count, columns in bytes) if <see cref="Panels"/> leaves a bit for every element, set where it is positive; or null.
    /// </summary>
    public byte* Signs { get; init; }

    /// <summary>Bytes of a row of signs.</summary>
    public static int SignBytes(int columns) => Ceiling.Of(columns, Lanes.Count);

    /// <summary>(rows, columns) from a row and column on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(int row, int rows, int column, int columns, float* o, nint stride)
    {
        for (var r = row; r < row + rows; r++, o += stride)
        {
            Prefetch(r, row + rows, column, columns);
            var x = _zx[*_a[r]] + column;
            var z = _zy[*_b[r]] + column;
            var c = 0;
            for (; c <= columns - Lanes.Count; c += Lanes.Count)
                VectorMath.LeakyRelu(Vector256.Load(x + c) + Vector256.Load(z + c)).Store(o + c);
            if (c < columns)
                Lanes.Store(o + c, Partial(x + c, z + c, columns - c), columns - c);
        }
    }

    /// <summary>
    /// Rows in panels of a right side, <see cref="Packing.Right"/>, dense: o[k width + j] for row k of each, zero beyond the last
    /// column.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Panels(int row, int rows, int column, int columns, float* o, int width)
    {
        var signBytes = SignBytes(Columns);
        for (var r = row; r < row + rows; r++, o += width)
        {
            Prefetch(r, row + rows, column, columns);
            var x = _zx[*_a[r]] + column;
            var z = _zy[*_b[r]] + column;
            var signs = Signs == null ? null : Signs + (long)r * signBytes + column / Lanes.Count;
            var to = o;
            for (var panel = 0; panel < columns; panel += width, to += (nint)rows * width)
            {
                for (var c = 0; c < width; c += Lanes.Count)
                {
                    var left = columns - panel - c;
                    var sum = left >= Lanes.Count ? VectorMath.LeakyRelu(Vector256.Load(x + panel + c) + Vector256.Load(z + panel + c))
                        : left > 0 ? Partial(x + panel + c, z + panel + c, left) : Vector256<float>.Zero;
                    sum.Store(to + c);
                    if (signs != null && left > 0)
                        signs[(panel + c) / Lanes.Count] = (byte)Vector256.GreaterThan(
                            sum, Vector256<float>.Zero).ExtractMostSignificantBits();
                }
            }
        }
    }

    /// <summary>
    /// Gradients of these rows: dzx[a[r]] += g and dzy[b[r]] += g with g = x[r] times the slope by the sign of the row, in the
    /// order of r, for columns from one on. A row that has got nothing before is written, whatever it held.
    /// </summary>
    /// <param name="x">(Count, columns), dense: gradients behind the activation.</param>
    /// <param name="column">First column, whole vectors from the first of all.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="dzx">Sums by row of zx.</param>
    /// <param name="dzy">Sums by row of zy.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Scatter(float* x, int column, int columns, RowSums dzx, RowSums dzy)
    {
        var signBytes = SignBytes(Columns);
        for (var r = 0; r < Count; r++, x += columns)
        {
            if (r + Ahead < Count)
            {
                Lanes.Prefetch(dzx.Rows[*_a[r + Ahead]] + column, columns);
                Lanes.Prefetch(dzy.Rows[*_b[r + Ahead]] + column, columns);
            }

            var signs = Signs + (long)r * signBytes + column / Lanes.Count;
            for (var c = 0; c < columns; c += Lanes.Count)
                Lanes.Store(x + c, Slope(Lanes.Load(x + c, columns - c), signs[c / Lanes.Count]), columns - c);
            dzx.Add(*_a[r], x, column, columns);
            dzy.Add(*_b[r], x, column, columns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Slope(Vector256<float> x, byte signs)
    {
        var bits = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128);
        var isPositive = Vector256.Equals(Vector256.Create((int)signs) & bits, bits).AsSingle();
        return Vector256.ConditionalSelect(isPositive, x, x * Vector256.Create((float)Device.LeakySlope));
    }

    private static Vector256<float> Partial(float* x, float* z, int left) =>
        VectorMath.LeakyRelu(Lanes.Load(x, left) + Lanes.Load(z, left));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Prefetch(int row, int end, int column, int columns)
    {
        if (row + Ahead >= end)
            return;
        Lanes.Prefetch(_zx[*_a[row + Ahead]] + column, columns);
        Lanes.Prefetch(_zy[*_b[row + Ahead]] + column, columns);
    }
}
