using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Ops;
using Buffer = Emergence.Devices.Tensors.Buffer;

namespace Emergence.Devices.Cuda;

/// <summary>A training that fits one block, and what it has beside its own tensors: all such trainings step in one launch.</summary>
internal sealed unsafe class SmallTraining(CudaDevice device, CriticTraining training, PairTables pairs) : IDisposable
{
    /// <summary>zx (Kx, 64), zy (Ky, 64), scores (R, 1).</summary>
    private readonly Buffer _memory = device.Gpu.Allocate(
        sizeof(float) * (((training.X.Rows + training.Y.Rows) * SmallCriticOps.Width) + training.A.Rows));

    public static bool Fits(GpuTraits gpu, CriticTraining training) =>
        SmallCriticOps.Fits(gpu, training.Shape, training.X.Rows + training.Y.Rows, training.A.Rows)
        && (training.Source.Count == 0 || training.Source is OffSupportPairs);

    /// <summary>Takes the steps of all and records their values.</summary>
    public static void Step(CudaQueue queue, SmallTraining[] trainings, int steps)
    {
        if (trainings.Length == 0)
            return;
        var count = trainings.Length * steps;
        var (blockBytes, scaleBytes) = ((long)trainings.Length * sizeof(BlockTraining), (long)count * sizeof(AdamScales));
        var valueBytes = (long)count * sizeof(Partition);
        using var held = queue.Scratch(blockBytes + scaleBytes + valueBytes, out var scratch);
        var (blocksAt, work) = ((ulong)scratch.Address, default(KernelWork));
        var scalesAt = blocksAt + (ulong)blockBytes;
        var valuesAt = scalesAt + (ulong)scaleBytes;
        var (blocks, scales, values) = (new BlockTraining[trainings.Length], new AdamScales[count], new Partition[count]);
        for (var i = 0; i < blocks.Length; i++)
        {
            var first = (ulong)(i * steps);
            blocks[i] = trainings[i].Block(scalesAt + (first * (ulong)sizeof(AdamScales)), valuesAt + (first * (ulong)sizeof(Partition)));
            trainings[i].Fill(scales.AsSpan(i * steps, steps));
            var own = trainings[i].WorkOf(steps);
            work = new(work.Bytes + own.Bytes, Flops: work.Flops + own.Flops);
        }

        fixed (BlockTraining* from = blocks)
            queue.Upload(from, blocksAt, blockBytes);
        fixed (AdamScales* from = scales)
            queue.Upload(from, scalesAt, scaleBytes);
        queue.SmallCritic(scratch, blocks.Length, steps, work);
        fixed (Partition* to = values)
            queue.Download(valuesAt, to, valueBytes);
        for (var i = 0; i < trainings.Length; i++)
            trainings[i].Record(values.AsSpan(i * steps, steps));
    }

    public void Dispose()
    {
        _memory.Dispose();
        pairs.Dispose();
    }

    private BlockTraining Block(ulong scales, ulong values)
    {
        var t = training;
        var zx = (ulong)_memory.Address;
        var zy = zx + (ulong)(t.X.Rows * SmallCriticOps.Width * sizeof(float));
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
            Scores = zy + (ulong)(t.Y.Rows * SmallCriticOps.Width * sizeof(float)),
            Scales = scales,
            Values = values,
            Seed = t.Seed,
            Cell = t.Cell,
            Step = t.Steps,
            Fixed = t.FixedPairs,
            Rows = t.A.Rows,
        };
        pairs.Describe(ref block);
        return block;
    }

    private KernelWork WorkOf(int steps) => SmallCriticOps.WorkOf(training, steps);

    private void Fill(Span<AdamScales> scales)
    {
        var first = training.Steps;
        for (var i = 0; i < scales.Length; i++)
            scales[i] = new(training.Rate(first + i), first + i + 1);
    }

    private void Record(ReadOnlySpan<Partition> values)
    {
        foreach (var value in values)
            training.Record(value.Value);
    }
}
