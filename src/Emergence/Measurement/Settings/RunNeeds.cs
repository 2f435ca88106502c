using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;
using Emergence.Information.Noise;
using Emergence.Measurement.Grid;
using Emergence.Messages;
using Emergence.Models;

namespace Emergence.Measurement.Settings;

/// <summary>What a measurement needs of memory, by how much is free: more is taken if there is more.</summary>
internal sealed class RunNeeds(
    Device device, ModelConfig config, Dataset data, CellGrid grid, CriticPreset preset, MacroMicroPasses passes, WeightPlacement asked,
    NoiseSettings noise)
{
    /// <summary>Sides of cells that are on the host at a time: two boundaries.</summary>
    private const int Sides = 2;

    private readonly WeightSizes _sizes = WeightSizes.Of(config);
    private readonly int _tokens = passes.MacroForest.Tokens.Concat(passes.MicroForest.Tokens).Distinct().Count();
    private readonly int _places = Math.Max(passes.MacroForest.Places, passes.MicroForest.Places);
    private readonly long _states = Math.Max(BoundaryStream.StateBytes(config, device, passes.MacroForest),
        BoundaryStream.StateBytes(config, device, passes.MicroForest));
    private readonly int _classes = passes.Macro.Max(units => units.Count);
    private readonly Dictionary<int, long> _scratch = [];
    private long? _critic;
    private long? _noise;

    /// <summary>Blocks in memory, and whether boundaries lie in scratch files, in the order in which it is tried.</summary>
    private (int? Blocks, bool OnDisk)[] Placements
    {
        get
        {
            int?[] weights = asked switch
            {
                WeightPlacement.Resident => [null],
                WeightPlacement.Streamed => [2, 1, 0],
                _ => [null, 2, 1, 0],
            };
            var inMemory = weights.Select(blocks => (blocks, false));
            return [.. inMemory.Concat(weights.Select(blocks => (blocks, true))).OrderBy(Passes)];

            // Matrices that are read again and again cost more than rows that go to the disk and back.
            static bool Passes((int? Blocks, bool OnDisk) placement) => placement.Blocks == 0;
        }
    }

    /// <summary>The first placement that fits into so many free bytes, or the one that needs the least.</summary>
    public MemoryPlan Plan(long free)
    {
        MemoryPlan? least = null;
        foreach (var placement in Placements)
        {
            var plan = Plan(free, placement);
            if (plan.Fits)
                return plan;
            if (least == null || plan.Needed < least.Needed)
                least = plan;
        }

        return least!;
    }

    /// <summary>The fewest free bytes that would do.</summary>
    public long LeastFree()
    {
        const int Steps = 64;
        var (low, high) = (0L, Plan(long.MaxValue / 4, Placements[^1]).Needed);
        for (var step = 0; step < Steps && high - low > 1 << 20; step++)
        {
            var middle = low + (high - low) / 2;
            (low, high) = Plan(middle).Fits ? (low, middle) : (middle, high);
        }

        return high;
    }

    /// <summary>What the run asks of streamed weights.</summary>
    private WeightDemand Demand => new(_tokens, passes.MacroForest.Count + passes.MicroForest.Count);

    private MemoryPlan Plan(long free, (int? Blocks, bool OnDisk) placement)
    {
        var (blocks, onDisk) = placement;
        var weights = blocks is { } inFlight ? _sizes.Streamed(inFlight, Demand) : _sizes.Resident;
        var (boundaries, scratch, forward, tileRows) = (0L, 0L, 0L, 0);
        foreach (var forest in (PrefixForest[])[passes.MacroForest, passes.MicroForest])
        {
            var rows = forest.Count;
            var all = BoundaryStream.BoundaryBytes(config, device, rows);
            var rest = onDisk ? 2L * rows * config.Width * device.ComputeType.Size() : 0;
            scratch += rest;
            boundaries += all - rest + Math.Min(rest, BoundaryStream.OnDiskBytes) + 4L * rows * sizeof(int);
            var inside = BoundaryStream.InsideBytes(
                config, device, rows, BoundaryStream.TileBytes(Math.Max(0, free - weights - boundaries - forward - _states)));
            var ofTile = (int)(inside / BlockMemory.BytesPerRow(device, config.Shape));
            forward += inside + BoundaryStream.ContextBytes(config, device, forest, ofTile);
            tileRows = Math.Max(tileRows, ofTile);
        }

        var isLimited = device.MemoryLimit != null && device is HostDevice;
        var result = new MemoryPlan
        {
            Weights = weights - _sizes.Unpacked,
            Unpacked = _sizes.Unpacked,
            UnpackedBlock = _sizes.UnpackedBlock,
            Blocks = blocks,
            Reason = Reason(free, blocks),
            DiskBytes = DiskBytes(blocks, tileRows),
            ScratchBytes = scratch,
            Demand = Demand,
            Experts = blocks == null ? null : _sizes.Experts(Demand.Rows),
            States = _states,
            Places = _places,
            Boundaries = boundaries,
            Forward = forward + ScratchBytes(tileRows),
            TileRows = tileRows,
            Noise = _noise ??= noise.IsOn
                ? NoiseMixture.EstimateBytes(device, grid.Seeds.Count, NoiseSettings.Pairs, _classes, config.Width) : 0,
            Critics = 0,
            Inputs = 0,
            Critic = _critic ??= grid.Estimator.TrainingBytes(device, preset, _classes, data.Count, config.Width),
            Reserved = device.ReservedBytes,
            Host = isLimited ? HostMemory.GrowthBytes : 0,
            Held = isLimited ? device.HeldBytes : 0,
            Free = free,
        };
        return WithUnpacked(WithCritics(result), isLimited);
    }

    /// <summary>As many trainings side by side as fit, one at least.</summary>
    private MemoryPlan WithCritics(MemoryPlan plan)
    {
        // A side with one class has no information, and nothing is trained.
        var cells = grid.Boundaries.Count * grid.Positions.Sum(t =>
            (passes.Macro[t].Count > 1 ? 1L : 0) + (passes.SameMicro[t] == t && passes.Micro[t].Count > 1 ? 1 : 0));
        var input = 2L * _classes * grid.Estimator.InputColumns(preset, _classes, config.Width) * device.ComputeType.Size();
        var all = With(plan.Critic == 0 ? 0 : (int)Math.Min(device.TrainingsAtOnce, cells * grid.Seeds.Count));
        while (!all.Fits && all.Critics > 1)
            all = With(all.Critics - 1);
        return all;

        MemoryPlan With(int critics) =>
            plan with
            {
                Critics = critics,
                Inputs = plan.Critic == 0 ? 0 : input * Math.Min(cells, CellsOf(critics, grid.Seeds.Count)),
                Host = plan.Host == 0 ? 0 : plan.Host + HostBytes(plan.ScratchBytes > 0 ? critics + 1 : null),
            };
    }

    /// <summary>Unpacked matrices take what is left: of a limit all but what the program may grow by once more, else half of
    /// it.</summary>
    private MemoryPlan WithUnpacked(MemoryPlan plan, bool isLimited)
    {
        var spare = plan.Free - plan.Needed;
        return plan with
        {
            Unpacked = _sizes.UnpackedWithin(isLimited ? spare - HostMemory.GrowthBytes : (spare - plan.Reserved) / 2),
        };
    }

    private string Reason(long free, int? blocks) => asked != WeightPlacement.Auto ? "as asked for"
        : blocks == null ? "everything fits into what is free"
        : $"with all of them, {ByteSize.Rounded(_sizes.Resident)}, the run does not fit into the {ByteSize.Rounded(free)} that are free";

    /// <summary>One read of every weight; matrices that pass one after the other are read for every tile of every pass.</summary>
    private long DiskBytes(int? blocks, int tileRows)
    {
        var layers = grid.Boundaries.Max() + 1;
        return blocks switch
        {
            null => _sizes.Resident - _sizes.Unpacked,
            0 => _sizes.ReadOnce(Demand, 0) + InTiles(passes.MacroForest.Count) + InTiles(passes.MicroForest.Count),
            _ => _sizes.ReadOnce(Demand, Math.Min(layers + 1, config.Layers)),
        };

        // Every tile reads what all rows pass, and the experts that its own are sent to.
        long InTiles(int rows) => Ceiling.Of(rows, Math.Max(1, tileRows))
            * _sizes.Blocks.Take(layers).Sum(block => block.Always + block.OfExperts(Math.Min(rows, tileRows)));
    }

    /// <summary>Distinct rows of two boundaries, those of a position while they are sorted, and what whitens them.</summary>
    /// <param name="cells">Only rows of so many cells of the macro pass are there at a time; null: those of all positions.</param>
    private long HostBytes(int? cells)
    {
        var (width, whitens) = ((long)config.Width, preset.CanonicalColumns > 0 && grid.Estimator.Name == SupportMine.EstimatorName);
        var micro = passes.Micro.Where((_, t) => passes.SameMicro[t] == t).Sum(side => Side(side.Count));
        var macro = passes.Macro.Select(side => Side(side.Count)).OrderDescending().Take(cells ?? passes.Macro.Length).Sum();
        var covariance = whitens ? 3 * width * width * sizeof(double) : 0;
        return Sides * (macro + micro) + Math.Max(3 * _classes * width * sizeof(float), covariance) + NoiseBytes();

        long Side(long count)
        {
            var rank = Math.Min(count, width);
            return count * width * sizeof(float) + (whitens ? rank * rank * sizeof(double) : 0);
        }
    }

    /// <summary>Draws of all seeds, what they say of the sides of a boundary, and a side while it is read.</summary>
    private long NoiseBytes()
    {
        if (!noise.IsOn)
            return 0;

        // The smallest sides are read at the most sizes of the noise.
        var (seeds, readings) = ((long)grid.Seeds.Count, 2L * grid.Positions.Count * noise.SigmasOf(1).Count);
        return seeds * NoiseSettings.Pairs * (config.Width * sizeof(float) + readings * sizeof(double))
            + NoiseMixture.HostBytes(NoiseSettings.Pairs, _classes, config.Width) + (long)data.Count * sizeof(int);
    }

    /// <summary>Cells that so many neighbouring trainings belong to at most; the seeds of a cell share its inputs.</summary>
    private static int CellsOf(int critics, int seeds) => critics == 0 ? 0 : 1 + (critics + seeds - 2) / seeds;

    /// <summary>What the products of a block hold beside their operands, one after the other.</summary>
    private long ScratchBytes(int rows)
    {
        if (_scratch.TryGetValue(rows, out var known))
            return known;
        var type = config.StoredType switch { "bfloat16" => DType.BFloat16, "float16" => DType.Float16, _ => DType.Float32 };
        var matrices = WeightPlan.Of(config).Where(weight => !weight.IsHead).Select(weight => weight.Layer).OfType<LinearLayer>()
            .Select(layer => (layer.Outputs / layer.Parts, layer.Inputs)).Distinct();
        using var plan = device.Plan();
        foreach (var (outputs, inputs) in matrices)
        {
            using var x = plan.Device.Allocate(rows, inputs);
            using var weight = plan.Device.Allocate(type, outputs, inputs);
            using var y = plan.Device.Allocate(rows, outputs);
            plan.Device.MatMul(x, weight, y, transposeB: true);
        }

        return _scratch[rows] = plan.Bytes;
    }
}
