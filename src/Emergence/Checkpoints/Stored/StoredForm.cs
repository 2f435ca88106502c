namespace Emergence.Checkpoints.Stored;

/// <summary>How the matrices of a quantised checkpoint are stored, as quantization_config says.</summary>
internal abstract class StoredForm
{
    /// <summary>Element types of scales.</summary>
    protected static readonly string[] ScaleTypes = ["F32", "F16", "BF16"];

    /// <summary>For people and manifests, e.g. "gptq, 4 bits, groups of 128".</summary>
    public abstract string Words { get; }

    /// <summary>What a weight takes with its share of the scales, for plans that are made before the files are opened.</summary>
    public abstract double BitsPerWeight { get; }

    /// <summary>The matrix in its parts, checked against the sizes that the model needs; null if it is stored plain.</summary>
    public abstract StoredMatrix? Find(StoredModule module);

    protected static int Ceiling(int count, int size) => (int)(((long)count + size - 1) / size);
}
