using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Cuda.Ops;
using Emergence.Devices.Tensors;
using Buffer = Emergence.Devices.Tensors.Buffer;

namespace Emergence.Devices.Cuda;

/// <summary>
/// The queue of one training and its steps as graphs. All that changes from step to step lies in device memory, so a graph is
/// played again as it is.
/// </summary>
internal sealed unsafe class TrainingQueue : IDisposable
{
    /// <summary>Steps between two looks of the host at most.</summary>
    public const int MostSteps = 64;

    /// <summary>Steps of the longer graph: two of them and a step or two are the steps between two looks of a batch.</summary>
    private const int GraphSteps = 24;

    private readonly CudaDevice _device;
    private readonly CriticTraining _training;
    private readonly PairTables _pairs;
    private readonly CudaQueue? _queue;
    private readonly Buffer? _memory;
    private readonly CudaGraph? _step;
    private readonly CudaGraph? _steps;

    public TrainingQueue(CudaDevice device, CriticTraining training, PairTables pairs)
    {
        (_device, _training, _pairs) = (device, training, pairs);
        try
        {
            var gpu = device.Gpu;
            _queue = new CudaQueue(gpu);
            _memory = gpu.Allocate(
                sizeof(Schedule) + ((long)MostSteps * sizeof(Partition)) + CriticOps.DonskerVaradhanBytes(training.A.Rows));
            device.Synchronize(); // the inputs came through its queue
            using var entered = device.Enter(_queue);
            BeforeSteps();
            _queue.Plan(QueueStep);
            _step = _queue.Capture(QueueStep);
            _steps = _queue.Capture(() => QueueSteps(GraphSteps));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Address of the schedule; behind it lie the values of all steps, then the partition of a step and its parts.</summary>
    private ulong Memory => (ulong)_memory!.Address;

    private ulong Values => Memory + (ulong)sizeof(Schedule);

    /// <summary>Queues steps.</summary>
    public void Step(int steps)
    {
        var first = _training.Steps;
        var schedule = new Schedule { Progress = new() { Seed = _training.Seed, Cell = _training.Cell, Step = first } };
        for (var i = 0; i < steps; i++)
            schedule.Scales[i] = new(_training.Rate(first + i), first + i + 1);
        _queue!.Upload(&schedule, Memory, sizeof(Schedule));
        if (_step == null || _device.Gpu.Trace != null)
        {
            // A plan plays no graphs, and the launches of a graph cannot be timed one by one.
            using var entered = _device.Enter(_queue);
            QueueSteps(steps);
            return;
        }

        var left = steps;
        for (; left >= GraphSteps; left -= GraphSteps)
            _steps!.Launch();
        for (; left > 0; left--)
            _step.Launch();
    }

    /// <summary>Waits for the steps and records their values.</summary>
    public void ReadBack(int steps)
    {
        var values = stackalloc Partition[MostSteps];
        _queue!.Download(Values, values, steps * sizeof(Partition));
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

    /// <summary>What is alike in every step, so in no graph.</summary>
    private void BeforeSteps()
    {
        if (_training.Critic is not CriticBf16 critic)
            return;
        var (t, drawn) = (_training, _training.Source.Count);
        if (t.Source is ShuffledPairs)
        {
            // Every step draws the same rows of x.
            _queue!.Clear(Memory, sizeof(Schedule));
            _pairs.Draw(_queue, Memory, t.A.RowRange(t.FixedPairs, drawn), t.B.RowRange(t.FixedPairs, drawn));
        }

        critic.BeforeSteps(t, keepsA: drawn == 0 || t.Source is ShuffledPairs, keepsB: drawn == 0, IsEachRowTwice());
        _queue!.Synchronize(); // steps taken op by op go through another queue
    }

    /// <summary>Whether every row of x and of y is in one fixed pair and in one that is drawn.</summary>
    private bool IsEachRowTwice() =>
        _training.Source is ShuffledPairs shuffled
        && IsEachOnce(shuffled.X, _training.X.Rows) && IsEachOnce(shuffled.Y, _training.Y.Rows)
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

    private void QueueSteps(int steps)
    {
        for (var i = 0; i < steps; i++)
            QueueStep();
    }

    private void QueueStep()
    {
        var (t, queue, drawn) = (_training, _queue!, _training.Source.Count);
        KernelArgument progress = Memory, scales = Memory + (ulong)sizeof(Progress);
        var partition = Values + (ulong)(MostSteps * sizeof(Partition));
        _pairs.Draw(queue, progress, t.A.RowRange(t.FixedPairs, drawn), t.B.RowRange(t.FixedPairs, drawn));
        t.Critic.Forward(t.Parameters, t.X, t.Y, t.A, t.B);
        queue.DonskerVaradhan(t.Critic.Scores, t.Joint, t.Marginal, t.Critic.ScoreGradients, partition);
        t.Critic.Backward(t.Parameters, t.X, t.Y, t.A, t.B, t.Gradient);
        queue.AdamScheduled(t.Parameters, t.Gradient, t.FirstMoment, t.SecondMoment, scales, progress);
        queue.EndStep(partition, Values, progress);
    }

    /// <summary>What the host says before some steps.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Schedule
    {
        public Progress Progress;
        public StepScales Scales;
    }

    [InlineArray(MostSteps)]
    private struct StepScales
    {
        private AdamScales _first;
    }
}
