using System.IO.MemoryMappedFiles;

namespace Emergence.Devices.Tensors;

/// <summary>
/// Memory of the host whose bytes lie in a file: pages come when they are touched, and are given up on request. On systems that
/// let an open file be without a name it has none, so that nothing is left behind however the process ends.
/// </summary>
public sealed unsafe class MappedBuffer : Buffer
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    private MappedBuffer(MemoryMappedFile file, MemoryMappedViewAccessor view, nint address, long byteLength)
        : base(address, byteLength) => (_file, _view) = (file, view);

    /// <summary>Zero at the start. All of the file's space is taken at once if the file system can do so: a disk that is full then
    /// says so here, as an <see cref="IOException"/>.</summary>
    public static MappedBuffer Create(string path, long byteLength)
    {
        byteLength = Math.Max(1, byteLength);
        var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None,
            OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None, byteLength);
        try
        {
            if (!OperatingSystem.IsWindows())
                File.Delete(path);
            var file = MemoryMappedFile.CreateFromFile(handle, null, byteLength, MemoryMappedFileAccess.ReadWrite,
                HandleInheritability.None, leaveOpen: false);
            var view = file.CreateViewAccessor(0, byteLength);
            byte* address = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
            return new(file, view, (nint)address, byteLength);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Gives up the pages that are in memory; what was written to them stays in the file.</summary>
    public void Rest() => HostPages.GiveUp(Address, ByteLength);

    protected override bool ReleaseHandle()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        return true;
    }
}
