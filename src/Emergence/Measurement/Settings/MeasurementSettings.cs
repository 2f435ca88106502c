using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Information.Noise;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Shards;
using Emergence.Models;

namespace Emergence.Measurement.Settings;

/// <summary>What a user asks for. Everything that is not said has a default that the manifest records.</summary>
public sealed record MeasurementSettings : SequenceSettings
{
    /// <summary>A folder, a sample's name, or org/name[@revision].</summary>
    public required string Model { get; init; }

    /// <summary>A name of <see cref="DatasetTable"/> or a file.</summary>
    public required string Data { get; init; }

    /// <summary>E.g. "0,3,10-12"; null: all.</summary>
    public string? Boundaries { get; init; }

    /// <summary>E.g. "0-3"; null: all.</summary>
    public string? Positions { get; init; }

    public string Estimator { get; init; } = "s-mine";

    /// <summary>Sizes of the noise through which every cell is read too, e.g. "0.5,1,2"; "none": not.</summary>
    public string Sigma { get; init; } = NoiseSettings.DefaultSigmas;

    /// <summary>Units of the noise: a word of <see cref="NoiseScales"/>.</summary>
    public string Noise { get; init; } = NoiseScales.Names[0];

    /// <summary>Size of the trainings; null: "canonical" for s-mine, else "small" on a device of the host and "paper" on others.</summary>
    public string? Preset { get; init; }

    public int Seeds { get; init; } = 3;

    /// <summary>The part of the grid to measure, beside other processes that measure others; null: all of it, alone.</summary>
    public Shard? Shard { get; init; }

    /// <summary>Hold the estimator against relations that mutual information obeys; decides about no cell.</summary>
    public bool SelfCheck { get; init; }

    public string Device { get; init; } = DeviceTable.Auto;

    public DeviceOptions DeviceOptions { get; init; } = new();

    /// <summary>Type of the arithmetic.</summary>
    public string DType { get; init; } = "float32";

    /// <summary>Position id of a token that runs alone.</summary>
    public MicroPosition MicroPosition { get; init; }

    public ModelOptions ModelOptions { get; init; } = new();

    /// <summary>The command that repeats the run if it is not measure with these settings.</summary>
    public string? Command { get; init; }
}
