namespace Emergence.Devices.Randomness;

/// <summary>The last counter word of <see cref="Philox"/>: every use of randomness has its own, below 256.</summary>
public enum RandomStream : uint
{
    /// <summary>Initial weights of a critic.</summary>
    Weights = 1,

    /// <summary>Pairs of classes off the support.</summary>
    Pairs = 2,

    /// <summary>Keys of the full-batch permutations.</summary>
    Shuffle = 3,

    /// <summary>The sequences that a data set draws.</summary>
    Sequences = 4,

    /// <summary>Fresh pairs that judge a frozen critic.</summary>
    HeldOut = 5,

    /// <summary>Samples of the known-MI cases.</summary>
    Samplers = 6,

    /// <summary>Minibatches, splits and resamples of estimators.</summary>
    Resampling = 7,

    /// <summary>Generated tasks and studies.</summary>
    Tasks = 8,

    /// <summary>Pairs off the support that a critic's start is judged by.</summary>
    Start = 9,

    /// <summary>Noise on states, and which sequences it is added to.</summary>
    Noise = 10,

    /// <summary>Which pairs that occur a training takes together.</summary>
    Batches = 11,

    /// <summary>Which a frozen critic is judged by together.</summary>
    HeldOutBatches = 12,
}
