using System.Diagnostics;

namespace Emergence.Devices;

/// <content>Waiting for work, and how long it takes.</content>
public abstract partial class Device
{
    /// <summary>Version of the driver; null for a device that needs no driver.</summary>
    public virtual string? DriverVersion => null;

    /// <summary>Returns when all earlier ops are done, as they are on a host device when they return.</summary>
    public virtual void Synchronize()
    {
    }

    /// <summary>How long the device works on what is queued.</summary>
    internal virtual WorkTime Time(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        var queued = watch.Elapsed.TotalSeconds;
        Synchronize();
        return new(watch.Elapsed.TotalSeconds, queued);
    }

    /// <summary>Seconds of every kernel that the work launches, in order; empty for a device that has no kernels.</summary>
    internal virtual IReadOnlyList<(string Kernel, double Seconds)> Trace(Action work)
    {
        work();
        return [];
    }
}
