using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>What sort.cu works in while it puts pairs in the order of their classes.</summary>
internal sealed class SortMemory
{
    /// <summary>Keys of a block, bits that a pass sorts by at most, and what these can be.</summary>
    public const int Tile = 4096, Bits = 10, Digits = 1 << Bits;

    /// <param name="memory">(1, n) Int32 of at least <see cref="Elements"/>.</param>
    /// <param name="pairs">R, the most that are sorted.</param>
    public SortMemory(Tensor memory, int pairs)
    {
        var at = 0;
        (Keys, Places) = ([Cut(pairs), Cut(pairs)], Cut(pairs));
        (Counts, Totals) = (Cut(Tiles(pairs) * Digits), Cut(Digits));

        Tensor Cut(int count) => memory.ColumnRange((at += count) - count, count);
    }

    /// <summary>(1, R) Int32, two: keys of the pairs before and after a pass.</summary>
    public IReadOnlyList<Tensor> Keys { get; }

    /// <summary>(1, R) Int32: places of the pairs before or after a pass.</summary>
    public Tensor Places { get; }

    /// <summary>(1, tiles * digits) Int32.</summary>
    public Tensor Counts { get; }

    /// <summary>(1, digits) Int32.</summary>
    public Tensor Totals { get; }

    public static long Elements(int pairs) => 3L * pairs + (long)Tiles(pairs) * Digits + Digits;

    public static int Tiles(int pairs) => Ceiling.Of(pairs, Tile);
}
