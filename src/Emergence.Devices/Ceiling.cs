namespace Emergence.Devices;

/// <summary>Whole numbers rounded up.</summary>
internal static class Ceiling
{
    /// <summary>How many groups of a size hold so many.</summary>
    public static int Of(int count, int size) => (count + size - 1) / size;

    /// <summary>How many groups of a size hold so many.</summary>
    public static long Of(long count, long size) => (count + size - 1) / size;

    /// <summary>The least multiple of a size that is not below a count.</summary>
    public static int Multiple(int count, int size) => Of(count, size) * size;

    /// <summary>The least multiple of a size that is not below a count.</summary>
    public static long Multiple(long count, long size) => Of(count, size) * size;
}
