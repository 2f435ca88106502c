using Emergence.Devices;
using Emergence.Files.Safetensors;

namespace Emergence.Models;

/// <summary>Reads one block after the other on a thread of its own, the next one while rows pass the one before.</summary>
internal sealed class BlockReader : IDisposable
{
    private readonly IReadOnlyList<TensorEntry[]> _blocks;
    private readonly StagedBlock[] _staged;
    private StagedBlock? _held;
    private Reading? _reading;

    /// <param name="device">Computes with them.</param>
    /// <param name="files">Where blocks come from.</param>
    /// <param name="blocks">What is stored of each.</param>
    /// <param name="inFlight">Blocks in memory at a time: 2, or 1, which is then read when it is asked for.</param>
    public BlockReader(Device device, WeightFiles files, IReadOnlyList<TensorEntry[]> blocks, int inFlight)
    {
        _blocks = blocks;
        var room = blocks.Max(StagedBlock.RoomFor);
        _staged = [.. Enumerable.Range(0, inFlight).Select(_ => new StagedBlock(device, files, room))];
    }

    /// <summary>A block that will be asked for soon, unless there is no room for it or another one is on its way.</summary>
    public void Expect(int layer)
    {
        if (_reading == null && layer < _blocks.Count && _held?.Layer != layer && Array.Find(_staged, block => block != _held) is { } free)
            _reading = new(layer, free, _blocks[layer]);
    }

    /// <summary>The block, when it is there; the one before it is given up.</summary>
    public StagedBlock Enter(int layer)
    {
        if (_held?.Layer == layer)
            return _held;
        if (_reading?.Layer != layer)
            Abandon();
        _held?.Leave();
        _held = null;
        Expect(layer);
        var reading = _reading!;
        _reading = null;
        _held = reading.Result();
        _held.Enter();
        Expect(layer + 1);
        return _held;
    }

    public void Dispose()
    {
        Abandon();
        foreach (var block in _staged)
            block.Dispose();
    }

    private void Abandon()
    {
        _reading?.Abandon();
        _reading = null;
    }

    /// <summary>A block on its way.</summary>
    private sealed class Reading
    {
        private readonly CancellationTokenSource _abandoned = new();
        private readonly StagedBlock _block;
        private readonly Task _task;

        public Reading(int layer, StagedBlock block, TensorEntry[] entries)
        {
            (Layer, _block) = (layer, block);
            _task = Task.Factory.StartNew(() => block.Read(layer, entries, _abandoned.Token), CancellationToken.None,
                TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        public int Layer { get; }

        /// <summary>The block when it is complete, or what went wrong.</summary>
        public StagedBlock Result()
        {
            _task.GetAwaiter().GetResult();
            return _block;
        }

        /// <summary>Ends the reading; nobody hears of what went wrong with it.</summary>
        public void Abandon()
        {
            _abandoned.Cancel();
            ((IAsyncResult)_task).AsyncWaitHandle.WaitOne();
            _ = _task.Exception;
        }
    }
}
