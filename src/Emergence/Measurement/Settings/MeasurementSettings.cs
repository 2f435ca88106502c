using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Information.Noise;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Shards;
using Emergence.Models;

namespace Emergence.Measurement.Settings;

/// <summary>What a user asks for. Everything that is not said has a default that the manifest records.</summary>
public sealed record MeasurementSettings
{
    /// <summary>A folder, a sample's name, or org/name[@revision].</summary>
    public required string Model { get; init; }

    /// <summary>A name of <see cref="DatasetTable"/> or a file.</summary>
    public required string Data { get; init; }

    public int Shots { get; init; } = 3;

    /// <summary>Tokens that every word of a list has.</summary>
    public int EntityTokens { get; init; } = 1;

    /// <summary>After every word of a list; null: the comma of the words' script.</summary>
    public string? Separator { get; init; }

    /// <summary>Tokens of a text window.</summary>
    public int Window { get; init; } = 8;

    /// <summary>Text of a shot with fields in braces, for files of labelled rows.</summary>
    public string? Template { get; init; }

    /// <summary>Tokens that a text field of the template is cut to; shorter ones are left out.</summary>
    public int FieldTokens { get; init; } = 8;

    /// <summary>How many sequences at most; null: what the preset says.</summary>
    public int? Sequences { get; init; }

    public bool WithReplacement { get; init; }

    /// <summary>Put the beginning-of-sequence token before every sequence.</summary>
    public bool BeginningOfSequence { get; init; }

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

    /// <summary>Draws the sequences, and is the first of the seeds.</summary>
    public ulong Seed { get; init; } = 1;

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

    /// <summary>How the sequences are made.</summary>
    /// <param name="modelFolder">Where the model lies.</param>
    /// <param name="sequences">How many at most unless the user said.</param>
    public DatasetOptions DatasetOptions(string modelFolder, int sequences) => new()
    {
        Shots = Shots,
        EntityTokens = EntityTokens,
        Separator = Separator,
        Window = Window,
        Template = Template,
        FieldTokens = FieldTokens,
        Sequences = Sequences ?? sequences,
        WithReplacement = WithReplacement,
        BeginningOfSequence = BeginningOfSequence,
        Seed = Seed,
        ModelFolder = modelFolder,
    };
}
