using BenchmarkDotNet.Attributes;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;

namespace Emergence.Benchmarks.Host;

/// <summary>A step of s-mine's small critic: drawn pairs, forward, objective, backward, Adam.</summary>
public class CriticStepBenchmarks
{
    private Device? _device;
    private Tensor? _x;
    private Tensor? _y;
    private CriticTraining? _training;

    [Params(33, 257)]
    public int Classes { get; set; }

    [ParamsSource(nameof(Engines))]
    public string Engine { get; set; } = "";

    public static IEnumerable<string> Engines => HostBenchmarks.Devices;

    [GlobalSetup]
    public void Create()
    {
        const int Columns = 65, Sampled = 1023;
        _device = DeviceTable.Create(Engine, new());
        (_x, _y) = (HostBenchmarks.Noise(_device, Classes, Columns, 1), HostBenchmarks.Noise(_device, Classes, Columns, 2));
        var shape = new CriticShape(Columns, Columns, 64, 32, 16, 1);
        int[] rows = [.. Enumerable.Range(0, Classes)];
        double[] weights = [.. Enumerable.Repeat(1.0 / Classes, Classes)];
        double[] joint = [.. weights, .. new double[Sampled]];
        double[] marginal = [.. weights.Select(w => w / Classes), .. Enumerable.Repeat((1.0 - 1.0 / Classes) / Sampled, Sampled)];
        var source = new OffSupportPairs(Sampled, new AliasTable(weights), new AliasTable(weights), [.. rows.Select(i => (i, i))]);
        var random = new Random(3);
        float[] initial = [.. Enumerable.Range(0, shape.ParameterCount).Select(_ => 0.1f * (2 * random.NextSingle() - 1))];
        _training = new(_device, shape, _x, _y, rows, rows, joint, marginal, source, initial) { Rate = _ => 1e-3 };
    }

    [Benchmark]
    public void Step()
    {
        _device!.Train([_training!], 1);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Close()
    {
        _training?.Dispose();
        _x?.Dispose();
        _y?.Dispose();
        _device?.Dispose();
    }
}
