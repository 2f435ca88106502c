using Emergence.Capture;
using Emergence.Information;
using Emergence.Messages;

namespace Emergence.Measurement.Grid;

/// <summary>The cells of a measurement: both kinds at every chosen boundary and position, with every seed.</summary>
public sealed class CellGrid
{
    /// <summary>Macro and micro.</summary>
    internal const int Kinds = 2;

    /// <param name="layers">L; boundaries are 0 .. L-1.</param>
    /// <param name="length">T of the data; positions are 0 .. T-1.</param>
    /// <param name="estimator">The way to find each value.</param>
    /// <param name="boundaries">E.g. "0,3,10-12"; null: all.</param>
    /// <param name="positions">A list of positions such as "0,2-4"; null: all.</param>
    /// <param name="seed">The first seed.</param>
    /// <param name="seeds">How many; an estimator that is not random takes one.</param>
    public CellGrid(int layers, int length, Estimator estimator, string? boundaries, string? positions, ulong seed, int seeds)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        if (seeds < 1)
            throw new EmergenceException($"seeds: expected 1 or more, found {seeds}", ExitCode.Usage);
        Boundaries = Parse("boundary", boundaries, layers, $"the model has boundaries 0 to {layers}, and a cell lies between two of them");
        Positions = Parse("position", positions, length, $"a sequence of the data has {length} tokens");
        Estimator = estimator;
        Seeds = [.. Enumerable.Range(0, estimator.IsRandom ? seeds : 1).Select(i => seed + (ulong)i)];
    }

    public IReadOnlyList<int> Boundaries { get; }

    public IReadOnlyList<int> Positions { get; }

    public Estimator Estimator { get; }

    public IReadOnlyList<ulong> Seeds { get; }

    public int Count => Kinds * Boundaries.Count * Positions.Count * Seeds.Count;

    /// <summary>All cells, in the order of tables.</summary>
    public IEnumerable<Cell> Cells =>
        from kind in new[] { CaptureKind.Macro, CaptureKind.Micro }
        from boundary in Boundaries
        from position in Positions
        from seed in Seeds
        select new Cell(kind, boundary, position, Estimator.Name, seed);

    internal static int[] Parse(string what, string? list, int count, string limits)
    {
        if (string.IsNullOrWhiteSpace(list))
            return [.. Enumerable.Range(0, count)];
        var chosen = new SortedSet<int>();
        foreach (var part in list.Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !int.TryParse(ends[0], out var first) || !int.TryParse(ends[^1], out var last) || last < first)
                throw new EmergenceException($"{what} '{Printable.Escape(part)}': expected numbers and ranges, e.g. 0,3,10-12",
                    ExitCode.Usage);
            if (last >= count)
                throw new EmergenceException($"no {what} {last}: choose 0 to {count - 1} ({limits})", ExitCode.Usage);
            chosen.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return [.. chosen];
    }
}
