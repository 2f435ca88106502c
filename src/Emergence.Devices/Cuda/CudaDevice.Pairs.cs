using System.Runtime.InteropServices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>The pairs of a step, drawn on the device.</content>
public sealed unsafe partial class CudaDevice
{
    public override void DrawPairs(PairSource source, ulong seed, uint cell, int step, Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var tables = PairTables.Create(this, source);
        if (tables == null)
        {
            base.DrawPairs(source, seed, cell, step, a, b);
            return;
        }

        var progress = new Progress { Seed = seed, Cell = cell, Step = step };
        using var memory = Allocate(DType.Int32, sizeof(Progress) / sizeof(int), 1);
        Upload(MemoryMarshal.AsBytes(new ReadOnlySpan<Progress>(in progress)), memory);
        tables.Draw(this, memory, a, b);
    }

    /// <summary>As in em_pairs.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Progress
    {
        public ulong Seed;
        public uint Cell;
        public int Step, Slot;
    }

    /// <summary>A source of pairs as its kernel reads it.</summary>
    private sealed class PairTables(PairSource source, params Tensor[] tables) : IDisposable
    {
        /// <summary>None for a source that only the host knows.</summary>
        public static PairTables? Create(CudaDevice device, PairSource source)
        {
            switch (source)
            {
                case { Count: 0 }:
                    return new(source);
                case ShuffledPairs shuffled:
                    return new(source, Indices(shuffled.X), Indices(shuffled.Y));
                case OffSupportPairs off:
                    return new(source, Indices(Signed(off.X.Thresholds)), Indices(off.X.Aliases), Indices(Signed(off.Y.Thresholds)), Indices(off.Y.Aliases), Indices(off.RowStarts), Indices(off.Columns));
                default:
                    return null;
            }

            Tensor Indices(IEnumerable<int> values) => device.AllocateIndices([.. values]);

            static int[] Signed(uint[] words) => MemoryMarshal.Cast<uint, int>(words).ToArray();
        }

        public void Draw(CudaDevice device, KernelArgument progress, Tensor a, Tensor b)
        {
            switch (tables.Length == 0 ? null : source)
            {
                case ShuffledPairs:
                    var (rows, columns) = FeistelPermutation.Grid(source.Count);
                    device.Launch(KernelTable.DrawShuffled, Grid(KernelTable.DrawShuffled), progress, tables[0], tables[1], rows, columns, (uint)RandomStream.Shuffle, a, b, source.Count);
                    break;
                case OffSupportPairs off:
                    device.Launch(KernelTable.DrawOffSupport, Grid(KernelTable.DrawOffSupport), progress, tables[0], tables[1], off.X.Aliases.Length, tables[2], tables[3], off.Y.Aliases.Length, tables[4], tables[5], (uint)off.Stream, a, b, source.Count);
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

        private Grid Grid(KernelRow kernel) => new(Blocks(source.Count, kernel.Threads));
    }
}
