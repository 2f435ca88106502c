using System.Diagnostics;
using Emergence.Capture;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files;
using Emergence.Models;
using Emergence.Tests.Devices;
using Emergence.Tests.Measurement;

namespace Emergence.Tests.Capture;

/// <summary>Rows that lie in files instead of in memory.</summary>
public sealed class ScratchTests
{
    private static readonly int[][] Sequences = [[5, 6, 7, 5], [5, 6, 9, 1], [3, 3, 8, 2], [11, 0, 4, 4]];

    [Theory]
    [InlineData("cpu")]
    [InlineData("reference")]
    [InlineData("emulator")]
    [InlineData("ilgpu")]
    public void Rows_on_the_disk_give_the_same_bytes_and_leave_nothing(string deviceName)
    {
        using var device = TestDevices.Create(deviceName, threads: 2);
        using var model = LanguageModel.Load(TestData.Golden("models/gpt2"), device);
        var expected = Captured(model);
        model.Scratch = Path.Combine(TestData.TemporaryFolder(), "scratch");
        model.KeepsRowsOnDisk = true;
        Assert.Equal(expected, Captured(model));
        Assert.Empty(Directory.GetFiles(model.Scratch));

        // One row at a time, whose ancestors come from the file.
        using var stream = new BoundaryStream(model, PrefixForest.Macro(Sequences), workBytes: 1);
        Assert.All(stream.Run(), boundary => Assert.IsType<MappedBuffer>(boundary.Rows.Buffer));
        Assert.Equal(1, stream.ChunkRows);
    }

    [Fact]
    public void What_is_given_up_comes_back()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "rows");
        using var tensor = HostDevice.AllocateMapped(path, DType.Float32, 3000, 700);
        using var device = DeviceTable.Create("cpu", new());
        Assert.False(File.Exists(path));
        var values = Enumerable.Range(0, 3000 * 700).Select(i => (float)i).ToArray();
        device.Upload((ReadOnlySpan<float>)values, tensor);
        HostDevice.Rest(tensor);
        var found = new float[values.Length];
        device.Download(tensor, found);
        Assert.Equal(values, found);

        int[] rows = [2999, 0, 17, .. Enumerable.Range(0, 3000).Reverse()];
        using var indices = device.AllocateIndices(rows);
        using var gathered = device.Allocate(rows.Length, 700);
        device.GatherRows(tensor, indices, gathered);
        var taken = new float[rows.Length * 700];
        device.Download(gathered, taken);
        Assert.Equal(rows.SelectMany(row => values.Skip(row * 700).Take(700)), taken);
    }

    [Fact]
    public void A_disk_without_room_says_what_was_needed()
    {
        using var disk = SmallDisk.Mount("1m");
        using var device = DeviceTable.Create("cpu", new());
        using var model = LanguageModel.Load(TestData.Golden("models/gpt2"), device);
        (model.Scratch, model.KeepsRowsOnDisk) = (disk.Path, true);
        var many = Enumerable.Range(0, 10_000).Select(i => new[] { i % 384, i / 384 }).ToArray();
        var error = Assert.Throws<EmergenceException>(() => new BoundaryStream(model, PrefixForest.Macro(many)));
        Assert.Equal(ExitCode.Disk, error.ExitCode);

        // 384 tokens and 10,000 pairs of 48 numbers.
        Assert.Contains($"{(384 + 10_000) * 48 * 4:N0} bytes of disk are needed", error.Message);
        Assert.Empty(Directory.GetFiles(disk.Path));
    }

    /// <summary>Before a folder is made or a file.</summary>
    [Fact]
    public void A_run_is_held_against_the_disk_with_all_its_files()
    {
        using var disk = SmallDisk.Mount("1m");
        var later = Path.Combine(disk.Path, "not", "yet");
        ScratchFile.Require(later, 1 << 19);
        var error = Assert.Throws<EmergenceException>(() => ScratchFile.Require(later, 3 << 20));
        Assert.Equal(ExitCode.Disk, error.ExitCode);
        Assert.StartsWith($"{later}: {3 << 20:N0} bytes of disk are needed for rows that do not fit into memory, ", error.Message,
            StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
    }

    [Fact]
    public void A_folder_for_scratch_files_is_no_file()
    {
        var file = Path.Combine(TestData.TemporaryFolder(), "file");
        File.WriteAllText(file, "");
        var error = Assert.Throws<EmergenceException>(() =>
            LanguageModel.Load(TestData.Golden("models/gpt2"), DeviceTable.Create("cpu", new()), new() { Scratch = file }));
        Assert.Equal((ExitCode.Usage, $"--scratch '{file}': expected a folder at {file}, found a file"), (error.ExitCode, error.Message));
    }

    [Fact]
    public void What_a_crash_left_is_removed_by_the_next_process()
    {
        var folder = TestData.TemporaryFolder();
        using var ended = Process.Start("true");
        ended.WaitForExit();
        using var running = Process.Start("sleep", "60");
        string[] names =
        [
            Name(Environment.MachineName, ended.Id), Name(Environment.MachineName, running.Id), Name("elsewhere", ended.Id), "notes.txt",
        ];
        foreach (var name in names)
            File.WriteAllText(Path.Combine(folder, name), "");
        var path = ScratchFile.Name(folder, 1);
        Assert.StartsWith(folder, path, StringComparison.Ordinal);
        Assert.NotEqual(path, ScratchFile.Name(folder, 1));
        Assert.Equal(names[1..].Order(StringComparer.Ordinal), Directory.GetFiles(folder).Select(file => Path.GetFileName(file)!)
            .Order(StringComparer.Ordinal));
        running.Kill();

        static string Name(string host, int process) => $"{host}.{process}.{Guid.NewGuid():N}.emergence-scratch";
    }

    private static byte[] Captured(LanguageModel model)
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "capture.safetensors");
        CaptureFile.Write(model, Sequences, CaptureKind.Macro, logits: true, path);
        return File.ReadAllBytes(path);
    }
}
