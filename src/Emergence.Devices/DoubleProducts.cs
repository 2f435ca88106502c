using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Emergence.Devices;

/// <summary>Writes row k of a matrix.</summary>
public delegate void RowFill(int k, Span<double> row);

/// <summary>Calls body(0) .. body(count - 1), each once, on whichever threads.</summary>
public delegate void HostShare(int count, Action<int> body);

/// <summary>
/// Matrix products in double precision on the host, for decompositions that single precision would spoil. Every element is
/// one chain of fused multiply-adds in the order of k: the same bytes on every processor and for any number of threads.
/// </summary>
public static unsafe class DoubleProducts
{
    /// <summary>Rows of both sides that are packed at a time.</summary>
    private const int Depth = 256;

    /// <summary>A tile in registers.</summary>
    private const int TileRows = 6, TileColumns = 8;

    /// <summary>Rows of the left side that a thread takes: they stay in its own cache.</summary>
    private const int PanelsAtOnce = 8;

    /// <summary>Rows that a thread packs at a time.</summary>
    private const int PackedAtOnce = 16;

    /// <summary>One thread.</summary>
    public static void Alone(int count, Action<int> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        for (var i = 0; i < count; i++)
            body(i);
    }

    /// <summary>c[i, j] += sum over k of left(k, i) right(k, j).</summary>
    /// <param name="share">Who does it.</param>
    /// <param name="depth">Number of k.</param>
    /// <param name="left">Rows of <paramref name="rows"/>.</param>
    /// <param name="rows">Rows of c.</param>
    /// <param name="right">Rows of <paramref name="columns"/>.</param>
    /// <param name="columns">Columns of c.</param>
    /// <param name="c">Holds (rows, columns).</param>
    /// <param name="offset">Its first element.</param>
    /// <param name="stride">Elements from row to row.</param>
    /// <param name="lowerOnly">Elements above the diagonal are not wanted: tiles that lie above it are left out.</param>
    public static void Add(HostShare share, int depth, RowFill left, int rows, RowFill right, int columns, double[] c, int offset,
        int stride, bool lowerOnly = false)
    {
        ArgumentNullException.ThrowIfNull(share);
        ArgumentNullException.ThrowIfNull(c);
        if (rows == 0 || columns == 0)
            return;
        var (leftPanels, rightPanels) = (Ceiling.Of(rows, TileRows), Ceiling.Of(columns, TileColumns));
        var (leftWidth, rightWidth) = (leftPanels * TileRows, rightPanels * TileColumns);
        var most = Math.Min(Depth, depth);
        var packed = ArrayPool<double>.Shared.Rent((leftWidth + rightWidth) * most);
        for (var first = 0; first < depth; first += Depth)
        {
            var (start, count) = (first, Math.Min(Depth, depth - first));
            share(Ceiling.Of(count, PackedAtOnce), part =>
            {
                var buffer = ArrayPool<double>.Shared.Rent(Math.Max(leftWidth, rightWidth));
                for (var k = part * PackedAtOnce; k < Math.Min(count, (part + 1) * PackedAtOnce); k++)
                {
                    Pack(left, start + k, rows, TileRows, buffer, packed.AsSpan(0, leftWidth * count), k, count);
                    Pack(right, start + k, columns, TileColumns, buffer, packed.AsSpan(leftWidth * most, rightWidth * count), k, count);
                }

                ArrayPool<double>.Shared.Return(buffer);
            });
            share(Ceiling.Of(leftPanels, PanelsAtOnce), group =>
            {
                fixed (double* memory = packed, to = c)
                {
                    for (var panel = 0; panel < rightPanels; panel++)
                    {
                        for (var i = group * PanelsAtOnce; i < Math.Min(leftPanels, (group + 1) * PanelsAtOnce); i++)
                        {
                            var (row, column) = (i * TileRows, panel * TileColumns);
                            if (lowerOnly && row + TileRows <= column)
                                continue;
                            var tile = to + offset + (long)row * stride + column;
                            Tile(memory + (long)row * count, memory + (long)leftWidth * most + (long)column * count, count, tile, stride,
                                Math.Min(TileRows, rows - row), Math.Min(TileColumns, columns - column));
                        }
                    }
                }
            });
        }

        ArrayPool<double>.Shared.Return(packed);
    }

    /// <summary>The products of many rows with one matrix: element (i, j) is the sum over k of left(i)[k] right(k)[j], in single
    /// precision.</summary>
    /// <param name="share">Who does it.</param>
    /// <param name="rows">Number of i.</param>
    /// <param name="left">Rows of <paramref name="depth"/>.</param>
    /// <param name="depth">Number of k.</param>
    /// <param name="right">Rows of <paramref name="columns"/>.</param>
    /// <param name="columns">Number of j.</param>
    /// <param name="isLower">Column j of the matrix is zero beyond row j.</param>
    public static float[] OfRows(HostShare share, int rows, RowFill left, int depth, RowFill right, int columns, bool isLower = false)
    {
        ArgumentNullException.ThrowIfNull(share);
        ArgumentNullException.ThrowIfNull(left);
        const int RowsAtOnce = PanelsAtOnce * TileRows;
        var (result, width) = (new float[checked(rows * columns)], Ceiling.Multiple(columns, TileColumns));
        var packed = ArrayPool<double>.Shared.Rent(checked(width * depth));
        share(Ceiling.Of(depth, PackedAtOnce), part =>
        {
            var buffer = ArrayPool<double>.Shared.Rent(width);
            for (var k = part * PackedAtOnce; k < Math.Min(depth, (part + 1) * PackedAtOnce); k++)
                Pack(right, k, columns, TileColumns, buffer, packed, k, depth);
            ArrayPool<double>.Shared.Return(buffer);
        });
        share(Ceiling.Of(rows, RowsAtOnce), part =>
        {
            var (first, count) = (part * RowsAtOnce, Math.Min(RowsAtOnce, rows - part * RowsAtOnce));
            var (panels, row) = (ArrayPool<double>.Shared.Rent(RowsAtOnce * depth), ArrayPool<double>.Shared.Rent(depth));
            for (var i = 0; i < count; i++)
            {
                left(first + i, row.AsSpan(0, depth));
                var panel = panels.AsSpan(i / TileRows * TileRows * depth, TileRows * depth);
                for (var k = 0; k < depth; k++)
                    panel[k * TileRows + i % TileRows] = row[k];
            }

            var tile = stackalloc double[TileRows * TileColumns];
            fixed (double* a = panels, b = packed)
            {
                for (var column = 0; column < columns; column += TileColumns)
                {
                    var end = isLower ? Math.Min(depth, column + TileColumns) : depth;
                    for (var i = 0; i < count; i += TileRows)
                    {
                        new Span<double>(tile, TileRows * TileColumns).Clear();
                        WholeTile(a + (long)i * depth, b + (long)column * depth, end, tile, TileColumns);
                        for (var r = 0; r < Math.Min(TileRows, count - i); r++)
                        {
                            for (var c = 0; c < Math.Min(TileColumns, columns - column); c++)
                                result[(first + i + r) * columns + column + c] = (float)tile[r * TileColumns + c];
                        }
                    }
                }
            }

            ArrayPool<double>.Shared.Return(row);
            ArrayPool<double>.Shared.Return(panels);
        });
        ArrayPool<double>.Shared.Return(packed);
        return result;
    }

    /// <summary>a b: four chains of fused multiply-adds, added up in a fixed order.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var (sum, i) = (Vector256<double>.Zero, 0);
        for (; i <= a.Length - 4; i += 4)
            sum = Vector256.FusedMultiplyAdd(Vector256.Create(a.Slice(i, 4)), Vector256.Create(b.Slice(i, 4)), sum);
        var total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        for (; i < a.Length; i++)
            total = Math.FusedMultiplyAdd(a[i], b[i], total);
        return total;
    }

    /// <summary>y += factor x.</summary>
    public static void AddScaled(double factor, ReadOnlySpan<double> x, Span<double> y)
    {
        var (wide, i) = (Vector256.Create(factor), 0);
        for (; i <= x.Length - 4; i += 4)
            Vector256.FusedMultiplyAdd(wide, Vector256.Create(x.Slice(i, 4)), Vector256.Create<double>(y.Slice(i, 4)))
                .CopyTo(y.Slice(i, 4));
        for (; i < x.Length; i++)
            y[i] = Math.FusedMultiplyAdd(factor, x[i], y[i]);
    }

    /// <summary>Row k into the panels of a side, zero beyond its last column.</summary>
    private static void Pack(RowFill fill, int row, int columns, int width, double[] buffer, Span<double> panels, int k, int count)
    {
        var values = buffer.AsSpan(0, Ceiling.Multiple(columns, width));
        fill(row, values[..columns]);
        values[columns..].Clear();
        for (var column = 0; column < values.Length; column += width)
            values.Slice(column, width).CopyTo(panels[(column * count + k * width)..]);
    }

    private static void Tile(double* a, double* b, int count, double* c, long stride, int rows, int columns)
    {
        if (rows == TileRows && columns == TileColumns)
        {
            WholeTile(a, b, count, c, stride);
            return;
        }

        var copy = stackalloc double[TileRows * TileColumns];
        for (var i = 0; i < TileRows * TileColumns; i++)
            copy[i] = i / TileColumns < rows && i % TileColumns < columns ? c[i / TileColumns * stride + i % TileColumns] : 0;
        WholeTile(a, b, count, copy, TileColumns);
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
                c[i * stride + j] = copy[i * TileColumns + j];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WholeTile(double* a, double* b, int count, double* c, long stride)
    {
        var (c00, c01) = (Vector256.Load(c), Vector256.Load(c + 4));
        var (c10, c11) = (Vector256.Load(c + stride), Vector256.Load(c + stride + 4));
        var (c20, c21) = (Vector256.Load(c + 2 * stride), Vector256.Load(c + 2 * stride + 4));
        var (c30, c31) = (Vector256.Load(c + 3 * stride), Vector256.Load(c + 3 * stride + 4));
        var (c40, c41) = (Vector256.Load(c + 4 * stride), Vector256.Load(c + 4 * stride + 4));
        var (c50, c51) = (Vector256.Load(c + 5 * stride), Vector256.Load(c + 5 * stride + 4));
        for (var k = 0; k < count; k++, a += TileRows, b += TileColumns)
        {
            var (b0, b1) = (Vector256.Load(b), Vector256.Load(b + 4));
            var left = Vector256.Create(a[0]);
            c00 = Vector256.FusedMultiplyAdd(left, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(left, b1, c01);
            left = Vector256.Create(a[1]);
            c10 = Vector256.FusedMultiplyAdd(left, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(left, b1, c11);
            left = Vector256.Create(a[2]);
            c20 = Vector256.FusedMultiplyAdd(left, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(left, b1, c21);
            left = Vector256.Create(a[3]);
            c30 = Vector256.FusedMultiplyAdd(left, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(left, b1, c31);
            left = Vector256.Create(a[4]);
            c40 = Vector256.FusedMultiplyAdd(left, b0, c40);
            c41 = Vector256.FusedMultiplyAdd(left, b1, c41);
            left = Vector256.Create(a[5]);
            c50 = Vector256.FusedMultiplyAdd(left, b0, c50);
            c51 = Vector256.FusedMultiplyAdd(left, b1, c51);
        }

        c00.Store(c);
        c01.Store(c + 4);
        c10.Store(c + stride);
        c11.Store(c + stride + 4);
        c20.Store(c + 2 * stride);
        c21.Store(c + 2 * stride + 4);
        c30.Store(c + 3 * stride);
        c31.Store(c + 3 * stride + 4);
        c40.Store(c + 4 * stride);
        c41.Store(c + 4 * stride + 4);
        c50.Store(c + 5 * stride);
        c51.Store(c + 5 * stride + 4);
    }
}
