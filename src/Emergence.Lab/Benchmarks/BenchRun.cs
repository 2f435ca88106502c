using System.Diagnostics;
using Emergence.Devices;

namespace Emergence.Lab.Benchmarks;

/// <summary>Measures a device, one op after the other; what does not fit into its memory is left out and said.</summary>
internal sealed class BenchRun(Device device, double seconds, Action<string> progress, CancellationToken cancellation)
{
    /// <summary>For the samples of each row.</summary>
    public double Seconds => seconds;

    public CancellationToken Cancellation => cancellation;

    private const int MostSets = 512;

    private const int StepsOfCall = 50;

    private readonly List<BenchRow> _rows = [];
    private readonly List<string> _skipped = [];
    private readonly BenchSize _size = BenchSizes.Of(device);

    /// <summary>Inputs of this size together are in no cache of today's processors and GPUs (L2 of 50 to 126 MB). Tiny ones go the same way in less.</summary>
    private double ColdBytes => _size.For(64e3, 256e6, 256e6);

    public IReadOnlyList<BenchRow> Rows => _rows;

    /// <summary>What could not be measured, with its reason.</summary>
    public IReadOnlyList<string> Skipped => _skipped;

    public Roof Roof { get; private set; }

    /// <summary>The roofs first: every share refers to them.</summary>
    public void MeasureRoof()
    {
        var (copies, products) = OpBenches.Roofs(_size);
        foreach (var bench in copies.Concat(products))
            Try("roof", bench.Op, bench.Shape, () => Warm("roof", bench));
        var roofs = _rows.Where(row => row.Kind == "roof").ToList();
        Roof = new(roofs.Where(row => row.Flops == 0).Select(row => row.Bytes / row.Time.Median).DefaultIfEmpty(double.NaN).Max(), roofs.Where(row => row.Flops > 0).Select(row => row.Flops / row.Time.Median).DefaultIfEmpty(double.NaN).Max());
    }

    public void Measure(OpBench bench) => Try("op", bench.Op, bench.Shape, () =>
    {
        Warm("op", bench);
        Cold(bench);
    });

    /// <summary>Whole steps on the host's clock: what a user waits for.</summary>
    public void Measure(StepBench bench) => Try("step", bench.Name, bench.Shape, () =>
    {
        using var inputs = new BenchInputs(device, 1);
        var training = bench.Prepare(inputs);

        // As many steps a call as between two looks of a measurement, fewer where they are long.
        device.Train([training], 1);
        var each = (int)Math.Clamp(seconds / 5 / Math.Max(1e-9, Train(1).Device), 1, StepsOfCall);
        Train(each);
        var samples = new List<WorkTime>();
        for (var used = 0.0; samples.Count < 3 || (used < seconds && samples.Count < 1_000); used += samples[^1].Device)
        {
            cancellation.ThrowIfCancellationRequested();
            samples.Add(Train(each));
        }

        _rows.Add(new("step", bench.Name, "", bench.Shape, "", Timing.Of(samples, each), 0, bench.Flops));

        AddKernels(new(bench.Name, bench.Shape, 0, bench.Flops, _ => () => { }) { Kernels = _ => device.KernelWork(training) }, "warm", [() => device.Train([training], 1)]);

        WorkTime Train(int steps)
        {
            var watch = Stopwatch.StartNew();
            device.Train([training], steps);
            var queued = watch.Elapsed.TotalSeconds;
            device.Synchronize();
            return new(watch.Elapsed.TotalSeconds, queued);
        }
    });

    /// <summary>What something else than this part of the program measures.</summary>
    public void Measure(string kind, string op, string shape, Func<BenchRow> measure) => Try(kind, op, shape, () => _rows.Add(measure()));

    private void Warm(string kind, OpBench bench)
    {
        using var inputs = new BenchInputs(device, 1);
        var call = bench.Prepare(inputs);
        _rows.Add(new(kind, bench.Op, "", bench.Shape, "warm", Timing.Of(device, [call], seconds, cancellation), bench.Bytes, bench.Flops));
        if (kind == "op")
            AddKernels(bench, "warm", [call]);
    }

    private void Cold(OpBench bench)
    {
        // What is not known in bytes has inputs of many sizes; what is too small would need too many sets.
        var sets = 1 + Math.Ceiling(ColdBytes / bench.Bytes);
        if (!(sets <= MostSets))
            return;
        using var inputs = new BenchInputs(device, 2);
        Action[] calls = [.. Enumerable.Range(0, (int)sets).Select(_ => bench.Prepare(inputs))];
        _rows.Add(new("op", bench.Op, "", bench.Shape, "cold", Timing.Of(device, calls, seconds, cancellation), bench.Bytes, bench.Flops));
        AddKernels(bench, "cold", calls);
    }

    /// <summary>The kernels that a call launches, calls in turn; the launches of one kernel count together. A single one does all of the op's work.</summary>
    private void AddKernels(OpBench bench, string cache, Action[] calls)
    {
        var repeats = _size == BenchSize.Tiny ? 3 : 15;
        var samples = new Dictionary<string, List<WorkTime>>();
        for (var i = 0; i < repeats; i++)
        {
            foreach (var kernel in device.Trace(calls[i % calls.Length]).GroupBy(launch => launch.Kernel, launch => launch.Seconds))
            {
                if (!samples.TryGetValue(kernel.Key, out var own))
                    samples[kernel.Key] = own = [];
                own.Add(new(kernel.Sum(), 0));
            }
        }

        var known = samples.Count > 1 ? bench.Kernels?.Invoke(device) : null;
        foreach (var (kernel, own) in samples)
        {
            var (bytes, flops) = samples.Count == 1 ? (bench.Bytes, bench.Flops) : known?.GetValueOrDefault(kernel) ?? default;
            _rows.Add(new("kernel", bench.Op, kernel, bench.Shape, cache, Timing.Of(own, 1), bytes, flops));
        }
    }

    private void Try(string kind, string op, string shape, Action work)
    {
        cancellation.ThrowIfCancellationRequested();
        progress($"{kind} {op} {shape}");
        try
        {
            work();
        }
        catch (EmergenceException error) when (error.ExitCode != ExitCode.TryAgain)
        {
            _skipped.Add($"{kind} {op} {shape}: {error.Message}");
        }
    }
}
