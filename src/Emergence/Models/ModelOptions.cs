namespace Emergence.Models;

/// <summary>What a user chooses about loading a model.</summary>
public sealed record ModelOptions
{
    /// <summary>Names of tensors that may be left out, with * and ?.</summary>
    public IReadOnlyList<string> IgnoreWeights { get; init; } = [];

    /// <summary>Unknown keys in config.json are errors.</summary>
    public bool Strict { get; init; }

    /// <summary>Take weights that are NaN or infinite.</summary>
    public bool AllowNonFinite { get; init; }
}
