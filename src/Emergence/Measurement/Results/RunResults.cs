using System.Text.Json.Nodes;
using Emergence.Information;
using Emergence.Information.Noise;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Run;

namespace Emergence.Measurement.Results;

/// <summary>Everything a finished or unfinished run says, in the order of its tables.</summary>
public sealed class RunResults
{
    public RunResults(JsonObject manifest, IReadOnlyList<CellResult> cells)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        Manifest = manifest;
        Estimator = (string)manifest["settings"]!["estimator"]!;
        Cells = [.. cells.GroupBy(cell => cell.Cell with { Seed = 0 }).SelectMany(WithSpread).OrderBy(cell => cell.Cell)];
        var values = EmergenceValue.Compute(Cells).ToList();
        Emergence = [.. values.GroupBy(value => (value.Boundary, value.Tokens)).Select(seeds => EmergenceRow.Of(seeds, Cells))];
        var means = new List<EmergenceMean>();
        foreach (var group in values.GroupBy(value => value.Tokens).OrderBy(group => group.Key))
            means.Add(EmergenceMean.Of(group, Emergence.Where(row => row.Tokens == group.Key), ShotLength, means));
        Means = means;
    }

    /// <summary>The content of manifest.json: what was asked for, and with what it was answered.</summary>
    public JsonObject Manifest { get; }

    /// <summary>By kind, boundary, position, estimator, seed; the SD over seeds is known to each.</summary>
    public IReadOnlyList<CellResult> Cells { get; }

    /// <summary>IE(l, T), by boundary and number of tokens; only if all cells it needs have values.</summary>
    public IReadOnlyList<EmergenceRow> Emergence { get; }

    /// <summary>E(T), by number of tokens.</summary>
    public IReadOnlyList<EmergenceMean> Means { get; }

    /// <summary>Relations held against the estimator; empty if that was not asked for.</summary>
    public IReadOnlyList<ConsistencyCheck> SelfCheck { get; init; } = [];

    /// <summary>What is wrong with journals of which only the intact part was read, or null.</summary>
    public string? Damage { get; init; }

    public string Model => (string)Manifest["settings"]!["model"]!;

    public string Data => (string)Manifest["data"]!["name"]!;

    /// <summary>Name of the estimator of the cells.</summary>
    public string Estimator { get; private init; }

    /// <summary>Sizes of the noise that the run was asked to read its cells through, rising; none of a run that was not.</summary>
    public IReadOnlyList<double> Sigmas =>
        [.. (Manifest["settings"]?["sigma"] as JsonArray ?? []).Select(sigma => (double)sigma!)];

    /// <summary>Units of the noise.</summary>
    public string Noise => (string?)Manifest["settings"]?["noise"] ?? NoiseScales.Names[0];

    /// <summary>N.</summary>
    public int Sequences => (int)Manifest["data"]!["sequences"]!;

    /// <summary>The sequences are all there are.</summary>
    public bool IsEnumeration => (bool)Manifest["data"]!["enumeration"]!;

    /// <summary>Tokens of a shot; 0 if there are none.</summary>
    public int ShotLength => (int)Manifest["data"]!["shot_length"]!;

    /// <summary>L: the model has boundaries 0 .. L.</summary>
    public int Layers => (int)Manifest["model"]!["layers"]!;

    /// <summary>How the model's weights are packed, e.g. "gptq, 4 bits, groups of 128"; null if they are stored plain.</summary>
    public string? Quantization => (string?)Manifest["model"]!["quantization"];

    /// <summary>One name per position.</summary>
    public IReadOnlyList<string> Labels => [.. Manifest["data"]!["labels"]!.AsArray().Select(label => (string)label!)];

    /// <summary>Text of each token of the first sequence.</summary>
    public IReadOnlyList<string> Example => [.. Manifest["data"]!["example"]!.AsArray().Select(text => (string)text!)];

    /// <summary>Cells that the manifest asks for and the journal does not have.</summary>
    public int MissingCells => (int)Manifest["cells"]! - Cells.Count;

    /// <summary>3: some cells failed; 4: a trained cell ended at its step limit without levelling; 0: neither.</summary>
    public ExitCode ExitCode =>
        Cells.Any(cell => cell.Information.Verdict == Verdict.Failed) ? ExitCode.SomeCellsFailed
        : Cells.Any(cell => cell.Information.EndedEarly) ? ExitCode.NotConverged
        : ExitCode.Ok;

    /// <summary>This run with the noisy channel as its estimator: every cell at one size of the noise; empty if none was read at
    /// it.</summary>
    public RunResults At(double sigma) =>
        new(Manifest, [.. Cells.Select(cell => cell.At(sigma)).OfType<CellResult>()]) { Estimator = NoisyChannel.EstimatorName };

    /// <summary>Reads a run folder, also one that is being written.</summary>
    /// <param name="path">RUN.</param>
    /// <param name="damage">What is wrong with its journals, or null; cells before the damage are read.</param>
    public static RunResults Read(string path, out string? damage)
    {
        var (manifest, journals, selfCheck) = RunFolder.Read(path);
        damage = journals.Damage;
        return new RunResults(manifest, [.. journals.Cells]) { SelfCheck = selfCheck };
    }

    private static IEnumerable<CellResult> WithSpread(IEnumerable<CellResult> seeds)
    {
        var cells = seeds.ToList();
        return cells.Zip(SeedSpread.Apply([.. cells.Select(cell => cell.Information)]), (cell, information) =>
            cell with { Information = information });
    }
}
