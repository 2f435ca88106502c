namespace Emergence.Models;

/// <summary>Where the weights are while a model runs.</summary>
public enum WeightPlacement
{
    /// <summary>Resident if everything fits into what is free, else streamed.</summary>
    Auto,

    /// <summary>All of them in the device's memory.</summary>
    Resident,

    /// <summary>On the disk: a block is read while the one before it computes, and given up when all rows have passed it.</summary>
    Streamed,
}

/// <summary>What a user chooses about loading a model.</summary>
public sealed record ModelOptions
{
    /// <summary>Names of tensors that may be left out, with * and ?.</summary>
    public IReadOnlyList<string> IgnoreWeights { get; init; } = [];

    /// <summary>Unknown keys in config.json are errors.</summary>
    public bool Strict { get; init; }

    /// <summary>Take weights that are NaN or infinite.</summary>
    public bool AllowNonFinite { get; init; }

    /// <summary>Where the weights are while the model runs; decides about no value.</summary>
    public WeightPlacement Weights { get; init; }

    /// <summary>Folder for rows that do not fit into memory; null: where the run writes its results.</summary>
    public string? Scratch { get; init; }
}
