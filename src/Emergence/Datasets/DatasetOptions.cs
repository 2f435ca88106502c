namespace Emergence.Datasets;

/// <summary>How sequences are made, with what a data set takes from the model and from a preset.</summary>
public sealed record DatasetOptions : SequenceSettings
{
    public DatasetOptions()
    {
    }

    /// <param name="settings">What the user said.</param>
    /// <param name="modelFolder">The folder of the model.</param>
    /// <param name="sequences">How many sequences at most unless the user said.</param>
    public DatasetOptions(SequenceSettings settings, string modelFolder, int sequences) : base(settings)
    {
        Sequences ??= sequences;
        ModelFolder = modelFolder;
    }

    /// <summary>Where a list that belongs to a model lies.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>How many sequences at most.</summary>
    public int MostSequences => Sequences ?? 2_000;
}
