using Emergence.Measurement.Grid;
using Emergence.Measurement.Run;
using Emergence.Messages;

namespace Emergence.Measurement.Shards;

/// <summary>How far a shard of a run is, whoever measured its cells.</summary>
/// <param name="Shard">Which.</param>
/// <param name="Finished">Its cells that have values, in any journal.</param>
/// <param name="Cells">All of its cells.</param>
/// <param name="Files">Its starts, in order.</param>
internal sealed record ShardStatus(Shard Shard, int Finished, int Cells, IReadOnlyList<ShardFile> Files)
{
    public bool IsMissing => Finished < Cells;

    /// <summary>Every shard of every count that the run was shared out by.</summary>
    public static IReadOnlyList<ShardStatus> Read(string folder)
    {
        var (manifest, journals, _) = RunFolder.Read(folder);
        var settings = manifest["settings"]!;
        var (positions, seeds) = (settings["positions"]!.AsArray().Count, (int)settings["seeds"]!);
        int[] boundaries = [.. settings["boundaries"]!.AsArray().Select(boundary => (int)boundary!)];
        ulong[] keys = [.. Enumerable.Range(0, seeds).Select(i => (ulong)settings["seed"]! + (ulong)i)];
        var finished = journals.Cells.Where(cell => cell.Information.Failure == null).CountBy(cell => (cell.Cell.Boundary, cell.Cell.Seed))
            .ToDictionary();
        return
        [
            .. from count in journals.Shards.Select(file => file.Shard.Count).Distinct().Order()
               from number in Enumerable.Range(1, count)
               let shard = new Shard(number, count)
               let units = shard.Units(boundaries, keys)
               select new ShardStatus(shard, units.Sum(unit => finished.GetValueOrDefault(unit)), units.Count * CellGrid.Kinds * positions,
                   [.. journals.Shards.Where(file => file.Shard == shard).OrderBy(file => file.Attempt)]),
        ];
    }

    /// <summary>What is to be submitted again, as schedulers take it: 3,7-9; empty if nothing is.</summary>
    public static string Missing(IEnumerable<ShardStatus> shards) =>
        NumberList.Ranges(shards.Where(shard => shard.IsMissing).Select(shard => shard.Shard.Number));
}
