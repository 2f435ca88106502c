using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>Pairs by the class that one of their rows is of.</summary>
/// <param name="memory">(1, n) Int32 of <see cref="Elements"/>.</param>
/// <param name="pairs">R.</param>
internal sealed class PairOrder(Tensor memory, int pairs)
{
    /// <summary>(1, R) Int32: those of class 0 first, the pairs of a class in their own order.</summary>
    public Tensor Pairs { get; } = memory.ColumnRange(0, pairs);

    /// <summary>(1, K + 1) Int32: where each class begins, and R.</summary>
    public Tensor Starts { get; } = memory.ColumnRange(pairs, memory.Columns - pairs);

    /// <summary>(R, 1) Int32: classes that do not change, of which this is the order from now on; null if they may.</summary>
    public Tensor? Kept { get; set; }

    /// <summary>
    /// Whether every class has one of the first half of the pairs and one of the last; then <see cref="Starts"/> are not made.
    /// </summary>
    public bool HasTwoPairsPerClass { get; set; }

    public static long Elements(int pairs, int classes) => (long)pairs + classes + 1;

    /// <summary>(K, 1) Int32: the first or the second pair of every class, if each has two.</summary>
    public Tensor PairOfClass(int which, int classes) => Pairs.ColumnRange(0, 2 * classes).Reshape(classes, 2).ColumnRange(which, 1);
}
