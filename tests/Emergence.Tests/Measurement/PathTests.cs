using Emergence.Capture;
using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Devices.Cpu;
using Emergence.Information;
using Emergence.Measurement.Grid;
using Emergence.Models;
using Emergence.Tests.Devices;
using Emergence.Tests.Information;
using Emergence.Tokenizers;

namespace Emergence.Tests.Measurement;

public sealed class PathTests
{
    /// <summary>Through the model and the trainings: nodes with other vector instructions measure the same bytes.</summary>
    [Fact]
    public void Every_path_of_the_processor_gives_the_same_cells()
    {
        var folder = ModelReference.Resolve("stories260k");
        var data = DatasetTable.Create("words", Tokenizer.Load(folder),
            new DatasetOptions { Shots = 2, ModelFolder = folder, Sequences = 40 });
        var grid = new CellGrid(5, data.Length, EstimatorTable.Find("s-mine"), "1,4", null, 1, 2);

        var first = Run(CpuDevice.Paths[0]);

        Assert.All(CpuDevice.Paths.Skip(1), path => Assert.Equal(first, Run(path)));

        string[] Run(string path)
        {
            using var device = TestDevices.Create($"cpu/{path}", 1);
            using var model = LanguageModel.Load(folder, device);
            var results = new List<string>();
            new GridRun(model, data, grid, Cells.Sampling with { StepLimit = 50 }, MicroPosition.Zero,
                NoiseSettings.Parse("0.5,2", "isotropic")).Run(_ => false, result =>
                results.Add($"{result.Cell} {Cells.Bytes(result.Information)} {string.Join(' ', result.Information.Noise)} "
                    + $"{result.Information.Failure}"), CancellationToken.None);
            return [.. results.Order(StringComparer.Ordinal)];
        }
    }
}
