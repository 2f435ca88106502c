using System.Diagnostics;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Cuda.Listings;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>Times on the device's own clock.</content>
public sealed unsafe partial class CudaDevice
{
    /// <summary>Where the kernel driver says its own version; "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  ...".</summary>
    private const string VersionFile = "/proc/driver/nvidia/version";

    private List<(KernelRow Kernel, CudaEvent Start, CudaEvent End)>? _trace;

    public override string? DriverVersion
    {
        get
        {
            if (Driver.IsEmulated)
                return null;
            var kernel = File.Exists(VersionFile) ? File.ReadLines(VersionFile).First().Split(' ').FirstOrDefault(word => Version.TryParse(word, out _)) : null;
            return $"{(kernel == null ? "" : $"{kernel}, ")}CUDA {Driver.Version / 1000}.{Driver.Version % 1000 / 10}";
        }
    }

    public override void Synchronize() => Queue.Stream.Synchronize();

    internal override WorkTime Time(Action work)
    {
        using CudaEvent start = new(_context), end = new(_context);
        Queue.Stream.Synchronize();
        var watch = Stopwatch.StartNew();
        start.Record(Queue.Stream);
        work();
        end.Record(Queue.Stream);
        var queued = watch.Elapsed.TotalSeconds;
        end.Synchronize();
        return new(1e-3 * end.MillisecondsSince(start), queued);
    }

    internal override IReadOnlyDictionary<string, (double Bytes, double Flops)> KernelWork(CriticShape shape, int xRows, int yRows, int pairs, bool backward)
    {
        if (_arithmetic == DType.BFloat16)
            return new StepWork(new(shape, xRows, yRows, pairs, HopperPairs != null), Hopper != null).ByKernel(backward);
        var step = new SingleStepWork(shape, xRows, yRows, pairs, Hopper != null);
        return StepWork.ByKernel(backward ? [.. step.Forward(), .. step.Backward()] : step.Forward());
    }

    internal override IReadOnlyDictionary<string, (double Bytes, double Flops)> KernelWork(CriticTraining training) => StepWork.ByKernel(StepWork.Of(training, Hopper != null));

    /// <summary>Every launch between two events, whose own time of some microseconds is in the result.</summary>
    internal override IReadOnlyList<(string Kernel, double Seconds)> Trace(Action work)
    {
        var trace = _trace = [];
        try
        {
            work();
            Queue.Stream.Synchronize();
            return [.. trace.Select(launch => (launch.Kernel.Name, 1e-3 * launch.End.MillisecondsSince(launch.Start)))];
        }
        finally
        {
            _trace = null;
            foreach (var (_, start, end) in trace)
            {
                start.Dispose();
                end.Dispose();
            }
        }
    }

    private void LaunchTraced(KernelRow kernel, Grid grid, int cluster, ReadOnlySpan<CudaTensorMap> maps, ReadOnlySpan<KernelArgument> arguments)
    {
        CudaEvent start = new(_context), end = new(_context);
        _trace!.Add((kernel, start, end));
        start.Record(Queue.Stream);
        if (maps.IsEmpty)
            Queue.Launch(_kernels[kernel], grid, arguments);
        else
            Queue.Launch(_kernels[kernel], grid, cluster, maps, arguments);
        end.Record(Queue.Stream);
    }
}
