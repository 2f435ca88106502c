using System.Text.Json.Nodes;
using Emergence.Capture;
using Emergence.Information;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;

namespace Emergence.Reports;

/// <summary>All seeds of one cell together. Bits.</summary>
/// <param name="Bits">Mean over seeds; NaN if a seed failed.</param>
/// <param name="ExactBits">I_emp; the same for every seed.</param>
/// <param name="SdBits">SD over seeds; NaN of one.</param>
/// <param name="Seeds">How many.</param>
/// <param name="Verdict">The worst of any seed.</param>
internal readonly record struct SeedMean(double Bits, double ExactBits, double SdBits, int Seeds, Verdict Verdict);

/// <summary>A run as its pictures and words need it: seeds averaged, layers and positions as they were asked for.</summary>
internal sealed class RunSummary
{
    // Share of the largest IE over layers from which on meaning counts as formed.
    private const double FormedShare = 0.9;

    private readonly Dictionary<(CaptureKind Kind, int Layer, int Position), SeedMean> _means;

    public RunSummary(RunResults results)
    {
        Results = results;
        Labels = results.Labels;
        Example = results.Example;
        _means = results.Cells.GroupBy(c => (c.Cell.Kind, c.Cell.Boundary, c.Cell.Position)).ToDictionary(g => g.Key, g => Mean([.. g]));
        Layers = [.. results.Cells.Select(c => c.Cell.Boundary).Distinct().Order()];
        Positions = [.. results.Cells.Select(c => c.Cell.Position).Distinct().Order()];
    }

    public RunResults Results { get; }

    /// <summary>Layers measured: layer l turns boundary l into boundary l+1.</summary>
    public IReadOnlyList<int> Layers { get; }

    public IReadOnlyList<int> Positions { get; }

    /// <summary>One name per position of the data, also of positions that were not measured.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The tokens of one sequence, to have something to look at.</summary>
    public IReadOnlyList<string> Example { get; }

    public bool IsExact => Results.Estimator == "exact";

    /// <summary>Values are of another kind than the exact one, and no shortfall of it.</summary>
    public bool IsNoisy => Results.Estimator == NoisyChannel.EstimatorName;

    public IEnumerable<((CaptureKind Kind, int Layer, int Position) Cell, SeedMean Mean)> Means
        => _means.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value));

    /// <summary>The last part of a folder or of org/name.</summary>
    public string ModelName => Results.Model.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries)[^1];

    /// <summary>E(T) at the last token, or null if no IE could be computed.</summary>
    public EmergenceMean? Last => Results.Means.Count > 0 ? Results.Means[^1] : null;

    /// <summary>IE by layer after the last token.</summary>
    public IReadOnlyList<EmergenceRow> LastRows =>
        [.. Results.Emergence.Where(row => row.Tokens == Last?.Tokens).OrderBy(row => row.Boundary)];

    /// <summary>The first layer with most of the largest IE after the last token.</summary>
    public int FormedAt
    {
        get
        {
            var largest = LastRows.Max(row => row.Bits.Mean);
            return LastRows.First(row => row.Bits.Mean >= largest - (1 - FormedShare) * Math.Abs(largest)).Boundary;
        }
    }

    /// <summary>What each token adds: E(T) - E(T-1) for consecutive T, and E(1) itself.</summary>
    public IReadOnlyList<(int Tokens, double Bits)> Steps
    {
        get
        {
            var mean = Results.Means.ToDictionary(m => m.Tokens, m => m.Bits.Mean);
            return [.. Results.Means.Where(m => m.Tokens == 1 || mean.ContainsKey(m.Tokens - 1))
                .Select(m => (m.Tokens, m.Tokens == 1 ? m.Bits.Mean : m.Bits.Mean - mean[m.Tokens - 1]))];
        }
    }

    public SeedMean? At(CaptureKind kind, int layer, int position) =>
        _means.TryGetValue((kind, layer, position), out var mean) ? mean : null;

    /// <summary>Whether the macro cell at T-1 and the micro cells below T, which IE(l, T) stands on, are there.</summary>
    public bool IsMeasured(int layer, int tokens) =>
        At(CaptureKind.Macro, layer, tokens - 1) != null && Enumerable.Range(0, tokens).All(t => At(CaptureKind.Micro, layer, t) != null);

    /// <summary>A position by its name.</summary>
    public string Label(int position) => position < Labels.Count ? Pictures.Labels.Token(Labels[position]) : $"t{position}";

    /// <summary>The token of the example at a position.</summary>
    public string Token(int position) => position < Example.Count ? Pictures.Labels.Token(Example[position]) : "";

    /// <summary>A value of the manifest by its path, or null.</summary>
    public JsonNode? Manifest(params ReadOnlySpan<string> path)
    {
        JsonNode? node = Results.Manifest;
        foreach (var name in path)
            node = (node as JsonObject)?[name];
        return node;
    }

    private static SeedMean Mean(IReadOnlyList<CellResult> seeds) => new(
        seeds.Average(s => s.Information.MiBits),
        seeds[0].Information.ExactBits,
        seeds[0].Information.SdBits,
        seeds.Count,
        seeds.Max(s => s.Information.Verdict));
}
