using Emergence.Tests.Cli;

namespace Emergence.Tests.Measurement;

/// <summary>A file system of its own, where this process may mount one; the calling test is skipped elsewhere.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static SmallDisk Mount(string size = "4m")
    {
        var folder = TestData.TemporaryFolder();
        if (!OperatingSystem.IsLinux() || !Child.Succeeds("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", folder))
            Assert.Skip("this process may not mount a small file system");
        return new SmallDisk(folder);
    }

    public void MakeReadOnly() => Assert.True(Child.Succeeds("mount", "-o", "remount,ro", Path));

    public void Dispose() => Child.Succeeds("umount", "--lazy", Path);
}
