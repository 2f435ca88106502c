using System.Globalization;
using Emergence.Measurement.Grid;
using Emergence.Messages;

namespace Emergence.Measurement.Shards;

/// <summary>
/// The part of a grid that one task of an array measures. A unit is a boundary with a seed, all positions and both kinds
/// together; units are in the order of boundaries, and a shard is a range of them, so that each runs the model no further
/// than its last boundary. Which shard finds a cell decides about no value: the count may change between submissions.
/// </summary>
/// <param name="Number">K, from 1.</param>
/// <param name="Count">N.</param>
public sealed record Shard(int Number, int Count)
{
    public const string Auto = "auto";

    // First task, last task and step of an array of Slurm; completions of an Indexed Job of Kubernetes count from 0.
    private const string SlurmTask = "SLURM_ARRAY_TASK_ID", SlurmCount = "SLURM_ARRAY_TASK_COUNT", SlurmFirst = "SLURM_ARRAY_TASK_MIN",
        SlurmLast = "SLURM_ARRAY_TASK_MAX", SlurmStep = "SLURM_ARRAY_TASK_STEP";
    private const string JobIndex = "JOB_COMPLETION_INDEX", JobCount = "JOB_COMPLETIONS";

    public override string ToString() => FormattableString.Invariant($"{Number}/{Count}");

    /// <summary>K/N, or "auto": what the scheduler says.</summary>
    public static Shard Parse(string text) => Parse(text, Environment.GetEnvironmentVariable);

    internal static Shard Parse(string text, Func<string, string?> variable)
    {
        if (text == Auto)
            return OfScheduler(variable);
        var parts = text.Split('/');
        return parts.Length == 2 && Whole(parts[0]) is { } number && Whole(parts[1]) is { } count && number >= 1 && number <= count
            ? new(number, count)
            : throw new EmergenceException($"--shard {Printable.Escape(text)}: expected K/N with K from 1 to N, or {Auto}", ExitCode.Usage);
    }

    /// <summary>Its units: all of them are shared out, however many there are, and a shard may get none.</summary>
    public IReadOnlyList<(int Boundary, ulong Seed)> Units(IReadOnlyList<int> boundaries, IReadOnlyList<ulong> seeds)
    {
        ArgumentNullException.ThrowIfNull(boundaries);
        ArgumentNullException.ThrowIfNull(seeds);
        var all = (long)boundaries.Count * seeds.Count;
        var (start, end) = ((int)(all * (Number - 1) / Count), (int)(all * Number / Count));
        return [.. Enumerable.Range(start, end - start).Select(unit => (boundaries[unit / seeds.Count], seeds[unit % seeds.Count]))];
    }

    /// <summary>Its cells, in the order of tables.</summary>
    internal IReadOnlyList<Cell> Cells(CellGrid grid)
    {
        var units = Units(grid.Boundaries, grid.Seeds).ToHashSet();
        return [.. grid.Cells.Where(cell => units.Contains((cell.Boundary, cell.Seed)))];
    }

    private static Shard OfScheduler(Func<string, string?> variable)
    {
        if (Whole(variable(SlurmTask)) is { } task && Whole(variable(SlurmCount)) is { } tasks)
        {
            var (first, last) = (Whole(variable(SlurmFirst)) ?? 0, Whole(variable(SlurmLast)) ?? tasks - 1);
            var step = Whole(variable(SlurmStep)) is > 0 and var given ? given : 1;

            // Of an array with gaps, as a part is submitted again, the task knows neither its place nor the whole.
            if (first + step * (tasks - 1) != last || (task - first) % step != 0)
                throw new EmergenceException(
                    $"--shard {Auto}: expected an array without gaps, found {tasks} tasks from {first} to {last}; say which shard of how "
                    + $"many, e.g. --shard ${SlurmTask}/8", ExitCode.Usage);
            return new((task - first) / step + 1, tasks);
        }

        return Whole(variable(JobIndex)) is { } index && Whole(variable(JobCount)) is { } completions && index < completions
            ? new(index + 1, completions)
            : throw new EmergenceException(
                $"--shard {Auto}: expected {SlurmTask} and {SlurmCount}, or {JobIndex} and {JobCount}, found neither; say K/N",
                ExitCode.Usage);
    }

    private static int? Whole(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : null;
}
