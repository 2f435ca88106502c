using Emergence.Devices;
using Emergence.Devices.Critics;

namespace Emergence.Lab.Verification;

/// <summary>
/// Rounding errors of a critic's passes, to first order: every value with the variance of its error. Roundings are
/// independent and as often up as down, so their variances add, through every layer with the square of what they are
/// multiplied with. Values are those of the exact passes, in double.
/// </summary>
internal sealed class CriticErrors
{
    /// <summary>The probability of an error beyond this many deviations is below 1e-14.</summary>
    private const double Deviations = 8;

    private readonly CriticShape _shape;
    private readonly Precision _precision;
    private readonly double[] _parameters;
    private readonly Uncertain[][] _activations;
    private readonly Uncertain[] _x;
    private readonly Uncertain[] _y;
    private readonly int[] _a;
    private readonly int[] _b;

    /// <summary>Takes the forward pass.</summary>
    public CriticErrors(CriticShape shape, Precision precision, double[] parameters, double[] x, double[] y, int[] a, int[] b)
    {
        (_shape, _precision, _parameters, _a, _b) = (shape, precision, parameters, a, b);
        (_x, _y) = ([.. x.Select(v => new Uncertain(v, 0))], [.. y.Select(v => new Uncertain(v, 0))]);
        _activations = new Uncertain[shape.Layers][];
        var width = shape.Widths[0];
        var zx = Layer(_x, shape.XColumns, 0, 0, bias: true);
        var zy = Layer(_y, shape.YColumns, 0, shape.XColumns, bias: false);
        _activations[0] = new Uncertain[a.Length * width];
        for (var i = 0; i < _activations[0].Length; i++)
        {
            var (left, right) = (zx[a[i / width] * width + i % width], zy[b[i / width] * width + i % width]);
            var operands = precision.Operand * precision.Operand * (left.Value * left.Value + right.Value * right.Value);
            _activations[0][i] = LeakyRelu(Rounded(new(left.Value + right.Value, left.Variance + right.Variance + operands)));
        }

        for (var layer = 1; layer < shape.Layers; layer++)
        {
            var z = Layer(_activations[layer - 1], shape.InputColumns(layer), layer, 0, bias: true);
            _activations[layer] = layer < shape.Layers - 1 ? [.. z.Select(LeakyRelu)] : z;
        }
    }

    /// <summary>A value, and the variance of its error.</summary>
    internal readonly record struct Uncertain(double Value, double Variance)
    {
        public double Bound => Deviations * Math.Sqrt(Variance) + 1e-30;
    }

    public Uncertain[] Scores => _activations[^1];

    /// <summary>Every element of the gradient, given that by the scores.</summary>
    public Uncertain[] Backward(double[] scoreGradients)
    {
        var gradient = new Uncertain[_shape.ParameterCount];
        Uncertain[] delta = [.. scoreGradients.Select(v => new Uncertain(v, 0))];
        for (var layer = _shape.Layers - 1; layer >= 1; layer--)
        {
            var (outputs, inputs) = (_shape.Widths[layer], _shape.InputColumns(layer));
            Products(delta, outputs, _activations[layer - 1], inputs, gradient, Offset(layer), inputs);
            Sums(delta, outputs, gradient, Offset(layer) + outputs * inputs);
            delta = InputDelta(delta, outputs, inputs, layer);
        }

        var (width, stride) = (_shape.Widths[0], _shape.InputColumns(0));
        Sums(delta, width, gradient, width * stride);
        Products(ByClass(delta, width, _a, _x.Length / _shape.XColumns), width, _x, _shape.XColumns, gradient, 0, stride);
        Products(ByClass(delta, width, _b, _y.Length / _shape.YColumns), width, _y, _shape.YColumns, gradient, _shape.XColumns, stride);
        return gradient;
    }

    private int Offset(int layer) => Enumerable.Range(0, layer).Sum(l => _shape.Widths[l] * (_shape.InputColumns(l) + 1));

    /// <summary>The error of one rounding.</summary>
    private Uncertain Rounded(Uncertain v) => v with { Variance = v.Variance + Math.Pow(_precision.Sum * v.Value, 2) };

    private static Uncertain LeakyRelu(Uncertain z) => z.Value > 0 ? z : new(Device.LeakySlope * z.Value, Device.LeakySlope * Device.LeakySlope * z.Variance);

    /// <summary>A sum of <paramref name="count"/> terms with the squares' sum given: its partial sums are as large as a random walk, or as the whole.</summary>
    private Uncertain Sum(int count, double value, double squares, double variance, bool products)
    {
        // Both factors of a product are rounded, or what is summed where it is kept in their type.
        var (u, o) = (_precision.Sum, _precision.Operand);
        return new(value, variance + count * u * u * (squares + value * value) + (products ? 2 : 1) * o * o * squares);
    }

    /// <summary>(rows, out) = input (rows, columns) times columns first .. of the layer's weight, plus its bias.</summary>
    private Uncertain[] Layer(Uncertain[] input, int columns, int layer, int first, bool bias)
    {
        var (outputs, stride, weights) = (_shape.Widths[layer], _shape.InputColumns(layer), Offset(layer));
        var result = new Uncertain[input.Length / columns * outputs];
        for (var i = 0; i < result.Length; i++)
        {
            var (row, output) = (i / outputs * columns, weights + i % outputs * stride + first);
            var (sum, squares, variance) = (0.0, 0.0, 0.0);
            for (var k = 0; k < columns; k++)
                Add(input[row + k], new(_parameters[output + k], 0), ref sum, ref squares, ref variance);
            var z = Sum(columns, sum, squares, variance, products: true);
            result[i] = Rounded(bias ? z with { Value = z.Value + _parameters[weights + outputs * stride + i % outputs] } : z);
        }

        return result;
    }

    private static void Add(Uncertain p, Uncertain q, ref double sum, ref double squares, ref double variance)
    {
        var product = p.Value * q.Value;
        sum += product;
        squares += product * product;
        variance += p.Value * p.Value * q.Variance + q.Value * q.Value * p.Variance;
    }

    /// <summary>target (outputs, inputs) = transpose of delta (rows, outputs) times input (rows, inputs).</summary>
    private void Products(Uncertain[] delta, int outputs, Uncertain[] input, int inputs, Uncertain[] target, int offset, int stride)
    {
        var rows = delta.Length / outputs;
        var (sums, squares, variances) = (new double[inputs], new double[inputs], new double[inputs]);
        for (var o = 0; o < outputs; o++)
        {
            Array.Clear(sums);
            Array.Clear(squares);
            Array.Clear(variances);
            for (var r = 0; r < rows; r++)
            {
                for (var i = 0; i < inputs; i++)
                    Add(delta[r * outputs + o], input[r * inputs + i], ref sums[i], ref squares[i], ref variances[i]);
            }

            for (var i = 0; i < inputs; i++)
                target[offset + o * stride + i] = Sum(rows, sums[i], squares[i], variances[i], products: true);
        }
    }

    private void Sums(Uncertain[] delta, int width, Uncertain[] target, int offset)
    {
        for (var c = 0; c < width; c++)
        {
            var column = Enumerable.Range(0, delta.Length / width).Select(r => delta[r * width + c]).ToArray();
            target[offset + c] = Sum(column.Length, column.Sum(d => d.Value), column.Sum(d => d.Value * d.Value), column.Sum(d => d.Variance), products: false);
        }
    }

    private Uncertain[] ByClass(Uncertain[] delta, int width, int[] index, int classes)
    {
        var (sums, squares, variances) = (new double[classes * width], new double[classes * width], new double[classes * width]);
        var counts = new int[classes];
        for (var r = 0; r < index.Length; r++)
        {
            counts[index[r]]++;
            for (var c = 0; c < width; c++)
            {
                var (d, at) = (delta[r * width + c], index[r] * width + c);
                (sums[at], squares[at], variances[at]) = (sums[at] + d.Value, squares[at] + d.Value * d.Value, variances[at] + d.Variance);
            }
        }

        return [.. sums.Select((sum, i) => Sum(counts[i / width], sum, squares[i], variances[i], products: false))];
    }

    /// <summary>Gradient by the layer's input before its leaky ReLU.</summary>
    private Uncertain[] InputDelta(Uncertain[] delta, int outputs, int inputs, int layer)
    {
        var (below, weights) = (_activations[layer - 1], Offset(layer));
        var result = new Uncertain[below.Length];
        var (sums, squares, variances) = (new double[inputs], new double[inputs], new double[inputs]);
        for (var r = 0; r < below.Length / inputs; r++)
        {
            Array.Clear(sums);
            Array.Clear(squares);
            Array.Clear(variances);
            for (var o = 0; o < outputs; o++)
            {
                for (var i = 0; i < inputs; i++)
                    Add(delta[r * outputs + o], new(_parameters[weights + o * inputs + i], 0), ref sums[i], ref squares[i], ref variances[i]);
            }

            for (var i = 0; i < inputs; i++)
            {
                var (activation, d) = (below[r * inputs + i], Rounded(Sum(outputs, sums[i], squares[i], variances[i], products: true)));
                var slope = activation.Value > 0 ? 1 : Device.LeakySlope;

                // Where the error may change the sign of z, the other slope is as right.
                var isClear = Math.Abs(activation.Value) > activation.Bound;
                result[r * inputs + i] = new(slope * d.Value, slope * slope * d.Variance + (isClear ? 0 : d.Value * d.Value));
            }
        }

        return result;
    }
}
