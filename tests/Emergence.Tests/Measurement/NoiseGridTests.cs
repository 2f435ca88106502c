using System.Text.Json;
using Emergence.Capture;
using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Noise;
using Emergence.Information.Statistics;
using Emergence.Measurement.Grid;
using Emergence.Models;
using Emergence.Tests.Information;
using Emergence.Tokenizers;

namespace Emergence.Tests.Measurement;

/// <summary>Real states read through noise: against an independent program, and how surely layers are ranked.</summary>
public sealed class NoiseGridTests
{
    private const int LastWord = 2;

    /// <summary>The prototype drew 400 times: four of its standard errors, which are below 1.5 bits over the root of 400.</summary>
    private const double Tolerance = 4 * 1.5 / 20;

    [Theory]
    [InlineData("iso", NoiseScale.Isotropic)]
    [InlineData("norm", NoiseScale.Normed)]
    public void Values_are_those_of_an_independent_program(string name, NoiseScale scale)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(TestData.Large("reference/noisy.json")));
        var expected = json.RootElement.GetProperty("stories260k").GetProperty("t2").GetProperty(name).EnumerateObject()
            .ToDictionary(row => int.Parse(row.Name), row => row.Value.EnumerateArray().Select(value => value.GetDouble()).ToArray());
        var cells = Measure(new NoiseSettings([0.5, 1, 2, 4, 8], scale), seeds: 1, Words(600));
        foreach (var (boundary, bits) in expected)
        {
            var cell = cells.Single(cell => cell.Cell == new Cell(CaptureKind.Macro, boundary - 1, LastWord, "exact", 1));
            foreach (var (sigma, value) in new[] { 0.5, 1, 2, 4, 8 }.Zip(bits))
                Assert.InRange(cell.Information.Noise.Single(own => own.Sigma == sigma).Bits, value - Tolerance, value + Tolerance);
        }
    }

    /// <summary>The order of the layers is the model's: other draws, and another half of the sequences, leave it as it is.</summary>
    [Fact]
    public void Layers_are_ranked_alike_by_other_draws_and_other_halves()
    {
        var data = Words(600);
        var settings = new NoiseSettings([1, 2], NoiseScale.Isotropic);
        var whole = Measure(settings, seeds: 2, data, "noisy-channel");
        double[][] orders =
        [
            Ranked(whole, seed: 1), Ranked(whole, seed: 2), Ranked(Measure(settings, 1, Half(data, 0), "noisy-channel"), seed: 1),
            Ranked(Measure(settings, 1, Half(data, 1), "noisy-channel"), seed: 1),
        ];
        Assert.All(orders.Skip(1), order => Assert.True(RankCorrelation.Of(orders[0], order).Rho > 0.9));
    }

    /// <summary>IE at sigma 1 of each layer after the last word.</summary>
    private static double[] Ranked(IReadOnlyList<CellResult> cells, ulong seed) =>
    [
        .. Enumerable.Range(0, 5).Select(layer => Bits(cells, CaptureKind.Macro, layer, LastWord, seed)
            - Enumerable.Range(0, LastWord + 1).Average(t => Bits(cells, CaptureKind.Micro, layer, t, seed))),
    ];

    private static double Bits(IReadOnlyList<CellResult> cells, CaptureKind kind, int layer, int position, ulong seed) =>
        cells.Single(cell => cell.Cell == new Cell(kind, layer, position, "noisy-channel", seed)).Information.MiBits;

    private static Dataset Words(int sequences)
    {
        var folder = ModelReference.Resolve("stories260k");
        return DatasetTable.Create("words", Tokenizer.Load(folder),
            new DatasetOptions { Shots = 2, ModelFolder = folder, Sequences = sequences });
    }

    private static Dataset Half(Dataset data, int half) => new(data.Name, data.TokenizerIdentity, data.Length,
        [.. Enumerable.Range(0, data.Count).Where(n => n % 2 == half).SelectMany(n => data[n].ToArray())])
    {
        ShotLength = data.ShotLength, Available = data.Available, Labels = data.Labels,
    };

    private static List<CellResult> Measure(NoiseSettings noise, int seeds, Dataset data, string estimator = "exact")
    {
        using var device = Cells.Open("cpu");
        using var model = LanguageModel.Load(ModelReference.Resolve("stories260k"), device);
        var grid = new CellGrid(model.Layers, data.Length, EstimatorTable.Find(estimator), null, "0-2", 1, seeds);
        var cells = new List<CellResult>();
        new GridRun(model, data, grid, CriticPreset.Small, MicroPosition.Zero, noise).Run(_ => false, cells.Add, CancellationToken.None);
        return cells;
    }
}
