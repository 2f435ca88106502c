using BenchmarkDotNet.Attributes;
using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Benchmarks.Host;

/// <summary>Square products at awkward and at whole sizes, by the devices of this machine and by the loop everybody writes first.</summary>
public class ProductBenchmarks
{
    private Device? _device;
    private Tensor? _a;
    private Tensor? _b;
    private Tensor? _y;
    private float[] _left = [];
    private float[] _right = [];
    private float[] _result = [];

    [Params(33, 257, 512)]
    public int Size { get; set; }

    [ParamsSource(nameof(Engines))]
    public string Engine { get; set; } = "";

    public static IEnumerable<string> Engines => [.. HostBenchmarks.Devices, "loop"];

    [GlobalSetup]
    public void Open()
    {
        using var cpu = DeviceTable.Create("cpu", new());
        (_left, _right, _result) = (new float[Size * Size], new float[Size * Size], new float[Size * Size]);
        using (var noise = HostBenchmarks.Noise(cpu, Size, Size, 1))
            cpu.Download(noise, _left.AsSpan());
        using (var noise = HostBenchmarks.Noise(cpu, Size, Size, 2))
            cpu.Download(noise, _right.AsSpan());
        if (Engine == "loop")
            return;
        _device = DeviceTable.Create(Engine, new());
        (_a, _b, _y) = (
            HostBenchmarks.Noise(_device, Size, Size, 1), HostBenchmarks.Noise(_device, Size, Size, 2), _device.Allocate(Size, Size));
    }

    [Benchmark]
    public void MatMul()
    {
        if (_device == null)
        {
            Loop();
            return;
        }

        _device.MatMul(_a!, _b!, _y!);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Close()
    {
        _a?.Dispose();
        _b?.Dispose();
        _y?.Dispose();
        _device?.Dispose();
    }

    private void Loop()
    {
        for (var i = 0; i < Size; i++)
        {
            for (var j = 0; j < Size; j++)
            {
                var sum = 0f;
                for (var k = 0; k < Size; k++)
                    sum += _left[i * Size + k] * _right[k * Size + j];
                _result[i * Size + j] = sum;
            }
        }
    }
}
