using System.Text;
using BenchmarkDotNet.Attributes;
using Emergence.Files.Safetensors;
using Emergence.Measurement.Run;

namespace Emergence.Benchmarks.Host;

/// <summary>Reading weights, and what a finished cell costs: a line that is on the disk before it counts.</summary>
public class FileBenchmarks
{
    private readonly byte[] _line = Encoding.UTF8.GetBytes(
        """{"kind":"macro","boundary":4,"position":3,"estimator":"s-mine","seed":1,"mi_bits":9.2288186904958804,"steps":400}""");

    private readonly string _weights = HostBenchmarks.Repository("samples/stories260k/model.safetensors");
    private SafetensorsFile? _file;
    private Journal? _journal;
    private string _largest = "";
    private string _folder = "";

    [GlobalSetup]
    public void Open()
    {
        _file = SafetensorsFile.Open(_weights);
        _largest = _file.Tensors.MaxBy(tensor => tensor.Value.Shape.Aggregate(1L, (count, size) => count * size)).Key;
        _folder = Directory.CreateTempSubdirectory("emergence-benchmark-").FullName;
        _journal = Journal.Open(Path.Combine(_folder, "results.jsonl")).Journal;
    }

    [Benchmark]
    public int SafetensorsHeader()
    {
        using var file = SafetensorsFile.Open(_weights);
        return file.Tensors.Count;
    }

    [Benchmark]
    public float[] SafetensorsLargestTensor() => _file!.ReadSingles(_largest);

    [Benchmark]
    public void JournalAppend() => _journal!.Append(_line);

    [GlobalCleanup]
    public void Close()
    {
        _file?.Dispose();
        _journal?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
