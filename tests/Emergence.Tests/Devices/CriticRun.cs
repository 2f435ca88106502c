using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices;

/// <summary>A critic's tensors on one device, stepped by hand.</summary>
internal sealed class CriticRun : IDisposable
{
    private readonly Device _device;
    private readonly Tensor _x;
    private readonly Tensor _y;
    private readonly Tensor _joint;
    private readonly Tensor _marginal;

    public CriticRun(Device device, CriticShape shape, double[][] x, double[][] y, double[] joint, double[] marginal)
    {
        _device = device;
        _x = Upload(x.Length, [.. x.SelectMany(row => row)]);
        _y = Upload(y.Length, [.. y.SelectMany(row => row)]);
        _joint = Upload(joint.Length, joint);
        _marginal = Upload(marginal.Length, marginal);
        Parameters = device.Allocate(1, shape.ParameterCount);
        Gradient = device.Allocate(1, shape.ParameterCount);
        First = device.Allocate(1, shape.ParameterCount);
        Second = device.Allocate(1, shape.ParameterCount);
        Workspace = device.CreateCriticWorkspace(shape, x.Length, y.Length, joint.Length);
    }

    public CriticWorkspace Workspace { get; }

    public Tensor Parameters { get; }

    public Tensor Gradient { get; }

    public Tensor First { get; }

    public Tensor Second { get; }

    /// <summary>A random run: the same on every device for one seed.</summary>
    public static (CriticRun Run, int[] A, int[] B) Random(Device device, CriticShape shape, int xRows, int yRows, int pairs, int seed)
    {
        var random = new Random(seed);
        var (x, y) = (OpCase.Values(random, xRows * shape.XColumns), OpCase.Values(random, yRows * shape.YColumns));
        double[] joint = [.. Enumerable.Range(0, pairs).Select(r => r % 3 == 0 ? 0 : random.NextDouble() / pairs)], marginal = [.. Enumerable.Range(0, pairs).Select(r => r % 5 == 1 ? 0 : random.NextDouble() / pairs)];
        var run = new CriticRun(device, shape, [.. x.Chunk(shape.XColumns)], [.. y.Chunk(shape.YColumns)], Single(joint), Single(marginal));
        device.Upload(OpCase.Values(random, shape.ParameterCount, 0.3), run.Parameters);
        return (run, [.. Enumerable.Range(0, pairs).Select(_ => random.Next(xRows))], [.. Enumerable.Range(0, pairs).Select(_ => random.Next(yRows))]);
    }

    /// <summary>Value and gradient at the present parameters.</summary>
    public CriticValue Step((int[] A, int[] B) pairs)
    {
        using var a = _device.AllocateIndices(pairs.A);
        using var b = _device.AllocateIndices(pairs.B);
        var (scores, gradients) = (Workspace.Scores.RowRange(0, pairs.A.Length), Workspace.ScoreGradients.RowRange(0, pairs.A.Length));
        _device.CriticForward(Workspace, Parameters, _x, _y, a, b);
        var value = _device.DonskerVaradhan(scores, _joint, _marginal, gradients);
        _device.CriticBackward(Workspace, Parameters, _x, _y, a, b, Gradient);
        return value;
    }

    public double[] Read(Tensor tensor) => OpCase.Read(_device, tensor);

    public void Dispose()
    {
        Workspace.Dispose();
        foreach (var tensor in new[] { _x, _y, _joint, _marginal, Parameters, Gradient, First, Second })
            tensor.Dispose();
    }

    private static double[] Single(double[] values) => [.. values.Select(v => (double)(float)v)];

    private Tensor Upload(int rows, double[] values)
    {
        var tensor = _device.Allocate(rows, values.Length / rows);
        _device.Upload(values, tensor);
        return tensor;
    }
}
