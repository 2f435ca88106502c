using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>
/// A device on which nothing is computed. What is allocated on it takes no memory but is counted. A GPU's ops go through the code
/// that launches, and what they would launch is written down.
/// </summary>
public sealed class DevicePlan : IDisposable
{
    /// <summary>Allocations begin at its multiples and never overlap, so that addresses tell what they tell on a device.</summary>
    private const int Alignment = 256;

    private readonly List<KernelLaunch> _launches = [];
    private long _end = Alignment;
    private long _bytes;
    private long _most;

    internal DevicePlan(Func<DevicePlan, Device> create) => Device = create(this);

    /// <summary>To be used like any other device; the values of results mean nothing.</summary>
    public Device Device { get; }

    /// <summary>What is allocated now, the memory that ops hold for themselves included.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>The most that is allocated at a time while <paramref name="work"/> is done, beside what was there before.</summary>
    public long MostBytesOf(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var before = _most = Bytes;
        work();
        return _most - before;
    }

    /// <summary>What <paramref name="work"/> launches, in order; nothing on a device that has no kernels.</summary>
    public IReadOnlyList<KernelLaunch> LaunchesOf(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var first = _launches.Count;
        work();
        return _launches[first..];
    }

    public void Dispose() => Device.Dispose();

    internal void Add(KernelLaunch launch) => _launches.Add(launch);

    internal CountedBuffer Allocate(long bytes)
    {
        bytes = Math.Max(1, bytes);
        var address = _end;
        _end += Ceiling.Multiple(bytes, Alignment);
        return new(this, (nint)address, bytes);
    }

    /// <summary>
    /// Memory that is not there. It keeps the integers that are uploaded into it: by them code may decide what it launches.
    /// </summary>
    internal sealed class CountedBuffer : Tensors.Buffer
    {
        private readonly DevicePlan _plan;
        private byte[]? _integers;

        public CountedBuffer(DevicePlan plan, nint address, long byteLength)
            : base(address, byteLength)
        {
            _plan = plan;
            plan._most = Math.Max(plan._most, Interlocked.Add(ref plan._bytes, byteLength));
        }

        public static void Upload(ReadOnlySpan<byte> source, Tensor destination)
        {
            if (destination.Type != DType.Int32 || source.IsEmpty)
                return;
            var buffer = (CountedBuffer)destination.Buffer;
            buffer._integers ??= new byte[buffer.ByteLength];
            source.CopyTo(buffer._integers.AsSpan((int)(destination.Address - buffer.Address)));
        }

        /// <summary>Integers as they were uploaded into a dense tensor, else zeros.</summary>
        public static void Download(Tensor source, Span<byte> destination)
        {
            var buffer = (CountedBuffer)source.Buffer;
            if (source.Type == DType.Int32 && source.IsDense && buffer._integers is { } integers)
                integers.AsSpan((int)(source.Address - buffer.Address), destination.Length).CopyTo(destination);
            else
                destination.Clear();
        }

        protected override bool ReleaseHandle()
        {
            Interlocked.Add(ref _plan._bytes, -ByteLength);
            return true;
        }
    }
}
