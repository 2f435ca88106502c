using Emergence.Devices;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>
/// How far a critic in bf16 may lie from one in double with the same rounded inputs and wide weights: every rounding of
/// a stored value and every addition is charged and carried through the layers, and where an activation lies nearer to 0
/// than its own error, its derivative may be the other one. Plain loops over all pairs.
/// </summary>
internal sealed class CriticBound
{
    private const double Slope = Device.LeakySlope;

    private readonly CriticShape _shape;
    private readonly int _tail;
    private readonly double[][] _weights;
    private readonly double[][] _biases;

    /// <param name="shape">The network.</param>
    /// <param name="tail">First layer whose output is not stored in bf16.</param>
    /// <param name="parameters">As in a critic's tensor, rounded where the device rounds them.</param>
    public CriticBound(CriticShape shape, int tail, double[] parameters)
    {
        (_shape, _tail) = (shape, tail);
        (_weights, _biases, ErrorOfGradient) = (new double[shape.Layers][], new double[shape.Layers][], new double[shape.ParameterCount]);
        var at = 0;
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var count = shape.Widths[layer] * shape.InputColumns(layer);
            _weights[layer] = parameters[at..(at + count)];
            _biases[layer] = parameters[(at + count)..(at + count + shape.Widths[layer])];
            at += count + shape.Widths[layer];
        }
    }

    /// <summary>Of T, pair by pair.</summary>
    public List<double> ErrorOfScores { get; } = [];

    /// <summary>In the order of the parameters.</summary>
    public double[] ErrorOfGradient { get; }

    public void Evaluate(double[][] x, double[][] y, int[] a, int[] b, double[] gradients)
    {
        var zx = x.Select(row => First(row, 0, withBias: true)).ToArray();
        var zy = y.Select(row => First(row, _shape.XColumns, withBias: false)).ToArray();
        var (dx, dy) = (x.Select(_ => new Values(_shape.Widths[0])).ToArray(), y.Select(_ => new Values(_shape.Widths[0])).ToArray());
        for (var r = 0; r < a.Length; r++)
        {
            var layers = Forward(zx[a[r]], zy[b[r]]);
            ErrorOfScores.Add(layers[^1].Error[0]);
            var delta = Backward(layers, gradients[r]);
            dx[a[r]].Add(delta);
            dy[b[r]].Add(delta);
        }

        // The sums over the pairs are rounded once more, then multiplied with the inputs.
        FirstGradient(x, dx, 0);
        FirstGradient(y, dy, _shape.XColumns);
    }

    private void FirstGradient(double[][] inputs, Values[] deltas, int start)
    {
        var (rows, columns) = (_shape.Widths[0], _shape.InputColumns(0));
        for (var k = 0; k < inputs.Length; k++)
        {
            for (var j = 0; j < rows; j++)
            {
                var (value, error) = (Math.Abs(deltas[k].Value[j]), deltas[k].Error[j] + deltas[k].Size[j] * deltas[k].Count * Bf16.Step);
                error += Bf16.Unit * (value + error);
                var counted = error + (value + error) * (inputs.Length + 2) * Bf16.Step;
                for (var i = 0; i < inputs[k].Length; i++)
                    ErrorOfGradient[j * columns + start + i] += counted * Math.Abs(inputs[k][i]);
                if (start == 0)
                    ErrorOfGradient[rows * columns + j] += counted;
            }
        }
    }

    private Values First(double[] row, int start, bool withBias)
    {
        var z = new Values(_shape.Widths[0]);
        for (var j = 0; j < z.Value.Length; j++)
        {
            double sum = withBias ? _biases[0][j] : 0, size = Math.Abs(sum);
            for (var i = 0; i < row.Length; i++)
            {
                var product = _weights[0][j * _shape.InputColumns(0) + start + i] * row[i];
                (sum, size) = (sum + product, size + Math.Abs(product));
            }

            z.Set(j, sum, (row.Length + 2) * Bf16.Step * size, stored: true);
        }

        return z;
    }

    private List<Values> Forward(Values zx, Values zy)
    {
        var first = new Values(_shape.Widths[0]);
        for (var j = 0; j < first.Value.Length; j++)
        {
            var z = zx.Value[j] + zy.Value[j];
            first.Set(j, z > 0 ? z : Slope * z, zx.Error[j] + zy.Error[j] + Bf16.Step * Math.Abs(z), stored: true);
        }

        List<Values> layers = [first];
        for (var layer = 1; layer < _shape.Layers; layer++)
        {
            var (input, output) = (layers[^1], new Values(_shape.Widths[layer]));
            for (var j = 0; j < output.Value.Length; j++)
            {
                double z = _biases[layer][j], size = Math.Abs(z), error = 0;
                for (var i = 0; i < input.Value.Length; i++)
                {
                    var w = _weights[layer][j * input.Value.Length + i];
                    (z, size, error) = (z + w * input.Value[i], size + Math.Abs(w) * (Math.Abs(input.Value[i]) + input.Error[i]), error + Math.Abs(w) * input.Error[i]);
                }

                output.Set(j, z > 0 || layer == _shape.Layers - 1 ? z : Slope * z, error + (input.Value.Length + 3) * Bf16.Step * size, stored: layer < _tail);
            }

            layers.Add(output);
        }

        return layers;
    }

    private Values Backward(List<Values> layers, double gradient)
    {
        var delta = new Values(1);
        delta.Set(0, gradient, 0, stored: false);
        var end = _shape.ParameterCount;
        for (var layer = _shape.Layers - 1; layer >= 1; layer--)
        {
            var (input, next) = (layers[layer - 1], new Values(_shape.Widths[layer - 1]));
            var (rows, columns) = (_shape.Widths[layer], input.Value.Length);
            end -= rows * (columns + 1);
            for (var i = 0; i < columns; i++)
            {
                double sum = 0, size = 0, error = 0;
                for (var j = 0; j < rows; j++)
                {
                    var (w, d) = (_weights[layer][j * columns + i], Math.Abs(delta.Value[j]) + delta.Error[j]);
                    (sum, size, error) = (sum + w * delta.Value[j], size + Math.Abs(w) * d, error + Math.Abs(w) * delta.Error[j]);
                    // Sums over the pairs: fewer than 1,024 additions one after the other in any part.
                    ErrorOfGradient[end + j * columns + i] += delta.Error[j] * Math.Abs(input.Value[i]) + d * (input.Error[i] + 1024 * Bf16.Step * Math.Abs(input.Value[i]));
                }

                error += (rows + 3) * Bf16.Step * size;
                var slope = input.Value[i] > 0 ? 1 : Slope;
                var either = Math.Abs(input.Value[i]) <= input.Error[i];
                next.Set(i, slope * sum, either ? error + (1 - Slope) * Math.Abs(sum) : slope * error, stored: layer <= _tail);
            }

            for (var j = 0; j < rows; j++)
                ErrorOfGradient[end + rows * columns + j] += delta.Error[j] + (Math.Abs(delta.Value[j]) + delta.Error[j]) * 1024 * Bf16.Step;
            delta = next;
        }

        return delta;
    }

    private sealed class Values(int count)
    {
        public double[] Value { get; } = new double[count];

        public double[] Error { get; } = new double[count];

        /// <summary>Of what was added up.</summary>
        public double[] Size { get; } = new double[count];

        public int Count { get; private set; }

        public void Set(int i, double value, double error, bool stored) =>
            (Value[i], Error[i]) = (value, error + (stored ? Bf16.Unit : Bf16.Step) * (Math.Abs(value) + error));

        public void Add(Values other)
        {
            Count++;
            for (var i = 0; i < Value.Length; i++)
                (Value[i], Error[i], Size[i]) = (Value[i] + other.Value[i], Error[i] + other.Error[i], Size[i] + Math.Abs(other.Value[i]) + other.Error[i]);
        }
    }
}
