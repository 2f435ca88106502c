using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>
/// Memory through which bytes of a file reach a device, time and again: one thread fills it and sends what is complete, ops of another
/// thread use it, then it is filled anew. This one is for a device that shares the host's memory: nothing is sent.
/// </summary>
public class Staging : IDisposable
{
    public Staging(HostBuffer memory) => Memory = memory;

    /// <summary>Where the bytes are written, after <see cref="Begin"/>; they stay there until the next one.</summary>
    public HostBuffer Memory { get; }

    /// <summary>The memory will be written to: waits until what was sent from it has left.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>These bytes are complete. They get to the device when no op before <see cref="Leave"/> uses what was there.</summary>
    public virtual void Send(long start, long bytes)
    {
    }

    /// <summary>Ops that are called from now on find all that was sent.</summary>
    public virtual void Enter()
    {
    }

    /// <summary>Ops that are called from now on do not use what is there.</summary>
    public virtual void Leave()
    {
    }

    /// <summary>A dense (rows, columns) of the bytes from <paramref name="start"/> on, for ops.</summary>
    public virtual Tensor View(long start, DType type, int rows, int columns) => Tensor.View(Memory, start, type, rows, columns);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            Memory.Dispose();
    }
}

/// <summary>Memory of a device with one way into it, that of ops: all goes there before they begin.</summary>
internal sealed class CopiedStaging : Staging
{
    private const int Piece = 1 << 10;

    private readonly Device _device;
    private readonly Tensor _copy;
    private long _sent;

    public CopiedStaging(Device device, long bytes)
        : base(new HostBuffer(Ceiling.Multiple(bytes, Piece * sizeof(int))))
    {
        _device = device;
        _copy = device.Allocate(DType.Int32, checked((int)(Memory.ByteLength / (Piece * sizeof(int)))), Piece);
    }

    public override void Begin() => _sent = 0;

    public override void Send(long start, long bytes) => _sent = Math.Max(_sent, start + bytes);

    public override void Enter()
    {
        var rows = (int)Ceiling.Of(_sent, Piece * sizeof(int));
        _device.Fill(_copy.RowRange(0, rows), (offset, destination) => Memory.Slice(offset, destination.Length).CopyTo(destination));
    }

    public override Tensor View(long start, DType type, int rows, int columns) =>
        Tensor.View(_copy.Buffer, start, type, rows, columns);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _copy.Dispose();
        base.Dispose(disposing);
    }
}
