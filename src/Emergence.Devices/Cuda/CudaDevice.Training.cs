using System.Runtime.InteropServices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>Trainings side by side, without a word from the host between their steps.</content>
public sealed unsafe partial class CudaDevice
{
    /// <summary>Steps between two looks of the host at most.</summary>
    private const int Slots = 64;

    /// <summary>Steps of the longer graph: two of them and a step or two are the steps between two looks of a batch.</summary>
    private const int GraphSteps = 24;

    /// <summary>Trainings leave one part in so many of the device's memory free.</summary>
    private const int ReservedShare = 8;

    /// <summary>A small training is one block: as many as run at a time.</summary>
    public override int TrainingsAtOnce => Math.Max(base.TrainingsAtOnce, _kernels.BlocksPerMultiprocessor(KernelTable.SmallCritic) * _context.MultiprocessorCount);

    public override void Train(IReadOnlyList<CriticTraining> trainings, int steps)
    {
        ArgumentNullException.ThrowIfNull(trainings);
        _queue.Stream.Synchronize(); // what the trainings' memory holds came through it
        for (var left = steps; left > 0; left -= Slots)
        {
            var taken = Math.Min(left, Slots);
            var queues = Prepared<TrainingQueue>();
            foreach (var queue in queues)
                queue.Take(taken);
            TakeInBlocks(Prepared<SmallTraining>(), taken);
            foreach (var queue in queues)
                queue.Look(taken);
            foreach (var training in trainings.Where(training => training.Prepared is not (TrainingQueue or SmallTraining)))
                training.Take(this, taken);
        }

        T[] Prepared<T>() => [.. trainings.Select(training => training.Prepared).OfType<T>()];
    }

    /// <summary>
    /// None where only the host knows the pairs. Some memory stays free beside the trainings: for the next rows of the
    /// model, and for what is scored when a training ends.
    /// </summary>
    protected internal override IDisposable? Prepare(CriticTraining training)
    {
        ArgumentNullException.ThrowIfNull(training);
        if (PairTables.Create(this, training.Source) is not { } pairs)
            return null;
        IDisposable? prepared = null;
        try
        {
            prepared = FitsOneBlock(training) ? new SmallTraining(this, training, pairs) : new TrainingQueue(this, training, pairs);
            var (free, least) = (AvailableBytes, ReservedBytes);
            return free >= least ? prepared : throw new EmergenceException($"out of device memory: a training leaves {CudaContext.Size(free)} free, expected {CudaContext.Size(least)}") { IsOutOfMemory = true };
        }
        catch
        {
            prepared?.Dispose();
            pairs.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The queue of one training and its steps as graphs. All that changes from step to step lies in device memory, so a
    /// graph is played again as it is.
    /// </summary>
    private sealed class TrainingQueue : IDisposable
    {
        private readonly CudaDevice _device;
        private readonly CriticTraining _training;
        private readonly PairTables _pairs;
        private readonly CudaQueue? _queue;
        private readonly CudaBuffer? _memory;
        private readonly CudaGraph? _step;
        private readonly CudaGraph? _steps;

        public TrainingQueue(CudaDevice device, CriticTraining training, PairTables pairs)
        {
            (_device, _training, _pairs) = (device, training, pairs);
            try
            {
                _queue = new CudaQueue(device._context);
                _memory = new CudaBuffer(device._context, sizeof(Schedule) + (Slots + 1L + PartitionBlocks(training.A.Rows)) * sizeof(Partition));
                device._queue.Stream.Synchronize(); // the inputs came through it
                device._entered.Value = _queue;
                if (training.Workspace is CriticWorkspace16 memory)
                    DoOnce(memory);
                _queue.Plan(QueueStep);
                _step = _queue.Stream.Capture(QueueStep);
                _steps = _queue.Stream.Capture(() =>
                {
                    for (var i = 0; i < GraphSteps; i++)
                        QueueStep();
                });
            }
            catch
            {
                Dispose();
                throw;
            }
            finally
            {
                device._entered.Value = null;
            }
        }

        /// <summary>Of the Schedule, behind which lie the values of all slots, then the partition of a step and its parts.</summary>
        private ulong Memory => (ulong)_memory!.Address;

        private ulong Values => Memory + (ulong)sizeof(Schedule);

        /// <summary>Queues steps.</summary>
        public void Take(int steps)
        {
            var first = _training.Values.Count;
            var schedule = new Schedule { Progress = new() { Seed = _training.Seed, Cell = _training.Cell, Step = first } };
            for (var i = 0; i < steps; i++)
                schedule.Scales[i] = new(_training.Rate(first + i), first + i + 1);
            var driver = _device.Driver;
            driver.Check(driver.cuMemcpyHtoDAsync_v2(Memory, &schedule, (nuint)sizeof(Schedule), _queue!.Stream.Handle));
            if (_device._trace != null)
            {
                QueueSteps(steps);
                return;
            }

            var left = steps;
            for (; left >= GraphSteps; left -= GraphSteps)
                _steps!.Launch();
            for (; left > 0; left--)
                _step!.Launch();
        }

        /// <summary>Waits for the steps and records their values.</summary>
        public void Look(int steps)
        {
            var values = stackalloc Partition[Slots];
            var driver = _device.Driver;
            driver.Check(driver.cuMemcpyDtoHAsync_v2(values, Values, (nuint)(steps * sizeof(Partition)), _queue!.Stream.Handle));
            _queue.Stream.Synchronize();
            for (var i = 0; i < steps; i++)
                _training.Record(values[i].Value);
        }

        public void Dispose()
        {
            _step?.Dispose();
            _steps?.Dispose();
            _queue?.Dispose();
            _memory?.Dispose();
            _pairs.Dispose();
        }

        /// <summary>What is the same in every step, so in no graph: rounded inputs, and the order of pairs that stay.</summary>
        private void DoOnce(CriticWorkspace16 memory)
        {
            var (t, drawn) = (_training, _training.Source.Count);
            _device.RoundInputs(memory, t.X, t.Y);
            if (t.Source is ShuffledPairs)
            {
                // Every step draws the same rows of x.
                _device.Queue.Clear(Memory, sizeof(Schedule));
                _pairs.Draw(_device, Memory, t.A.RowRange(t.FixedPairs, drawn), t.B.RowRange(t.FixedPairs, drawn));
            }

            memory.ByA.IsOfTwos = memory.ByB.IsOfTwos = memory.Plan.FormsPairs && IsEachRowTwice();
            if (drawn == 0 || t.Source is ShuffledPairs)
                _device.Keep(memory, t.A, t.X.Rows, memory.ByA);
            if (drawn == 0)
                _device.Keep(memory, t.B, t.Y.Rows, memory.ByB);
            _queue!.Stream.Synchronize(); // steps taken op by op go through another queue
        }

        /// <summary>Whether every row of x and of y is in one fixed pair and in one that is drawn.</summary>
        private bool IsEachRowTwice() =>
            _training.Source is ShuffledPairs shuffled && IsEachOnce(shuffled.X, _training.X.Rows) && IsEachOnce(shuffled.Y, _training.Y.Rows)
            && IsEachOnce(Fixed(_training.A), _training.X.Rows) && IsEachOnce(Fixed(_training.B), _training.Y.Rows);

        private int[] Fixed(Tensor index)
        {
            var rows = new int[_training.FixedPairs];
            _device.Download(index.RowRange(0, rows.Length), MemoryMarshal.AsBytes(rows.AsSpan()));
            return rows;
        }

        private static bool IsEachOnce(IReadOnlyList<int> rows, int count)
        {
            var seen = new bool[count];
            return rows.Count == count && rows.All(row => !seen[row] && (seen[row] = true));
        }

        /// <summary>A graph has no launches that could be timed one by one.</summary>
        private void QueueSteps(int steps)
        {
            _device._entered.Value = _queue;
            try
            {
                for (var i = 0; i < steps; i++)
                    QueueStep();
            }
            finally
            {
                _device._entered.Value = null;
            }
        }

        private void QueueStep()
        {
            var (t, workspace, drawn) = (_training, _training.Workspace, _training.Source.Count);
            KernelArgument progress = Memory, scales = Memory + (ulong)sizeof(Progress);
            var partition = Values + (ulong)(Slots * sizeof(Partition));
            _pairs.Draw(_device, progress, t.A.RowRange(t.FixedPairs, drawn), t.B.RowRange(t.FixedPairs, drawn));
            _device.CriticForward(workspace, t.Parameters, t.X, t.Y, t.A, t.B);
            _device.LaunchDonskerVaradhan(workspace.Scores, t.Joint, t.Marginal, workspace.ScoreGradients, partition);
            _device.CriticBackward(workspace, t.Parameters, t.X, t.Y, t.A, t.B, t.Gradient);
            _device.Launch(KernelTable.AdamScheduled, new(Blocks(t.Parameters.Columns, KernelTable.AdamScheduled.Threads)), t.Parameters, t.Gradient, t.FirstMoment, t.SecondMoment, scales, progress, t.Parameters.Columns);
            _device.Launch(KernelTable.EndStep, new(1), partition, Values, progress);
        }
    }

    /// <summary>What the host says before some steps.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Schedule
    {
        public Progress Progress;
        public SlotScales Scales;
    }

    [System.Runtime.CompilerServices.InlineArray(Slots)]
    private struct SlotScales
    {
        private AdamScales _first;
    }
}
