namespace Emergence.Checkpoints.Stored;

/// <summary>Runs of inputs that share a scale; the last one may be shorter, and a size of -1 means one group.</summary>
internal static class Groups
{
    public static int Size(int inputs, int size) => size < 0 ? inputs : size;

    public static int Count(int inputs, int size) => size < 0 ? 1 : (int)(((long)inputs + size - 1) / size);

    public static string Words(int size) => size < 0 ? "a scale an output" : $"groups of {size}";
}
