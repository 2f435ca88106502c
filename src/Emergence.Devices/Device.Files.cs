using System.Runtime.InteropServices;
using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <content>Rows that lie in a file of the host (<see cref="HostDevice.AllocateMapped"/>), for a device with memory of its own.</content>
public abstract unsafe partial class Device
{
    /// <summary>Copies rows of a file into a dense tensor of the same shape and type.</summary>
    public void UploadFromFile(Tensor source, Tensor destination)
    {
        Upload(Mapped(source, destination), destination);
        HostDevice.Rest(source);
    }

    /// <summary>Copies a tensor into rows of a file, of the same shape and type, after all earlier work on it.</summary>
    public void DownloadToFile(Tensor source, Tensor destination)
    {
        Download(source, Mapped(destination, source));
        HostDevice.Rest(destination);
    }

    /// <summary>Gathers on the host, so many rows at a time.</summary>
    private void GatherFromFile(Tensor source, Tensor rows, Tensor destination)
    {
        const int StagingBytes = 1 << 24;
        var width = source.Columns * source.Type.Size();
        var numbers = new int[rows.Rows];
        Download(rows, MemoryMarshal.AsBytes(numbers.AsSpan()));
        var most = (int)Math.Clamp(StagingBytes / Math.Max(1, width), 1, Math.Max(1, numbers.Length));
        var staging = new byte[(long)most * width];
        for (var start = 0; start < numbers.Length; start += most)
        {
            var count = Math.Min(most, numbers.Length - start);
            for (var i = 0; i < count; i++)
            {
                new ReadOnlySpan<byte>((byte*)source.Address + (long)numbers[start + i] * source.RowStride * source.Type.Size(), width)
                    .CopyTo(staging.AsSpan(i * width));
            }

            Upload(staging.AsSpan(0, count * width), destination.RowRange(start, count));
            HostDevice.Rest(source);
        }
    }

    private static Span<byte> Mapped(Tensor mapped, Tensor like)
    {
        Require(mapped.Buffer is MappedBuffer && mapped.IsDense && like.IsDense && SameShape(mapped, like) && mapped.Type == like.Type,
            nameof(MappedBuffer), "dense rows in a file, and as many on the device", mapped, like);
        return new((void*)mapped.Address, checked((int)(mapped.Count * mapped.Type.Size())));
    }
}
