using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Random inputs, already rounded to bf16, and weights that are so where the device rounds them.</summary>
internal sealed class CriticCase
{
    private readonly CriticShape _shape;
    private readonly int _tail;

    public CriticCase(CriticShape shape, int tail, int xRows, int yRows, int pairs)
    {
        (_shape, _tail) = (shape, tail);
        var random = new Random(shape.ParameterCount + pairs);
        (X, Y) = ([.. Bf16.Values(random, xRows * shape.XColumns).Chunk(shape.XColumns)], [.. Bf16.Values(random, yRows * shape.YColumns).Chunk(shape.YColumns)]);
        (A, B) = ([.. Enumerable.Range(0, pairs).Select(_ => random.Next(xRows))], [.. Enumerable.Range(0, pairs).Select(_ => random.Next(yRows))]);
        ScoreGradients = OpCase.Values(random, pairs, 1.0 / pairs);
        Parameters = [.. Enumerable.Range(0, shape.Layers).SelectMany(layer => Layer(layer, random))];
        Rounded = [.. Parameters];
        for (var (layer, at) = (0, 0); layer < tail; at += shape.Widths[layer] * (shape.InputColumns(layer) + 1), layer++)
        {
            for (var i = at; i < at + shape.Widths[layer] * shape.InputColumns(layer); i++)
                Rounded[i] = Bf16.Round(Rounded[i]);
        }
    }

    public double[][] X { get; }

    public double[][] Y { get; }

    public int[] A { get; }

    public int[] B { get; }

    public double[] ScoreGradients { get; }

    public double[] Parameters { get; }

    public double[] Rounded { get; }

    public (double[] Scores, double[] Gradient) Run(Device device)
    {
        using Tensor x = Upload(device, X, _shape.XColumns), y = Upload(device, Y, _shape.YColumns), a = device.AllocateIndices(A), b = device.AllocateIndices(B);
        using Tensor parameters = Upload(device, [device.ComputeType == DType.Float64 ? Rounded : Parameters], Parameters.Length), gradient = device.Allocate(1, Parameters.Length);
        using var workspace = device.CreateCriticWorkspace(_shape, X.Length, Y.Length, A.Length);
        device.CriticForward(workspace, parameters, x, y, a, b);
        var scores = OpCase.Read(device, workspace.Scores);
        device.Upload(ScoreGradients, workspace.ScoreGradients);
        device.CriticBackward(workspace, parameters, x, y, a, b, gradient);
        return (scores, OpCase.Read(device, gradient));
    }

    /// <summary>Eighths: what the first layer makes of them has no more than 8 bits. And score gradients whose sum is not near 0.</summary>
    public void CoarsenFirstLayer()
    {
        for (var i = 0; i < ScoreGradients.Length; i++)
            ScoreGradients[i] = Math.Abs(ScoreGradients[i]);
        foreach (var row in X.Concat(Y))
            Coarsen(row, row.Length, 1);
        Coarsen(Parameters, _shape.Widths[0] * (_shape.InputColumns(0) + 1), 8);
        Array.Copy(Parameters, Rounded, _shape.Widths[0] * (_shape.InputColumns(0) + 1));

        static void Coarsen(double[] values, int count, int unit)
        {
            for (var i = 0; i < count; i++)
                values[i] = Math.Round(values[i] * unit) / unit;
        }
    }

    public void CheckRounded((double[] Scores, double[] Gradient) found, double tolerance, int fromLayer = 0, bool formsPairs = false)
    {
        var rounded = new RoundedCritic(_shape, _tail, Rounded, formsPairs);
        rounded.Evaluate(X, Y, A, B, ScoreGradients);
        Check("T", [.. rounded.Scores], found.Scores, tolerance);
        CheckLayers(rounded.Gradient, found.Gradient, tolerance, fromLayer);
    }

    public void CheckLayers(double[] expected, double[] found, double tolerance, int fromLayer = 0)
    {
        var at = 0;
        for (var layer = 0; layer < _shape.Layers; layer++)
        {
            foreach (var (what, count) in new[] { ("weights", _shape.Widths[layer] * _shape.InputColumns(layer)), ("biases", _shape.Widths[layer]) })
            {
                if (layer >= fromLayer)
                    Check($"{what} of layer {layer}", expected[at..(at + count)], found[at..(at + count)], tolerance);
                at += count;
            }
        }
    }

    public static void Check(string what, double[] expected, double[] found, double tolerance)
    {
        var error = Norm([.. expected.Zip(found, (e, f) => e - f)]);
        Assert.True(error <= tolerance * Norm(expected), $"{what}: error {error} of {Norm(expected)}, tolerance {tolerance}");
    }

    public static Tensor Upload(Device device, double[][] rows, int columns)
    {
        var tensor = device.Allocate(rows.Length, columns);
        device.Upload(rows.SelectMany(row => row).ToArray(), tensor);
        return tensor;
    }

    private static double Norm(double[] values) => Math.Sqrt(values.Sum(v => v * v));

    /// <summary>Weights that keep the size of what they multiply.</summary>
    private IEnumerable<double> Layer(int layer, Random random) =>
        OpCase.Values(random, _shape.Widths[layer] * _shape.InputColumns(layer), 1 / Math.Sqrt(_shape.InputColumns(layer))).Concat(OpCase.Values(random, _shape.Widths[layer], 0.3));
}
