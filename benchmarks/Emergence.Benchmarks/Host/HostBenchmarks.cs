using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Benchmarks.Host;

/// <summary>
/// The host's own parts by BenchmarkDotNet: <c>--filter '*Tokenizer*'</c>, <c>--job short</c> and the rest of its options. The
/// harness by turns stays for peers that are other processes.
/// </summary>
internal static class HostBenchmarks
{
    public static void Run(string[] options)
    {
        var config = ManualConfig.Create(DefaultConfig.Instance)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddColumn(StatisticColumn.Median)
            .AddExporter(JsonExporter.Brief)
            .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(48))
            .WithArtifactsPath(Path.Combine("build", "benchmarks"));

        // In this process: a project of its own would take a build for every run.
        BenchmarkSwitcher.FromAssembly(typeof(HostBenchmarks).Assembly).Run([.. options, "--inProcess"], config);
    }

    /// <summary>The devices that can be timed here: the processor's own, and OpenCL on it or a GPU where there is one.</summary>
    public static IEnumerable<string> Devices => DeviceTable.Rows.Where(row => row.Name is "cpu" or "ilgpu").Select(row => row.Name)
        .Where(name =>
        {
            try
            {
                using var device = DeviceTable.Create(name, new());
                return true;
            }
            catch (EmergenceException)
            {
                return false;
            }
        });

    /// <summary>A matrix of numbers between -scale and scale.</summary>
    public static Tensor Noise(Device device, int rows, int columns, int seed, float scale = 1)
    {
        var random = new Random(seed);
        var values = new float[rows * columns];
        for (var i = 0; i < values.Length; i++)
            values[i] = scale * (2 * random.NextSingle() - 1);
        var tensor = device.Allocate(rows, columns);
        device.Upload(values, tensor);
        return tensor;
    }

    /// <summary>A file of the repository.</summary>
    public static string Repository(string path) => Path.Combine(PeerProcess.FindRepository(), path);
}
