using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;
using Emergence.Measurement.Grid;
using Emergence.Messages;
using Emergence.Models;

namespace Emergence.Measurement.Settings;

/// <summary>What a measurement puts into the memory of its device, all beside each other, in bytes.</summary>
public sealed record MemoryPlan
{
    /// <summary>As they are stored: all of them, or what of them is in memory at a time.</summary>
    public required long Weights { get; init; }

    /// <summary>Packed matrices of a block in single precision: as many as fit, the largest one at least.</summary>
    public long Unpacked { get; init; }

    /// <summary>What all of them would take.</summary>
    public long UnpackedBlock { get; init; }

    /// <summary>Blocks in memory at a time if weights are streamed, 0 for matrices one after the other; null: all weights.</summary>
    public int? Blocks { get; init; }

    /// <summary>Why they are streamed or resident.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Bytes of boundaries that lie in scratch files because they do not fit; 0: they are in memory.</summary>
    public long ScratchBytes { get; init; }

    /// <summary>Bytes that are read from the disk.</summary>
    public long DiskBytes { get; init; }

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

    /// <summary>Draws of the noise of all seeds, and a side while it is read through them.</summary>
    public long Noise { get; init; }

    /// <summary>What trainings leave free.</summary>
    public required long Reserved { get; init; }

    /// <summary>What the host holds beside its tensors, if a limit on the whole process is kept; else 0.</summary>
    public long Host { get; init; }

    /// <summary>What the process held when the plan was made, under such a limit.</summary>
    public long Held { get; init; }

    /// <summary>Free memory of the device, before anything is there.</summary>
    public required long Free { get; init; }

    /// <summary>Recurrent states that wait along the paths for rows that continue them.</summary>
    public long States { get; init; }

    /// <summary>How many of them wait at a time in each channel.</summary>
    public int Places { get; init; }

    /// <summary>The most streamed experts of a layer that rows are sent to, and how many it has; null if there are none, or all weights
    /// are in memory.</summary>
    public (int Needed, int All)? Experts { get; init; }

    /// <summary>What the run asks of streamed weights.</summary>
    internal WeightDemand Demand { get; init; }

    /// <summary>The smallest limit under which the run would fit, if this one is too small and another would do.</summary>
    public long? LeastLimit { get; init; }

    /// <summary>All that is to be there; of trainings at least one if there are any.</summary>
    public long Needed => Weights + Unpacked + Boundaries + Forward + States + Noise + Inputs + Critics * Critic
        + (Critic > 0 ? Reserved : 0) + Host;

    public bool Fits => Needed <= Free;

    /// <summary>One line for a plan that does not fit.</summary>
    public string Shortage(string device)
    {
        var least = LeastLimit is { } limit ? $"--memory {ByteSize.RoundedUp(limit)} is the smallest that would do, or " : "";
        var held = Held > 0 ? $" beside the {ByteSize.Rounded(Held)} that the program holds" : "";
        return $"does not fit into device {device}: needs {ByteSize.Rounded(Needed)}{held}, {ByteSize.Rounded(Free)} free; {least}"
            + "take fewer sequences, a smaller preset or another device";
    }

    /// <summary>On the device that the plan opened.</summary>
    public static MemoryPlan Of(MeasurementPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return Of(plan, new MacroMicroPasses(plan.Data, plan.Config, plan.Settings.MicroPosition));
    }

    /// <summary>The plan of a run whose passes are known already.</summary>
    internal static MemoryPlan Of(MeasurementPlan plan, MacroMicroPasses passes) => Of(
        plan.Device, plan.Config, plan.Data, plan.Grid, plan.Preset, passes, plan.Settings.ModelOptions.Weights, plan.Noise);

    internal static MemoryPlan Of(Device device, ModelConfig config, Dataset data, CellGrid grid, CriticPreset preset,
        MacroMicroPasses passes, WeightPlacement asked = WeightPlacement.Resident, NoiseSettings? noise = null)
    {
        if (device.MemoryLimit != null && device is HostDevice)
            HostMemory.Collect();
        var needs = new RunNeeds(device, config, data, grid, preset, passes, asked, noise ?? NoiseSettings.Off);
        var plan = needs.Plan(device.AvailableBytes);
        return plan.Fits || device.MemoryLimit == null ? plan
            : plan with { LeastLimit = device.HeldBytes + needs.LeastFree() + HostMemory.VaryingBytes };
    }
}
