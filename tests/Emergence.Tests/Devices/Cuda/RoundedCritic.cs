using Emergence.Devices;
using Emergence.Devices.Critics;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>
/// A critic in double whose stored values are rounded to bf16 where the device says it stores them: Zx, Zy, outputs of the
/// layers below the tail, their gradients, and the gradients summed by row; and the sums Zx + Zy, where products form them.
/// Plain loops over all pairs.
/// </summary>
internal sealed class RoundedCritic
{
    private readonly CriticShape _shape;
    private readonly int _tail;
    private readonly bool _formsPairs;
    private readonly double[][] _weights;
    private readonly double[][] _biases;

    /// <param name="shape">The network.</param>
    /// <param name="tail">First layer whose output is not stored in bf16.</param>
    /// <param name="parameters">As in a critic's tensor, rounded where the device rounds them.</param>
    /// <param name="formsPairs">Whether products form the rows of the pairs.</param>
    public RoundedCritic(CriticShape shape, int tail, double[] parameters, bool formsPairs)
    {
        (_shape, _tail, _formsPairs) = (shape, tail, formsPairs);
        (_weights, _biases, Gradient) = (new double[shape.Layers][], new double[shape.Layers][], new double[shape.ParameterCount]);
        var at = 0;
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var count = shape.Widths[layer] * shape.InputColumns(layer);
            _weights[layer] = parameters[at..(at + count)];
            _biases[layer] = parameters[(at + count)..(at + count + shape.Widths[layer])];
            at += count + shape.Widths[layer];
        }
    }

    /// <summary>T, pair by pair.</summary>
    public List<double> Scores { get; } = [];

    /// <summary>In the order of the parameters.</summary>
    public double[] Gradient { get; }

    public void Evaluate(double[][] x, double[][] y, int[] a, int[] b, double[] scoreGradients)
    {
        var zx = x.Select(row => First(row, 0, _biases[0])).ToArray();
        var zy = y.Select(row => First(row, _shape.XColumns, new double[_shape.Widths[0]])).ToArray();
        var (dx, dy) = (x.Select(_ => new double[_shape.Widths[0]]).ToArray(), y.Select(_ => new double[_shape.Widths[0]]).ToArray());
        for (var r = 0; r < a.Length; r++)
        {
            var layers = Forward(zx[a[r]], zy[b[r]]);
            Scores.Add(layers[^1][0]);
            var delta = Backward(layers, scoreGradients[r]);
            for (var j = 0; j < delta.Length; j++)
                (dx[a[r]][j], dy[b[r]][j]) = (dx[a[r]][j] + delta[j], dy[b[r]][j] + delta[j]);
        }

        FirstGradient(x, dx, 0);
        FirstGradient(y, dy, _shape.XColumns);
    }

    private static double Leaky(double z) => z > 0 ? z : Device.LeakySlope * z;

    private double[] First(double[] row, int start, double[] bias) =>
        [.. bias.Select((sum, j) => Bf16.Round(sum + row.Select((v, i) => v * _weights[0][j * _shape.InputColumns(0) + start + i]).Sum()))];

    private void FirstGradient(double[][] inputs, double[][] deltas, int start)
    {
        var (rows, columns) = (_shape.Widths[0], _shape.InputColumns(0));
        for (var k = 0; k < inputs.Length; k++)
        {
            for (var j = 0; j < rows; j++)
            {
                var delta = Bf16.Round(deltas[k][j]);
                for (var i = 0; i < inputs[k].Length; i++)
                    Gradient[j * columns + start + i] += delta * inputs[k][i];
                if (start == 0)
                    Gradient[rows * columns + j] += delta;
            }
        }
    }

    private List<double[]> Forward(double[] zx, double[] zy)
    {
        List<double[]> layers = [[.. zx.Zip(zy, (u, v) => Bf16.Round(Leaky(_formsPairs ? Bf16.Round(u + v) : u + v)))]];
        for (var layer = 1; layer < _shape.Layers; layer++)
        {
            var (input, output) = (layers[^1], new double[_shape.Widths[layer]]);
            for (var j = 0; j < output.Length; j++)
            {
                var z = _biases[layer][j];
                for (var i = 0; i < input.Length; i++)
                    z += _weights[layer][j * input.Length + i] * input[i];
                output[j] = layer == _shape.Layers - 1 ? z : layer < _tail ? Bf16.Round(Leaky(z)) : Leaky(z);
            }

            layers.Add(output);
        }

        return layers;
    }

    private double[] Backward(List<double[]> layers, double gradient)
    {
        double[] delta = [gradient];
        var end = _shape.ParameterCount;
        for (var layer = _shape.Layers - 1; layer >= 1; layer--)
        {
            var (input, next) = (layers[layer - 1], new double[_shape.Widths[layer - 1]]);
            var (rows, columns) = (_shape.Widths[layer], input.Length);
            end -= rows * (columns + 1);
            for (var i = 0; i < columns; i++)
            {
                var sum = 0.0;
                for (var j = 0; j < rows; j++)
                {
                    sum += _weights[layer][j * columns + i] * delta[j];
                    Gradient[end + j * columns + i] += delta[j] * input[i];
                }

                next[i] = (input[i] > 0 ? 1 : Device.LeakySlope) * sum;
                if (layer <= _tail)
                    next[i] = Bf16.Round(next[i]);
            }

            for (var j = 0; j < rows; j++)
                Gradient[end + rows * columns + j] += delta[j];
            delta = next;
        }

        return delta;
    }
}
