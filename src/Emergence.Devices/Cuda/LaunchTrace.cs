using Emergence.Devices.Cuda.Driver;

namespace Emergence.Devices.Cuda;

/// <summary>Every launch between two events, whose own time of some microseconds is in the result.</summary>
internal sealed class LaunchTrace(CudaContext context) : IDisposable
{
    private readonly List<(KernelRow Kernel, CudaEvent Start, CudaEvent End)> _launches = [];

    /// <summary>To be called before a launch; the event it returns is to be recorded behind it.</summary>
    public CudaEvent Begin(KernelRow kernel, CudaStream stream)
    {
        CudaEvent start = new(context), end = new(context);
        _launches.Add((kernel, start, end));
        start.Record(stream);
        return end;
    }

    /// <summary>Seconds of each launch, once all are done.</summary>
    public IReadOnlyList<(string Kernel, double Seconds)> Times() =>
        [.. _launches.Select(launch => (launch.Kernel.Name, 1e-3 * launch.End.MillisecondsSince(launch.Start)))];

    public void Dispose()
    {
        foreach (var (_, start, end) in _launches)
        {
            start.Dispose();
            end.Dispose();
        }
    }
}
