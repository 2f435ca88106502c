using System.Runtime.InteropServices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>Progress of em_pairs.h: which step of which training it is.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Progress
{
    public ulong Seed;
    public uint Cell;
    public int Step, Slot;
}

/// <summary>The host side of kernels/pairs.cu: a source of pairs as its kernel reads it.</summary>
internal sealed class PairTables(PairSource source, params Tensor[] tables) : IDisposable
{
    /// <summary>Null for a source that only the host knows.</summary>
    public static PairTables? Create(Device device, PairSource source)
    {
        switch (source)
        {
            case { Count: 0 }:
                return new(source);
            case ShuffledPairs shuffled:
                return new(source, Indices(shuffled.X), Indices(shuffled.Y));
            case OffSupportPairs off:
                return new(
                    source, Indices(Signed(off.X.Thresholds)), Indices(off.X.Aliases), Indices(Signed(off.Y.Thresholds)),
                    Indices(off.Y.Aliases), Indices(off.RowStarts), Indices(off.Columns));
            default:
                return null;
        }

        Tensor Indices(IEnumerable<int> values) => device.AllocateIndices([.. values]);

        static int[] Signed(uint[] words) => MemoryMarshal.Cast<uint, int>(words).ToArray();
    }

    /// <summary>Draws the pairs of a step.</summary>
    public void Draw(CudaQueue queue, KernelArgument progress, Tensor a, Tensor b)
    {
        if (tables.Length == 0)
            return;
        var work = KernelWork.Of([a, b, .. tables]);
        switch (source)
        {
            case ShuffledPairs:
                var (rows, columns) = FeistelPermutation.Grid(source.Count);
                queue.Launch(
                    KernelTable.DrawShuffled, Grid.Each(KernelTable.DrawShuffled, source.Count), work,
                    progress, tables[0], tables[1], rows, columns, (uint)RandomStream.Shuffle, a, b, source.Count);
                break;
            case OffSupportPairs off:
                queue.Launch(
                    KernelTable.DrawOffSupport, Grid.Each(KernelTable.DrawOffSupport, source.Count), work,
                    progress, tables[0], tables[1], off.X.Aliases.Length, tables[2], tables[3], off.Y.Aliases.Length, tables[4], tables[5],
                    (uint)off.Stream, a, b, source.Count);
                break;
        }
    }

    /// <summary>The tables of pairs off the support, for a kernel that draws them itself.</summary>
    public void Describe(ref BlockTraining block)
    {
        if (tables.Length == 0)
            return;
        var off = (OffSupportPairs)source;
        (block.X.Thresholds, block.X.Aliases, block.X.Count) = ((ulong)tables[0].Address, (ulong)tables[1].Address, off.X.Aliases.Length);
        (block.Y.Thresholds, block.Y.Aliases, block.Y.Count) = ((ulong)tables[2].Address, (ulong)tables[3].Address, off.Y.Aliases.Length);
        (block.Starts, block.Columns, block.Stream) = ((ulong)tables[4].Address, (ulong)tables[5].Address, (uint)off.Stream);
    }

    public void Dispose() => Array.ForEach(tables, table => table.Dispose());
}
