using Emergence.Devices.Tensors;

namespace Emergence.Devices.Reference;

/// <content>The ops that train statistics networks.</content>
public partial class ReferenceDevice
{
    protected override void AddPairsCore(Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y)
    {
        var (left, right, to) = (new MatrixView(zx), new MatrixView(zy), new MatrixView(y));
        var (rowsA, rowsB) = (MatrixView.Indices(a), MatrixView.Indices(b));
        for (var r = 0; r < y.Rows; r++)
        {
            for (var c = 0; c < y.Columns; c++)
                to[r, c] = ReferenceFunctions.Apply(Activation.LeakyRelu, left[rowsA[r], c] + right[rowsB[r], c]);
        }
    }

    protected override void LeakyReluGradientCore(Tensor y, Tensor dy)
    {
        var (output, gradient) = (new MatrixView(y), new MatrixView(dy));
        for (var r = 0; r < y.Rows; r++)
        {
            for (var c = 0; c < y.Columns; c++)
                gradient[r, c] *= output[r, c] > 0 ? 1 : LeakySlope;
        }
    }

    protected override void SumRowsCore(Tensor x, Tensor sums)
    {
        var (from, to) = (new MatrixView(x), new MatrixView(sums));
        for (var c = 0; c < x.Columns; c++)
        {
            var sum = 0.0;
            for (var r = 0; r < x.Rows; r++)
                sum += from[r, c];
            to[0, c] = sum;
        }
    }

    protected override void SumByIndexCore(Tensor x, Tensor index, Tensor sums)
    {
        var (from, to, rows) = (new MatrixView(x), new MatrixView(sums), MatrixView.Indices(index));
        for (var c = 0; c < x.Columns; c++)
        {
            for (var k = 0; k < sums.Rows; k++)
                to[k, c] = 0;
            for (var r = 0; r < x.Rows; r++)
                to[rows[r], c] += from[r, c];
        }
    }

    protected override CriticValue DonskerVaradhanCore(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient)
    {
        var (t, p, q) = (new MatrixView(scores), new MatrixView(joint), new MatrixView(marginal));
        var (largest, shift, nonFinite, mean) = (0.0, double.NegativeInfinity, 0, 0.0);
        for (var r = 0; r < scores.Rows; r++)
        {
            if (!double.IsFinite(t[r, 0]))
                nonFinite++;
            if (Math.Abs(t[r, 0]) > largest)
                largest = Math.Abs(t[r, 0]);
            if (q[r, 0] > 0 && t[r, 0] > shift)
                shift = t[r, 0];
            if (p[r, 0] != 0)
                mean += p[r, 0] * t[r, 0];
        }

        var partition = 0.0;
        for (var r = 0; r < scores.Rows; r++)
        {
            if (q[r, 0] != 0)
                partition += q[r, 0] * Math.Exp(t[r, 0] - shift);
        }

        var logPartition = shift + Math.Log(partition);
        if (gradient != null)
        {
            var to = new MatrixView(gradient);
            for (var r = 0; r < scores.Rows; r++)
                to[r, 0] = ((q[r, 0] != 0 ? q[r, 0] * Math.Exp(t[r, 0] - logPartition) : 0) - p[r, 0]) / Math.Log(2);
        }

        return new(mean, logPartition, largest, nonFinite);
    }

    protected override void AdamCore(Tensor parameters, Tensor gradient, Tensor first, Tensor second, double rate, int step)
    {
        const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;
        var (w, g, m, v) = (new MatrixView(parameters), new MatrixView(gradient), new MatrixView(first), new MatrixView(second));
        for (var i = 0; i < parameters.Columns; i++)
        {
            m[0, i] = Beta1 * m[0, i] + (1 - Beta1) * g[0, i];
            v[0, i] = Beta2 * v[0, i] + (1 - Beta2) * g[0, i] * g[0, i];
            var (mean, square) = (m[0, i] / (1 - Math.Pow(Beta1, step)), v[0, i] / (1 - Math.Pow(Beta2, step)));
            w[0, i] -= rate * mean / (Math.Sqrt(square) + Epsilon);
        }
    }
}
