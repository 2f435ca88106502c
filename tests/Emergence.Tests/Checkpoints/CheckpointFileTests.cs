using System.Diagnostics;
using System.Globalization;
using Emergence.Checkpoints;
using Emergence.Devices.Tensors;
using Emergence.Files;
using Emergence.Files.Safetensors;
using static Emergence.Tests.Checkpoints.Forge;

namespace Emergence.Tests.Checkpoints;

/// <summary>Rows 38 and 41: what is not a plain file, and files that change under the reader.</summary>
public sealed class CheckpointFileTests
{
    [Fact]
    public void Row_38_a_named_pipe_is_refused_without_waiting_for_a_writer()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "named pipes are recognised on Linux");
        var folder = TestData.TemporaryFolder();
        var path = Path.Combine(folder, "model.safetensors");
        using (var process = Process.Start("mkfifo", [path]))
            process.WaitForExit();
        Assert.Equal($"{path}: not a regular file but a named pipe", Message(() => SafetensorsFile.Open(path).Dispose()));
        Assert.Equal($"{path}: not a regular file but a named pipe", Message(() => Checkpoint.Open(folder).Dispose()));
        Assert.Equal($"{path}: expected a model folder, it is a named pipe", Message(() => Checkpoint.Open(path).Dispose()));
    }

    [Fact]
    public void Row_38_a_device_is_refused_also_behind_a_link()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "devices are recognised on Linux");
        Assert.Equal("/dev/zero: not a regular file but a character device", Message(() => SafetensorsFile.Open("/dev/zero").Dispose()));
        var link = Link("/dev/zero");
        Assert.Equal($"{link} (a link to /dev/zero): not a regular file but a character device",
            Message(() => SafetensorsFile.Open(link).Dispose()));
    }

    [Fact]
    public void Row_38_a_folder_in_place_of_the_file_is_refused()
    {
        var folder = TestData.TemporaryFolder();
        var path = Path.Combine(folder, "model.safetensors");
        Directory.CreateDirectory(path);
        Assert.Equal($"{path}: not a regular file but a folder", Message(() => Checkpoint.Open(folder).Dispose()));
    }

    [Fact]
    public void Row_38_a_link_to_a_file_is_followed_and_errors_name_the_target()
    {
        using (var file = SafetensorsFile.Open(Link(Write(Singles("t", 1, 2), "blob"))))
            Assert.Equal([1, 2], file.ReadSingles("t"));
        var broken = Write([1, 2, 3], "blob");
        var link = Link(broken);
        Assert.StartsWith($"{link} (a link to {broken}): is 3 bytes", Message(() => SafetensorsFile.Open(link).Dispose()));
    }

    [Fact]
    public void Row_38_a_link_to_nothing_and_a_missing_file_say_so()
    {
        var link = Link("/nowhere/blob");
        Assert.Contains("the link leads nowhere", Message(() => SafetensorsFile.Open(link).Dispose()));
        Assert.Contains("the link leads nowhere", Message(() => Checkpoint.Open(Path.GetDirectoryName(link)!).Dispose()));
        Assert.EndsWith("no such file", Message(() => SafetensorsFile.Open("/nowhere/blob").Dispose()));
        Assert.Contains("cannot be opened", Message(() => SafetensorsFile.Open("a\0b").Dispose()));
    }

    /// <summary>The cache holds folios of many pages, which go as a whole: pieces that begin within them leave none behind.</summary>
    [Theory]
    [InlineData("tensor")]
    [InlineData("rows")]
    [InlineData("rows in another order")]
    public void What_is_read_once_leaves_the_cache_of_the_kernel(string what)
    {
        const int Rows = 768, Columns = 1 << 14, Bytes = Rows * Columns * sizeof(float), Folio = 1 << 21;
        var path = Write(Safetensors(Header(Tensor("t", "F32", $"{Rows},{Columns}", $"0,{Bytes}")), Bytes));
        using (var written = new FileStream(path, FileMode.Open, FileAccess.ReadWrite))
        {
            written.Flush(flushToDisk: true);
            Posix.Forget(written.SafeFileHandle, 0, written.Length);
        }

        if (Cached(path) != 0)
            Assert.Skip("the file system of the temporary folder keeps what is to be dropped");
        using var checkpoint = Checkpoint.Open(Path.GetDirectoryName(path)!);
        using var memory = new HostBuffer(Bytes);
        var entry = checkpoint.Tensors["t"];
        var evenThenOdd = Enumerable.Range(0, Rows).OrderBy(row => row % 2).ToArray();
        if (what == "tensor")
            checkpoint.Read(entry, memory, 0, allowNonFinite: false, once: true);
        else
            checkpoint.ReadRows(entry, what == "rows" ? null : evenThenOdd, 0, 0, memory.Slice(0, Bytes), false, once: true);
        Assert.InRange(Cached(path), 0, Folio);
    }

    [Theory]
    [InlineData("shorter", "changed during load")]
    [InlineData("longer", "changed during load: was")]
    [InlineData("touched", "changed during load: its modification time moved")]
    [InlineData("rewritten", "changed during load")]
    public void Row_41_a_file_that_changes_after_opening_is_noticed(string how, string expected)
    {
        var path = Write(Singles("t", 1, 2, 3, 4));
        File.SetLastWriteTimeUtc(path, new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        using var file = SafetensorsFile.Open(path);
        Assert.Equal([1, 2, 3, 4], file.ReadSingles("t"));
        using (var other = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            if (how == "shorter")
                other.SetLength(other.Length - 4);
            else if (how == "longer")
                other.SetLength(other.Length + 4);
            else if (how == "rewritten")
                other.Write(Singles("t", 4, 3, 2, 1));
        }

        if (how == "touched")
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        Assert.Contains(expected, Message(() => file.ReadSingles("t")));
        Assert.Contains("changed during load", Message(file.VerifyUnchanged));
    }

    [Fact]
    public void Row_41_a_short_read_names_the_tensor_and_the_byte()
    {
        var bytes = Singles("t", 1, 2, 3, 4);
        var path = Write(bytes);
        using var file = SafetensorsFile.Open(path);
        using (var other = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            other.SetLength(bytes.Length - 4);
        Assert.Contains($"changed during load: ends at byte {bytes.Length - 4} inside tensor 't'", Message(() => file.ReadSingles("t")));
    }

    private static string Link(string target)
    {
        var link = Path.Combine(TestData.TemporaryFolder(), "model.safetensors");
        File.CreateSymbolicLink(link, target);
        return link;
    }

    /// <summary>Bytes of a file that are in the kernel's cache.</summary>
    private static long Cached(string path)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/fincore"))
            Assert.Skip("fincore of util-linux is needed to look into the kernel's cache");
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/fincore", ["-b", "-n", "-o", "RES", path])
        {
            RedirectStandardOutput = true,
        })!;
        return long.Parse(process.StandardOutput.ReadToEnd(), CultureInfo.InvariantCulture);
    }
}
