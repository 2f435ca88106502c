using Emergence.Devices.Tensors;

namespace Emergence.Devices.Packed;

/// <summary>Bytes in the host's memory, as they lie in a file.</summary>
/// <param name="Memory">Holds them.</param>
/// <param name="Start">First byte.</param>
/// <param name="Length">Number of bytes.</param>
public sealed record PackedBytes(HostBuffer Memory, long Start, long Length)
{
    /// <summary>Bytes start .. start + count - 1; zeros behind the last.</summary>
    public ulong Read(long start, int count)
    {
        var value = 0UL;
        var there = (int)Math.Min(count, Length - start);
        var bytes = Memory.Slice(Start + start, there);
        for (var i = 0; i < there; i++)
            value |= (ulong)bytes[i] << (8 * i);
        return value;
    }
}
