using System.Text;
using System.Text.Json.Nodes;
using Emergence.Measurement.Run;

namespace Emergence.Tests.Measurement;

/// <summary>A file system of 64 kB.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly SmallDisk _disk = SmallDisk.Mount("64k");

    public void Dispose() => _disk.Dispose();

    [Fact]
    public void What_was_written_before_stays_and_writing_goes_on_when_there_is_space_again()
    {
        var filler = Path.Combine(_disk.Path, "filler");
        File.WriteAllBytes(filler, new byte[32 << 10]);
        var path = Path.Combine(_disk.Path, "results.jsonl");
        var written = 0;
        var (journal, _) = Journal.Open(path);
        var error = Assert.Throws<EmergenceException>(() =>
        {
            for (; written < 10_000; written++)
                journal.Append(Line(written));
        });
        journal.Dispose();

        Assert.Equal(ExitCode.Disk, error.ExitCode);
        Assert.Contains("the disk is full", error.Message);
        Assert.True(written > 10);

        File.Delete(filler);
        (journal, var content) = Journal.Open(path);
        journal.Append(Line(written));
        journal.Dispose();
        Assert.Equal(Enumerable.Range(0, written).Select(i => Encoding.UTF8.GetString(Line(i))),
            content.Lines.Select(Encoding.UTF8.GetString));
        Assert.Equal(written + 1, Journal.Read(path).Lines.Count);
    }

    [Fact]
    public void A_run_does_not_start_where_there_is_no_space()
    {
        var error = Assert.Throws<EmergenceException>(() => RunFolder.Open(Path.Combine(_disk.Path, "run"), new JsonObject()));

        Assert.Equal(ExitCode.Disk, error.ExitCode);
        Assert.Contains("bytes of disk are needed", error.Message);
    }

    private static byte[] Line(int i) => Encoding.UTF8.GetBytes($$"""{"cell":{{i}},"text":"{{new string('x', 200)}}"}""");
}
