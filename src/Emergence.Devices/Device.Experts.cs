using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <content>What mixtures of experts need beside the ops of other models.</content>
public abstract partial class Device
{
    /// <summary>y[n] = sum over j of weights[n, j] * x[rows[n, j]], in the order of j.</summary>
    /// <param name="x">(K, c).</param>
    /// <param name="rows">(N, k) Int32, each in 0 .. K-1.</param>
    /// <param name="weights">(N, k).</param>
    /// <param name="y">(N, c); not x.</param>
    public void MixRows(Tensor x, Tensor rows, Tensor weights, Tensor y)
    {
        var fits = rows.Type == DType.Int32 && SameShape(rows, weights) && rows.Rows == y.Rows && x.Columns == y.Columns
            && rows.Columns > 0;
        Require(fits, nameof(MixRows), "x (K, c), rows (N, k), weights (N, k), y (N, c)", x, rows, weights, y);
        MixRowsCore(x, rows, weights, y);
    }

    /// <summary>One gathered row after the other; a weight becomes a row by a product with ones.</summary>
    protected virtual void MixRowsCore(Tensor x, Tensor rows, Tensor weights, Tensor y)
    {
        using var ones = Allocate(1, y.Columns);
        using var row = Allocate(y.Rows, y.Columns);
        using var weight = Allocate(y.Rows, y.Columns);
        Span<float> one = new float[y.Columns];
        one.Fill(1);
        Upload((ReadOnlySpan<float>)one, ones);
        for (var j = 0; j < rows.Columns; j++)
        {
            GatherRows(x, rows.ColumnRange(j, 1), row);
            MatMul(weights.ColumnRange(j, 1), ones, weight);
            Gate(weight, row, Activation.None, row);
            Scale(row, 1, y, j == 0 ? null : y);
        }
    }
}
