using System.Diagnostics;
using Emergence.Devices.Critics;

namespace Emergence.Devices;

/// <content>Waiting for work, and how long it takes.</content>
public abstract partial class Device
{
    /// <summary>Version of the driver; none for a device that needs none.</summary>
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

    /// <summary>Bytes and FLOPs of the kernels of a critic's forward pass, and of its backward pass behind it, as far as they are known.</summary>
    internal virtual IReadOnlyDictionary<string, (double Bytes, double Flops)> KernelWork(CriticShape shape, int xRows, int yRows, int pairs, bool backward) =>
        new Dictionary<string, (double Bytes, double Flops)>();

    /// <summary>The same of a step of training.</summary>
    internal virtual IReadOnlyDictionary<string, (double Bytes, double Flops)> KernelWork(CriticTraining training) => new Dictionary<string, (double Bytes, double Flops)>();

    /// <summary>Seconds of every kernel that the work launches, in order; none where there are no kernels.</summary>
    internal virtual IReadOnlyList<(string Kernel, double Seconds)> Trace(Action work)
    {
        work();
        return [];
    }
}
