using Emergence.Measurement.Grid;
using Emergence.Measurement.Settings;

namespace Emergence.Measurement.Shards;

/// <summary>What sharing a measurement out brings.</summary>
/// <param name="Shards">N.</param>
/// <param name="Cells">Of the largest shard.</param>
/// <param name="Seconds">Of the slowest shard, at most.</param>
/// <param name="SpeedUp">Seconds of one process over these.</param>
public sealed record ShardEstimate(int Shards, int Cells, double Seconds, double SpeedUp)
{
    /// <summary>
    /// For 1, 2, 4, ... and <paramref name="most"/> shards. Every shard runs the model from the first block to behind its last
    /// boundary: that part is not shared out, and bounds what sharing brings.
    /// </summary>
    public static IReadOnlyList<ShardEstimate> Of(MeasurementPlan plan, CostEstimate cost, int most)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(cost);
        return Of(plan.Grid, cost.Times?.OfUnit ?? 0, cost.Times?.OfBlock ?? 0, most);
    }

    /// <summary>The same from what a unit's trainings and a block take.</summary>
    internal static IReadOnlyList<ShardEstimate> Of(CellGrid grid, double ofUnit, double ofBlock, int most)
    {
        var alone = Slowest(1).Seconds;
        var counts = Enumerable.Range(0, 31).Select(power => 1 << power).TakeWhile(count => count < most).Append(most);
        return [.. counts.Select(Estimate)];

        ShardEstimate Estimate(int count)
        {
            var (cells, seconds) = Slowest(count);
            return new(count, cells, seconds, seconds > 0 ? alone / seconds : 1);
        }

        (int Cells, double Seconds) Slowest(int count)
        {
            var (cells, seconds) = (0, 0.0);
            for (var number = 1; number <= count; number++)
            {
                var units = new Shard(number, count).Units(grid.Boundaries, grid.Seeds);
                if (units.Count == 0)
                    continue;
                cells = Math.Max(cells, units.Count * CellGrid.Kinds * grid.Positions.Count);
                seconds = Math.Max(seconds, units.Count * ofUnit + (units[^1].Boundary + 1) * ofBlock);
            }

            return (cells, seconds);
        }
    }
}
