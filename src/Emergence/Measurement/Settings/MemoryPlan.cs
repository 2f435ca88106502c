using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;
using Emergence.Measurement.Grid;
using Emergence.Models;

namespace Emergence.Measurement.Settings;

/// <summary>What a measurement puts into the memory of its device, all beside each other, in bytes.</summary>
public sealed record MemoryPlan
{
    /// <summary>As they are stored.</summary>
    public required long Weights { get; init; }

    /// <summary>Two boundaries of both passes, and which row continues which.</summary>
    public required long Boundaries { get; init; }

    /// <summary>The inside of a block for a tile of rows of each pass, and what its products hold.</summary>
    public required long Forward { get; init; }

    /// <summary>Rows of the tile of the pass with more of them.</summary>
    public required int TileRows { get; init; }

    /// <summary>Trainings side by side: as many as fit, at most what the device takes or the grid has.</summary>
    public required int Critics { get; init; }

    /// <summary>Inputs of so many trainings.</summary>
    public required long Inputs { get; init; }

    /// <summary>State and workspace of the largest training.</summary>
    public required long Critic { get; init; }

    /// <summary>What trainings leave free.</summary>
    public required long Reserved { get; init; }

    /// <summary>Of the device, before anything is there.</summary>
    public required long Free { get; init; }

    /// <summary>All that is to be there; of trainings at least one where there are any.</summary>
    public long Needed => Weights + Boundaries + Forward + Inputs + Critics * Critic + (Critic > 0 ? Reserved : 0);

    public bool Fits => Needed <= Free;

    /// <summary>On the device that the plan opened.</summary>
    public static MemoryPlan Of(MeasurementPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return Of(plan.Device, plan.Config, plan.Data, plan.Grid, plan.Preset,
            new TokenPasses(plan.Data, plan.Config, plan.Settings.MicroPosition));
    }

    internal static MemoryPlan Of(Device device, ModelConfig config, Dataset data, CellGrid grid, CriticPreset preset, TokenPasses passes)
    {
        var (free, weights) = (device.AvailableBytes, config.EstimateBytes);
        var (boundaries, forward, tileRows) = (0L, 0L, 0);
        foreach (var rows in (int[])[passes.MacroForest.Count, passes.MicroForest.Count])
        {
            boundaries += BoundaryStream.BoundaryBytes(config, device, rows) + 4L * rows * sizeof(int);
            var inside = BoundaryStream.InsideBytes(
                config, device, rows, BoundaryStream.TileBytes(Math.Max(0, free - weights - boundaries - forward)));
            forward += inside;
            tileRows = Math.Max(tileRows, (int)(inside / BlockMemory.BytesPerRow(device, config.Shape)));
        }

        var classes = passes.Macro.Max(units => units.Count);
        var result = new MemoryPlan
        {
            Weights = weights,
            Boundaries = boundaries,
            Forward = forward + ScratchBytes(device, config, tileRows),
            TileRows = tileRows,
            Critics = 0,
            Inputs = 0,
            Critic = grid.Estimator.TrainingBytes(device, preset, classes, data.Count, config.Width),
            Reserved = device.ReservedBytes,
            Free = free,
        };
        if (result.Critic == 0)
            return result;

        // A side with one class has no information, and nothing is trained.
        var cells = grid.Boundaries.Count * grid.Positions.Sum(t =>
            (passes.Macro[t].Count > 1 ? 1L : 0) + (passes.SameMicro[t] == t && passes.Micro[t].Count > 1 ? 1 : 0));
        var input = 2L * classes * grid.Estimator.InputColumns(preset, classes, config.Width) * device.ComputeType.Size();
        return result.WithCritics((int)Math.Min(device.TrainingsAtOnce, cells * grid.Seeds.Count), critics =>
            input * Math.Min(cells, CellsOf(critics, grid.Seeds.Count)));
    }

    private MemoryPlan WithCritics(int limit, Func<int, long> inputs)
    {
        var all = With(limit);
        while (!all.Fits && all.Critics > 1)
            all = With(all.Critics - 1);
        return all;

        MemoryPlan With(int critics) => this with { Critics = critics, Inputs = inputs(critics) };
    }

    /// <summary>Cells that so many neighbouring trainings belong to at most; the seeds of a cell share its inputs.</summary>
    private static int CellsOf(int critics, int seeds) => critics == 0 ? 0 : 1 + (critics + seeds - 2) / seeds;

    /// <summary>What the products of a block hold beside their operands, one after the other.</summary>
    private static long ScratchBytes(Device device, ModelConfig config, int rows)
    {
        var type = config.StoredType switch { "bfloat16" => DType.BFloat16, "float16" => DType.Float16, _ => DType.Float32 };
        var matrices = WeightPlan.Of(config)
            .Where(weight => weight.Sizes.Length == 2 && weight.Name.StartsWith(config.Shape.Names.Block, StringComparison.Ordinal))
            .Select(weight => (weight.Rows, weight.Columns)).Distinct();
        using var plan = device.Plan();
        foreach (var (outputs, inputs) in matrices)
        {
            using var x = plan.Device.Allocate(rows, inputs);
            using var weight = plan.Device.Allocate(type, outputs, inputs);
            using var y = plan.Device.Allocate(rows, outputs);
            plan.Device.MatMul(x, weight, y, transposeB: true);
        }

        return plan.Bytes;
    }
}
