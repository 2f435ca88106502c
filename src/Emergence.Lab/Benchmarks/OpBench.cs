using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Lab.Benchmarks;

/// <summary>One op at one size.</summary>
/// <param name="Op">Name of the device's method.</param>
/// <param name="Shape">What it is given, in words.</param>
/// <param name="Bytes">What it must read and write at least, every operand once.</param>
/// <param name="Flops">Floating-point operations, a multiply-add as two; 0 if bytes are all that counts.</param>
/// <param name="Prepare">Makes inputs of its own and returns the call.</param>
internal sealed record OpBench(string Op, string Shape, double Bytes, double Flops, Func<BenchInputs, Action> Prepare);

/// <summary>Random inputs of one or more sets, freed together.</summary>
internal sealed class BenchInputs(Device device, int seed) : IDisposable
{
    private const int PatternLength = 1 << 20;

    private static readonly float[] s_pattern = Pattern();

    private readonly List<IDisposable> _owned = [];
    private int _next = seed;

    public Device Device => device;

    /// <summary>Uniform in -1 .. 1, never zeros: processors are faster, and cooler, on zeros.</summary>
    public Tensor Random(int rows, int columns, float scale = 1)
    {
        var tensor = Keep(device.Allocate(rows, columns));
        var count = Math.Clamp(PatternLength / Math.Max(1, columns), 1, rows);
        if (count == rows)
        {
            device.Upload(Part(rows * columns, scale), tensor);
            return tensor;
        }

        // Large ones are rows of a small one, put together on the device: the bus is slow.
        using var part = device.Allocate(count, columns);
        device.Upload(Part(count * columns, scale), part);
        var random = new Random(_next++);
        using var index = device.AllocateIndices([.. Enumerable.Range(0, rows).Select(_ => random.Next(count))]);
        device.GatherRows(part, index, tensor);
        device.Synchronize();
        return tensor;
    }

    /// <summary>Positive, with the sum 1.</summary>
    public Tensor Weights(int rows)
    {
        var tensor = Keep(device.Allocate(rows, 1));
        device.Upload(Enumerable.Repeat(1f / rows, rows).ToArray(), tensor);
        return tensor;
    }

    public Tensor Indices(int count, int limit)
    {
        var random = new Random(_next++);
        return Indices([.. Enumerable.Range(0, count).Select(_ => random.Next(limit))]);
    }

    public Tensor Indices(int[] values) => Keep(device.AllocateIndices(values));

    public T Keep<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    public void Dispose()
    {
        foreach (var owned in _owned)
            owned.Dispose();
    }

    private static float[] Pattern()
    {
        var (random, values) = (new Random(1), new float[PatternLength]);
        for (var i = 0; i < values.Length; i++)
            values[i] = 2 * random.NextSingle() - 1;
        return values;
    }

    /// <summary>A piece of the pattern that starts elsewhere each time; a row may be longer than the pattern.</summary>
    private float[] Part(int count, float scale)
    {
        var values = new float[count];
        var at = (int)((uint)_next++ * 2_654_435_761u % PatternLength);
        for (var i = 0; i < count; i++, at = at + 1 == PatternLength ? 0 : at + 1)
            values[i] = scale * s_pattern[at];
        return values;
    }
}
