namespace Emergence.Devices.Cuda;

/// <summary>Blocks of a launch.</summary>
internal readonly record struct Grid(int X, int Y = 1, int Z = 1)
{
    /// <summary>The most blocks along y.</summary>
    public const int MaxY = 65535;

    public bool IsEmpty => X <= 0 || Y <= 0 || Z <= 0;

    /// <summary>How many pieces of a length cover <paramref name="count"/>.</summary>
    public static int Blocks(int count, int each) => Ceiling.Of(count, each);

    /// <summary>A thread for each of <paramref name="count"/>.</summary>
    public static Grid Each(KernelRow kernel, int count) => new(Blocks(count, kernel.Threads));

    /// <summary>A thread for each element: x covers the columns, y the rows as far as it reaches.</summary>
    public static Grid Elements(KernelRow kernel, int rows, int columns) => new(Blocks(columns, kernel.Threads), Math.Min(rows, MaxY));
}
