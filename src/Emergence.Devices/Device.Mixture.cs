using System.Runtime.InteropServices;
using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <content>What noise leaves of states: sums over the components of a normal mixture.</content>
public abstract partial class Device
{
    /// <summary>
    /// y[m, k] = |a_m - b_k|^2, to the same part of itself where rows lie close together as where they do not: the products of two such
    /// rows would cancel.
    /// </summary>
    /// <param name="a">(M, c).</param>
    /// <param name="b">(K, c).</param>
    /// <param name="same">(M, 1) Int32: of each row of a the row of b that is the same thing, whose distance counts as infinite; below 0
    /// there is none, as without the tensor.</param>
    /// <param name="y">(M, K).</param>
    public void SquareDistances(Tensor a, Tensor b, Tensor? same, Tensor y)
    {
        Require(
            a.Columns == b.Columns && y.Rows == a.Rows && y.Columns == b.Rows
                && (same == null || (same.Type == DType.Int32 && same.Rows == a.Rows && same.Columns == 1)),
            nameof(SquareDistances), "a (M, c), b (K, c), same (M, 1), y (M, K)", a, b, same, y);
        SquareDistancesCore(a, b, same, y);
    }

    /// <summary>
    /// How much the other components of a normal mixture weigh beside the one that was drawn, at u_a + z s and u_a - z s for each size s of
    /// the noise: sums[p, 2 i] and sums[p, 2 i + 1] are the sums over k of e^(l_k - l_a +- (z.u_k - z.u_a) r - |u_k - u_a|^2 r^2 / 2)
    /// with r = 1 / s_i. Terms below e^-40 may be left out: the component's own is 1.
    /// </summary>
    /// <param name="dots">(P, K): z.u_k of every draw; none: all are 0.</param>
    /// <param name="squares">(M, K): |u_k - u_a|^2, infinite for a itself.</param>
    /// <param name="rows">(P, 1) Int32: the row of squares that belongs to each draw, 0 .. M - 1.</param>
    /// <param name="logs">(1, K): l_k, log of each weight.</param>
    /// <param name="own">(P, 2): z.u_a and l_a of each draw.</param>
    /// <param name="inverses">(1, S): r.</param>
    /// <param name="sums">(P, 2 S).</param>
    public void SumMixture(Tensor? dots, Tensor squares, Tensor rows, Tensor logs, Tensor own, Tensor inverses, Tensor sums)
    {
        Require(
            (dots == null || (dots.Rows == sums.Rows && dots.Columns == squares.Columns)) && rows.Type == DType.Int32
                && rows.Rows == sums.Rows && rows.Columns == 1 && IsRow(logs, squares) && own.Rows == sums.Rows && own.Columns == 2
                && inverses.Rows == 1 && sums.Columns == 2 * inverses.Columns,
            nameof(SumMixture), "dots (P, K), squares (M, K), rows (P, 1), logs (1, K), own (P, 2), inverses (1, S), sums (P, 2 S)",
            dots, squares, rows, logs, own, inverses, sums);
        SumMixtureCore(dots, squares, rows, logs, own, inverses, sums);
    }

    /// <summary>On the host.</summary>
    protected virtual void SquareDistancesCore(Tensor a, Tensor b, Tensor? same, Tensor y)
    {
        var (left, right, itself, values) = (OnHost(a), OnHost(b), same == null ? null : IndicesOnHost(same), new float[y.Count]);
        ShareOnHost(y.Rows, m =>
        {
            for (var k = 0; k < y.Columns; k++)
                values[(long)m * y.Columns + k] = itself?[m] == k ? float.PositiveInfinity
                    : (float)MixtureSums.SquaredDistance(left.AsSpan(m * a.Columns, a.Columns), right.AsSpan(k * a.Columns, a.Columns));
        });
        FromHost(values, y);
    }

    /// <summary>On the host.</summary>
    protected virtual void SumMixtureCore(
        Tensor? dots, Tensor squares, Tensor rows, Tensor logs, Tensor own, Tensor inverses, Tensor sums)
    {
        var (along, apart, ofDraw, weights) = (dots == null ? [] : OnHost(dots), OnHost(squares), IndicesOnHost(rows), OnHost(logs));
        var (of, sizes, values, count) = (OnHost(own), OnHost(inverses), new float[sums.Count], squares.Columns);
        ShareOnHost(sums.Rows, p =>
        {
            for (var i = 0; i < sizes.Length; i++)
            {
                var (plus, minus) = MixtureSums.Of(dots == null ? [] : along.AsSpan(p * count, count), of[2 * p],
                    apart.AsSpan(ofDraw[p] * count, count), weights, of[2 * p + 1], sizes[i]);
                (values[p * sums.Columns + 2 * i], values[p * sums.Columns + 2 * i + 1]) = ((float)plus, (float)minus);
            }
        });
        FromHost(values, sums);
    }

    private float[] OnHost(Tensor tensor)
    {
        var values = new float[tensor.Count];
        Download(tensor, values.AsSpan());
        return values;
    }

    private int[] IndicesOnHost(Tensor tensor)
    {
        var values = new int[tensor.Count];
        Download(tensor, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>Into a tensor that may be part of a wider one.</summary>
    private void FromHost(float[] values, Tensor destination)
    {
        using var dense = Allocate(destination.Rows, destination.Columns);
        Upload((ReadOnlySpan<float>)values, dense);
        Scale(dense, 1, destination);
    }
}
