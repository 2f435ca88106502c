using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>Sums by row of columns that one thread owns. Rows are not cleared before: the first that is added to one is its value.</summary>
/// <param name="tensor">(rows, columns), kept alive by the caller.</param>
/// <param name="has">Whether a row has got anything; all false at first, and again in the end.</param>
internal readonly unsafe struct RowSums(Tensor tensor, bool[] has)
{
    public readonly Rows<float> Rows = new(tensor);

    /// <summary>row += x, for columns from one on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int row, float* x, int column, int columns)
    {
        var to = Rows[row] + column;
        var isFirst = !has[row];
        has[row] = true;
        var c = 0;
        if (isFirst)
        {
            for (; c <= columns - Lanes.Count; c += Lanes.Count)
                Vector256.Load(x + c).Store(to + c);
            if (c < columns)
                Lanes.Store(to + c, Lanes.Load(x + c, columns - c), columns - c);
            return;
        }

        for (; c <= columns - Lanes.Count; c += Lanes.Count)
            (Vector256.Load(to + c) + Vector256.Load(x + c)).Store(to + c);
        if (c < columns)
            Lanes.Store(to + c, Lanes.Load(to + c, columns - c) + Lanes.Load(x + c, columns - c), columns - c);
    }

    /// <summary>Zeros in rows that got nothing.</summary>
    public void Finish(int rows, int column, int columns)
    {
        for (var row = 0; row < rows; row++)
        {
            if (!has[row])
                new Span<float>(Rows[row] + column, columns).Clear();
        }

        Array.Clear(has);
    }
}
