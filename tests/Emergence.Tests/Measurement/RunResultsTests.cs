using System.Text.Json.Nodes;
using Emergence.Capture;
using Emergence.Information;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;

namespace Emergence.Tests.Measurement;

public sealed class RunResultsTests
{
    /// <summary>Two boundaries, two tokens, two seeds; values by boundary and seed.</summary>
    private static readonly List<CellResult> Cells =
    [
        .. from l in new[] { 0, 1 }
           from seed in new[] { 1ul, 2ul }
           from cell in new[]
           {
               Make(CaptureKind.Macro, l, 0, seed, 3),
               Make(CaptureKind.Macro, l, 1, seed, 6 + l + 0.02 * seed),
               Make(CaptureKind.Micro, l, 0, seed, 3),
               Make(CaptureKind.Micro, l, 1, seed, 1),
           }
           select cell,
    ];

    [Fact]
    public void Emergence_is_the_macro_value_minus_the_mean_micro_value_within_a_seed()
    {
        var results = new RunResults(Manifest(), Cells);

        Assert.Equal([(0, 1), (0, 2), (1, 1), (1, 2)], results.Emergence.Select(row => (row.Boundary, row.Tokens)));
        var row = results.Emergence[3];

        // Seeds give 7.02 - 2 and 7.04 - 2: mean 5.03, SD 0.02 / sqrt 2, t(.975, 1) = 12.7062, and no sampling error.
        Assert.Equal(5.03, row.Bits.Mean, 1e-12);
        Assert.Equal(0.0141421356, row.Bits.SdSeeds, 1e-9);
        Assert.Equal(5.03 - 12.7062047362 * 0.01, row.Bits.Low, 1e-9);
        Assert.Equal(0, results.Emergence[0].Bits.Mean, 1e-12);
    }

    [Fact]
    public void Means_over_boundaries_keep_seeds_and_layers_apart()
    {
        var results = new RunResults(Manifest(), Cells);

        Assert.Equal([1, 2], results.Means.Select(mean => mean.Tokens));
        var mean = results.Means[1];

        // By seed: (4.02 + 5.02) / 2 and (4.04 + 5.04) / 2; by boundary: 4.03 and 5.03.
        Assert.Equal(4.53, mean.Bits.Mean, 1e-12);
        Assert.Equal(0.02 / Math.Sqrt(2), mean.Bits.SdSeeds, 1e-9);
        Assert.Equal(1 / Math.Sqrt(2), mean.SdLayers, 1e-9);
        Assert.Equal(1, mean.Shot);
        Assert.True(double.IsNaN(mean.GainBits));
    }

    [Fact]
    public void A_missing_or_failed_micro_cell_leaves_its_emergence_out()
    {
        var failed = Cells.Select(cell => cell.Cell is { Kind: CaptureKind.Micro, Position: 1, Boundary: 0 }
            ? cell with { Information = cell.Information with { MiBits = double.NaN, Failure = "failed" } } : cell).ToList();

        var results = new RunResults(Manifest(), failed);

        Assert.DoesNotContain(results.Emergence, row => row is { Boundary: 0, Tokens: 2 });
        Assert.Contains(results.Emergence, row => row is { Boundary: 1, Tokens: 2 });
        Assert.Equal(ExitCode.SomeCellsFailed, results.ExitCode);
    }

    /// <summary>The other seed still has a value, but no more says so than one that failed.</summary>
    [Fact]
    public void Emergence_is_as_doubtful_as_the_worst_of_its_cells()
    {
        var failed = Cells.Select(cell => cell.Cell is { Kind: CaptureKind.Micro, Position: 1, Boundary: 0, Seed: 1 }
            ? cell with { Information = cell.Information with { MiBits = double.NaN, Failure = "failed" } } : cell).ToList();

        var results = new RunResults(Manifest(), failed);

        Verdict Of(int boundary, int tokens) => results.Emergence.Single(row => (row.Boundary, row.Tokens) == (boundary, tokens)).Verdict;
        Assert.Equal(Verdict.Failed, Of(0, 2));
        Assert.NotEqual(Verdict.Failed, Of(0, 1));
        Assert.NotEqual(Verdict.Failed, Of(1, 2));
        Assert.Equal([Of(0, 1), Verdict.Failed], results.Means.Select(mean => mean.Verdict));
    }

    [Fact]
    public void The_code_is_4_where_a_training_ran_out_of_steps()
    {
        Assert.Equal(ExitCode.Ok, new RunResults(Manifest(), Cells).ExitCode);
        var limited = Cells.Select(cell => cell with { Information = cell.Information with { StoppedBy = StopReason.Limit } }).ToList();
        Assert.Equal(ExitCode.NotConverged, new RunResults(Manifest(), limited).ExitCode);
    }

    [Fact]
    public void Cells_are_sorted_and_know_the_spread_of_their_seeds()
    {
        var results = new RunResults(Manifest(), [.. Cells.AsEnumerable().Reverse()]);

        Assert.Equal(Cells.Select(cell => cell.Cell).Order(), results.Cells.Select(cell => cell.Cell));
        Assert.Equal(CaptureKind.Macro, results.Cells[0].Cell.Kind);
        Assert.Equal(0.0141421356, results.Cells.First(cell => cell.Cell.Position == 1).Information.SdBits, 1e-9);
        Assert.Equal(8, results.MissingCells);
    }

    private static CellResult Make(CaptureKind kind, int boundary, int position, ulong seed, double bits) =>
        new(new Cell(kind, boundary, position, "s-mine", seed), new MutualInformation
        {
            Estimator = "s-mine",
            Seed = seed,
            MiBits = bits,
            ExactBits = bits,
            HPrefixBits = bits,
            Log2N = 9,
            IsEnumeration = true,
            K = 5,
            KX = 5,
            KY = 5,
            Mu = 40,
        }, 0);

    private static JsonObject Manifest() => new()
    {
        ["settings"] = new JsonObject { ["model"] = "m", ["estimator"] = "s-mine" },
        ["model"] = new JsonObject { ["layers"] = 2 },
        ["data"] = new JsonObject { ["name"] = "d", ["sequences"] = 512, ["enumeration"] = true, ["shot_length"] = 2,
            ["labels"] = new JsonArray("a", "b") },
        ["cells"] = 24,
    };
}
