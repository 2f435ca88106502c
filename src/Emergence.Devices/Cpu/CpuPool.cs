using System.Runtime.ExceptionServices;

namespace Emergence.Devices.Cpu;

/// <summary>
/// Threads that share the blocks of one loop at a time. A loop that finds them busy, from another thread or from
/// inside a block, runs where it was called: results do not depend on who runs a block.
/// </summary>
internal sealed class CpuPool : IDisposable
{
    /// <summary>Waits before a thread sleeps: about 50 microseconds, longer than the gap between two ops.</summary>
    private const int Spins = 1000;

    private readonly object _gate = new();
    private readonly Thread[] _workers;
    private Action<int>? _body;
    private Exception? _failure;
    private int _count;
    private int _next;
    private volatile int _inside;
    private int _busy;
    private bool _open;
    private volatile int _round;
    private volatile bool _stop;

    /// <param name="threads">Number of threads that work, the calling one included.</param>
    public CpuPool(int threads)
    {
        Threads = threads;
        _workers = new Thread[threads - 1];
        for (var i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Thread(Work) { IsBackground = true, Name = $"emergence-cpu-{i + 1}" };
            _workers[i].Start();
        }
    }

    public int Threads { get; }

    /// <summary>Threads that a loop begun now would find: one if the others are busy.</summary>
    public int Free => Volatile.Read(ref _busy) == 0 ? Threads : 1;

    /// <summary>Calls body(0) .. body(count - 1), each once, in any order, and returns when all are done.</summary>
    public void Run(int count, Action<int> body)
    {
        if (count <= 1 || _workers.Length == 0 || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            for (var i = 0; i < count; i++)
                body(i);
            return;
        }

        lock (_gate)
        {
            (_body, _count, _next, _failure, _open) = (body, count, 0, null, true);
            _round++;
            Monitor.PulseAll(_gate);
        }

        TakeBlocks();

        // The last blocks end at almost the same time: to sleep and be woken would take longer.
        for (var i = 0; i < Spins && _inside > 0; i++)
            Thread.SpinWait(4);
        lock (_gate)
        {
            // Threads that have not woken by now are not waited for.
            _open = false;
            while (_inside > 0)
                Monitor.Wait(_gate);
        }

        var failure = _failure;
        _body = null;
        Volatile.Write(ref _busy, 0);
        if (failure != null)
            ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>
    /// Calls body(start, end) for ranges that cover 0 .. count - 1, of at least <paramref name="grain"/> but for the last.
    /// </summary>
    public void RunRanges(int count, int grain, Action<int, int> body)
    {
        var size = Math.Max(grain, Ceiling.Of(count, 4 * Free));
        if (count <= size)
            body(0, count);
        else
            Run(Ceiling.Of(count, size), i => body(i * size, Math.Min(count, (i + 1) * size)));
    }

    /// <summary>
    /// Calls body(start, end) for ranges that cover 0 .. count - 1, no more of them than threads: for work that is done best in long
    /// pieces.
    /// </summary>
    public void RunShares(int count, int grain, Action<int, int> body)
    {
        var size = Math.Max(grain, Ceiling.Of(count, Free));
        Run(Ceiling.Of(count, size), i => body(i * size, Math.Min(count, (i + 1) * size)));
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stop = true;
            Monitor.PulseAll(_gate);
        }

        foreach (var worker in _workers)
            worker.Join();
    }

    private void Work()
    {
        var seen = 0;
        while (true)
        {
            for (var i = 0; i < Spins && _round == seen && !_stop; i++)
                Thread.SpinWait(4);
            lock (_gate)
            {
                while (!_stop && (_round == seen || !_open))
                    Monitor.Wait(_gate);
                if (_stop)
                    return;
                seen = _round;
                _inside++;
            }

            TakeBlocks();
            lock (_gate)
            {
                if (--_inside == 0)
                    Monitor.PulseAll(_gate);
            }
        }
    }

    private void TakeBlocks()
    {
        try
        {
            for (var i = Interlocked.Increment(ref _next) - 1; i < _count; i = Interlocked.Increment(ref _next) - 1)
                _body!(i);
        }
        catch (Exception error)
        {
            // The caller throws it; the other threads run out of blocks.
            _failure = error;
            Volatile.Write(ref _next, _count);
        }
    }
}
