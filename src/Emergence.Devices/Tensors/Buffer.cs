using System.Runtime.InteropServices;

namespace Emergence.Devices.Tensors;

/// <summary>Memory of a device; freed once, by <see cref="IDisposable.Dispose"/> or by the finalizer.</summary>
public abstract class Buffer : SafeHandle
{
    protected Buffer(nint address, long byteLength)
        : base(0, ownsHandle: true)
    {
        SetHandle(address);
        ByteLength = byteLength;
    }

    /// <summary>First byte, in the address space of the device that made the buffer.</summary>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    public long ByteLength { get; }

    public override bool IsInvalid => handle == 0;
}

/// <summary>Host memory outside the garbage collector, aligned to 64 bytes, zero at the start unless a driver gave it.</summary>
public unsafe class HostBuffer : Buffer
{
    private const int Alignment = 64;

    public HostBuffer(long byteLength)
        : base((nint)Allocate(byteLength), byteLength)
    {
        GC.AddMemoryPressure(Math.Max(1, byteLength));
    }

    /// <summary>Memory that a driver gave, freed by the derived class.</summary>
    private protected HostBuffer(nint address, long byteLength)
        : base(address, byteLength)
    {
    }

    /// <summary>Bytes offset .. offset + count - 1; not to be used after the buffer is freed.</summary>
    public Span<byte> Slice(long offset, int count)
    {
        if (offset < 0 || count < 0 || offset > ByteLength - count)
            throw new ArgumentOutOfRangeException(nameof(offset), $"bytes {offset} .. {offset + count} of {ByteLength}");
        return new((byte*)Address + offset, count);
    }

    private static void* Allocate(long byteLength)
    {
        var padded = Padded(byteLength);
        if (HostPages.Serve(padded))
        {
            var mapped = HostPages.Map(padded);
            return mapped != null ? mapped : throw OutOfMemory(byteLength, null);
        }

        try
        {
            var memory = NativeMemory.AlignedAlloc((nuint)padded, Alignment);
            NativeMemory.Clear(memory, (nuint)byteLength);
            return memory;
        }
        catch (OutOfMemoryException error)
        {
            throw OutOfMemory(byteLength, error);
        }
    }

    /// <summary>Whole vectors may be read at the end of a row, so the length is padded to a vector.</summary>
    private static long Padded(long byteLength) => Ceiling.Multiple(Math.Max(1, byteLength), Alignment);

    private static EmergenceException OutOfMemory(long byteLength, Exception? inner) =>
        new($"out of host memory: needs {byteLength:N0} more bytes", inner: inner) { IsOutOfMemory = true };

    protected override bool ReleaseHandle()
    {
        var padded = Padded(ByteLength);
        if (HostPages.Serve(padded))
            HostPages.Unmap((void*)handle, padded);
        else
            NativeMemory.AlignedFree((void*)handle);
        GC.RemoveMemoryPressure(Math.Max(1, ByteLength));
        return true;
    }
}
