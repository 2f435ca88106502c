using System.Runtime.InteropServices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Driver;

namespace Emergence.Devices.Cuda;

/// <content>Trainings that fit one block: all of them in one launch, many steps at a time (small_critic.cu).</content>
public sealed unsafe partial class CudaDevice
{
    /// <summary>As in small_critic.cu.</summary>
    private const int SmallWidth = 64, SmallClasses = 160;

    /// <summary>More pairs are cheaper op by op. By size alone, for the way must not depend on what else is trained.</summary>
    private const int SmallPairs = 4096;

    private bool FitsOneBlock(CriticTraining training) =>
        FitsOneBlock(training.Shape, training.X.Rows + training.Y.Rows, training.A.Rows)
        && (training.Source.Count == 0 || training.Source is OffSupportPairs);

    private bool FitsOneBlock(CriticShape shape, int classes, int pairs) =>
        shape.Widths is [SmallWidth, 32, 16, 1]
        && pairs <= SmallPairs
        && classes <= SmallClasses
        && _context.SharedBytesLimit >= KernelTable.SmallCritic.SharedBytes;

    /// <summary>Takes the steps and records their values.</summary>
    private void TakeInBlocks(SmallTraining[] trainings, int steps)
    {
        if (trainings.Length == 0)
            return;
        var count = (long)trainings.Length * steps;
        using var held = Hold(trainings.Length * sizeof(BlockTraining) + count * (sizeof(AdamScales) + sizeof(Partition)), out var scratch);
        var blocks = new BlockTraining[trainings.Length];
        var scales = new AdamScales[count];
        var values = new Partition[count];
        var scalesAt = (ulong)scratch.Address + (ulong)(blocks.Length * sizeof(BlockTraining));
        var valuesAt = scalesAt + (ulong)(count * sizeof(AdamScales));
        for (var i = 0; i < blocks.Length; i++)
        {
            blocks[i] = trainings[i].Block(scalesAt + (ulong)(i * steps * sizeof(AdamScales)), valuesAt + (ulong)(i * steps * sizeof(Partition)));
            trainings[i].Fill(scales.AsSpan(i * steps, steps));
        }

        _context.Enter();
        fixed (BlockTraining* from = blocks)
            Driver.Check(Driver.cuMemcpyHtoDAsync_v2((ulong)scratch.Address, from, (nuint)(blocks.Length * sizeof(BlockTraining)), Queue.Stream.Handle));
        fixed (AdamScales* from = scales)
            Driver.Check(Driver.cuMemcpyHtoDAsync_v2(scalesAt, from, (nuint)(count * sizeof(AdamScales)), Queue.Stream.Handle));
        Launch(KernelTable.SmallCritic, new(blocks.Length), scratch, steps);
        fixed (Partition* to = values)
        {
            Driver.Check(Driver.cuMemcpyDtoHAsync_v2(to, valuesAt, (nuint)(count * sizeof(Partition)), Queue.Stream.Handle));
            Queue.Stream.Synchronize();
        }

        for (var i = 0; i < trainings.Length; i++)
            trainings[i].Record(values.AsSpan(i * steps, steps));
    }

    /// <summary>What a training of one block has beside its own tensors.</summary>
    private sealed class SmallTraining(CudaDevice device, CriticTraining training, PairTables pairs) : IDisposable
    {
        /// <summary>zx (Kx, 64), zy (Ky, 64), scores (R, 1).</summary>
        private readonly CudaBuffer _memory = new(device._context, sizeof(float) * ((training.X.Rows + training.Y.Rows) * SmallWidth + training.A.Rows));

        public BlockTraining Block(ulong scales, ulong values)
        {
            var t = training;
            var zx = (ulong)_memory.Address;
            var zy = zx + (ulong)(t.X.Rows * SmallWidth * sizeof(float));
            var block = new BlockTraining
            {
                X = new() { Inputs = (ulong)t.X.Address, Z = zx, Rows = t.X.Rows, Columns = t.X.Columns, Stride = t.X.RowStride },
                Y = new() { Inputs = (ulong)t.Y.Address, Z = zy, Rows = t.Y.Rows, Columns = t.Y.Columns, Stride = t.Y.RowStride },
                A = (ulong)t.A.Address,
                B = (ulong)t.B.Address,
                Joint = (ulong)t.Joint.Address,
                Marginal = (ulong)t.Marginal.Address,
                Parameters = (ulong)t.Parameters.Address,
                First = (ulong)t.FirstMoment.Address,
                Second = (ulong)t.SecondMoment.Address,
                Scores = zy + (ulong)(t.Y.Rows * SmallWidth * sizeof(float)),
                Scales = scales,
                Values = values,
                Seed = t.Seed,
                Cell = t.Cell,
                Step = t.Values.Count,
                Fixed = t.FixedPairs,
                Rows = t.A.Rows,
            };
            pairs.Describe(ref block);
            return block;
        }

        public void Fill(Span<AdamScales> scales)
        {
            var first = training.Values.Count;
            for (var i = 0; i < scales.Length; i++)
                scales[i] = new(training.Rate(first + i), first + i + 1);
        }

        public void Record(ReadOnlySpan<Partition> values)
        {
            foreach (var value in values)
                training.Record(value.Value);
        }

        public void Dispose()
        {
            _memory.Dispose();
            pairs.Dispose();
        }
    }

    /// <summary>SmallTraining of small_critic.cu.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct BlockTraining
    {
        public BlockSide X, Y;
        public ulong A, B, Joint, Marginal, Parameters, First, Second, Scores, Starts, Columns, Scales, Values, Seed;
        public uint Cell, Stream;
        public int Step, Fixed, Rows, Unused;
    }

    /// <summary>Side of small_critic.cu.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct BlockSide
    {
        public ulong Inputs, Z, Thresholds, Aliases;
        public int Rows, Columns, Stride, Count;
    }
}
