using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Measurement.Grid;
using Emergence.Models;

namespace Emergence.Measurement.Results;

/// <summary>The self-consistency battery of <c>measure --self-check</c>: at the first, the middle and the last layer measured.</summary>
internal static class SelfCheck
{
    public static IReadOnlyList<ConsistencyCheck> Run(LanguageModel model, Dataset data, CellGrid grid, CriticPreset preset,
        MicroPosition microPosition, Action<int> progress, CancellationToken cancellation)
    {
        var boundaries = new SortedSet<int> { grid.Boundaries[0], grid.Boundaries[grid.Boundaries.Count / 2], grid.Boundaries[^1] };
        var position = grid.Positions[^1];
        var passes = new MacroMicroPasses(data, model.Config, microPosition);
        var lines = new List<ConsistencyCheck>();
        foreach (var (l, x, y) in new BoundaryPairs(model, passes, boundaries).OfMacro(
            rows => passes.Macro[position].Classes(model.Device, rows), cancellation))
        {
            var joint = new JointClasses(x, y, data.IsEnumeration);
            progress(l);
            lines.AddRange(SelfConsistency.Check(model.Device, grid.Estimator, joint, preset, grid.Seeds, (uint)l + 1, cancellation)
                .Select(check => check with { Boundary = l, Position = position }));
        }

        return lines;
    }

    public static byte[] Write(IReadOnlyList<ConsistencyCheck> lines) =>
        [.. RecordJson.Write(lines, RecordJson.Indented.IReadOnlyListConsistencyCheck), (byte)'\n'];

    public static IReadOnlyList<ConsistencyCheck> Read(byte[] bytes) =>
        RecordJson.Read(bytes, RecordJson.Default.IReadOnlyListConsistencyCheck);
}
