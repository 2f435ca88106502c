using Emergence.Devices.Packed;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Reference;

/// <summary>
/// Plain loops in double precision, one op after the other: what every other device is tested against, and the text to
/// read before writing one. Tensors of weights may have any floating type, all others are Float64. Not sealed, so that a
/// device with one wrong op can be derived, which verification must find.
/// </summary>
public partial class ReferenceDevice : HostDevice
{
    public override string Name => "reference";

    public override string Description => "reference loops in double precision, one thread";

    public override string Path => "reference";

    public override DeviceTraits Traits => new(DeviceScale.Tiny, ComputeType);

    public override DType ComputeType => DType.Float64;

    /// <summary>Multiply-adds of all matrix products so far: what stated costs are checked against.</summary>
    public double MultiplyAdds { get; private set; }

    /// <summary>By the definition of the form, whatever else the matrix can do; values have single precision.</summary>
    protected override void UnpackCore(PackedSlice rows, Tensor y)
    {
        var (form, to) = (rows.Matrix.Form, new MatrixView(y));
        for (var n = 0; n < y.Rows; n++)
        {
            var row = rows.RowOrder?[rows.Start + n] ?? rows.Start + n;
            for (var c = 0; c < y.Columns; c++)
                to[n, c] = form[row, rows.ColumnOrder?[c] ?? c];
        }
    }

    protected override void EmbedCore(Tensor ids, Tensor table, float scale, Tensor y, bool accumulate)
    {
        var (rows, from, to) = (MatrixView.Indices(ids), new MatrixView(table), new MatrixView(y));
        for (var n = 0; n < y.Rows; n++)
        {
            for (var c = 0; c < y.Columns; c++)
                to[n, c] = scale * from[rows[n], c] + (accumulate ? to[n, c] : 0);
        }
    }

    protected override void LayerNormCore(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y, Tensor? residual)
    {
        var (from, to) = (new MatrixView(x), new MatrixView(y));
        for (var n = 0; n < x.Rows; n++)
        {
            var mean = 0.0;
            for (var c = 0; c < x.Columns; c++)
                mean += from[n, c] / x.Columns;
            var variance = 0.0;
            for (var c = 0; c < x.Columns; c++)
                variance += (from[n, c] - mean) * (from[n, c] - mean) / x.Columns;
            var scale = 1 / Math.Sqrt(variance + epsilon);
            for (var c = 0; c < x.Columns; c++)
                to[n, c] = (from[n, c] - mean) * scale * At(weight, 0, c, 1) + At(bias, 0, c, 0) + At(residual, n, c, 0);
        }
    }

    protected override void RmsNormCore(Tensor x, Tensor? weight, float epsilon, Tensor y, Tensor? residual)
    {
        var (from, to) = (new MatrixView(x), new MatrixView(y));
        for (var n = 0; n < x.Rows; n++)
        {
            var meanSquare = 0.0;
            for (var c = 0; c < x.Columns; c++)
                meanSquare += from[n, c] * from[n, c] / x.Columns;
            var scale = 1 / Math.Sqrt(meanSquare + epsilon);
            for (var c = 0; c < x.Columns; c++)
                to[n, c] = from[n, c] * scale * At(weight, 0, c, 1) + At(residual, n, c, 0);
        }
    }

    protected override void MatMulCore(
        Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Tensor? bias, Activation activation, Tensor? residual)
    {
        var left = MatrixView.Rows(a, transposeA);
        var right = MatrixView.Rows(b, !transposeB);
        var to = new MatrixView(y);
        MultiplyAdds += (double)y.Rows * y.Columns * (transposeA ? a.Rows : a.Columns);
        for (var m = 0; m < y.Rows; m++)
        {
            for (var n = 0; n < y.Columns; n++)
            {
                var sum = 0.0;
                for (var k = 0; k < left[m].Length; k++)
                    sum += left[m][k] * right[n][k];
                to[m, n] = ReferenceFunctions.Apply(activation, sum + At(bias, 0, n, 0)) + At(residual, m, n, 0);
            }
        }
    }

    protected override void RotateCore(Tensor x, HeadLayout heads, Tensor positions, Tensor cosines, Tensor sines, RotaryPairs pairs)
    {
        var (view, cos, sin, position) = (new MatrixView(x), new MatrixView(cosines), new MatrixView(sines), MatrixView.Indices(positions));
        var half = cosines.Columns;
        for (var n = 0; n < x.Rows; n++)
        {
            for (var h = 0; h < heads.Count; h++)
            {
                for (var i = 0; i < half; i++)
                {
                    var start = h * heads.Stride;
                    var (first, second) = pairs == RotaryPairs.Halves ? (start + i, start + i + half) : (start + 2 * i, start + 2 * i + 1);
                    var (c, s) = (cos[position[n], i], sin[position[n], i]);
                    (view[n, first], view[n, second]) = (
                        view[n, first] * c - view[n, second] * s, view[n, second] * c + view[n, first] * s);
                }
            }
        }
    }

    protected override void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape,
        AttentionPositions? positions)
    {
        var (key, to, parent) = (new MatrixView(k), new MatrixView(v), MatrixView.Indices(parents));
        var (query, result) = (new MatrixView(q), new MatrixView(y));
        var (size, valueSize) = (shape.Query.Size, shape.Value.Size);
        var at = positions == null ? null : MatrixView.Indices(positions.Positions);
        for (var n = 0; n < q.Rows; n++)
        {
            var scale = shape.Scale * At(positions?.Scale, at?[n] ?? 0, 0, 1);
            var visible = new List<int>();
            for (var row = n; row >= 0 && (shape.Window == 0 || visible.Count < shape.Window); row = parent[row])
                visible.Add(row);
            for (var h = 0; h < shape.Query.Count; h++)
            {
                var keyHead = h / (shape.Query.Count / shape.Key.Count);
                var (keyColumn, valueColumn) = (keyHead * shape.Key.Stride, keyHead * shape.Value.Stride);
                var scores = visible.Select(row =>
                {
                    var dot = 0.0;
                    for (var i = 0; i < size; i++)
                        dot += query[n, h * shape.Query.Stride + i] * key[row, keyColumn + i];
                    var score = scale * dot;
                    var bias = At(positions?.Bias, at?[row] ?? 0, h, 0) - At(positions?.Bias, at?[n] ?? 0, h, 0);
                    return bias + (shape.SoftCap > 0 ? shape.SoftCap * Math.Tanh(score / shape.SoftCap) : score);
                }).ToArray();
                var sink = At(shape.Sinks, 0, h, double.NegativeInfinity);
                var max = Math.Max(scores.Max(), sink);
                var weights = scores.Select(s => Math.Exp(s - max)).ToArray();
                var sum = weights.Sum() + Math.Exp(sink - max);
                for (var i = 0; i < valueSize; i++)
                    result[n, h * valueSize + i] = visible.Select((row, j) => weights[j] * to[row, valueColumn + i]).Sum() / sum;
            }
        }
    }

    protected override void GateCore(Tensor gate, Tensor up, Activation activation, Tensor y)
    {
        var (left, right, to) = (new MatrixView(gate), new MatrixView(up), new MatrixView(y));
        for (var n = 0; n < y.Rows; n++)
        {
            for (var c = 0; c < y.Columns; c++)
                to[n, c] = ReferenceFunctions.Apply(activation, left[n, c]) * right[n, c];
        }
    }

    protected override void ScaleCore(Tensor x, float factor, Tensor y, Tensor? residual)
    {
        var (from, to) = (new MatrixView(x), new MatrixView(y));
        for (var n = 0; n < x.Rows; n++)
        {
            for (var c = 0; c < x.Columns; c++)
                to[n, c] = factor * from[n, c] + At(residual, n, c, 0);
        }
    }

    protected override void ClipCore(Tensor x, float least, float most) =>
        Change(x, value => double.IsNaN(value) ? value : Math.Clamp(value, least, most));

    protected override void ApplyXieluCore(Tensor x, Xielu shape) => Change(x, value => ReferenceFunctions.Apply(shape, value));

    protected override void CopyHeadsCore(Tensor source, HeadLayout from, Tensor destination, HeadLayout to)
    {
        var (left, right) = (new MatrixView(source), new MatrixView(destination));
        for (var n = 0; n < source.Rows; n++)
        {
            for (var h = 0; h < to.Count; h++)
            {
                for (var i = 0; i < to.Size; i++)
                    right[n, h * to.Stride + i] = left[n, (from.Count == 1 ? 0 : h) * from.Stride + i];
            }
        }
    }

    protected override void SoftCapCore(Tensor x, float cap) => Change(x, value => cap * Math.Tanh(value / cap));

    private static void Change(Tensor x, Func<double, double> change)
    {
        var view = new MatrixView(x);
        for (var n = 0; n < x.Rows; n++)
        {
            for (var c = 0; c < x.Columns; c++)
                view[n, c] = change(view[n, c]);
        }
    }

    private static double At(Tensor? tensor, int row, int column, double missing) =>
        tensor == null ? missing : new MatrixView(tensor)[row, column];
}
