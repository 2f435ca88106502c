using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>What depends on positions alone, computed once for as many positions as were asked for.</summary>
internal sealed class PositionTables(Device device) : IDisposable
{
    private readonly Dictionary<RotaryShape, Turns> _turns = [];
    private readonly Dictionary<object, Tensor> _tables = [];

    /// <summary>Cosines and sines for the turns of the rows, (turns, r) each.</summary>
    public (Tensor Cosines, Tensor Sines) Rotation(RotaryShape shape, TokenRows rows)
    {
        var needed = rows.Lengths.IsOne ? rows.LastPosition + 1 : rows.Lengths.Positions;
        if (!_turns.TryGetValue(shape, out var turns) || !turns.Serve(rows.Lengths, needed))
        {
            turns?.Dispose();
            _turns[shape] = turns = new(device, shape, rows.Lengths.Lengths, needed);
        }

        return (turns.Cosines, turns.Sines);
    }

    /// <summary>(P, heads).</summary>
    public Tensor? Bias(PositionBias? shape, TokenRows rows) => shape == null ? null : Table(shape, shape.Table, shape.Heads, rows);

    /// <summary>(P, 1).</summary>
    public Tensor? Scale(PositionScale? shape, TokenRows rows) => shape == null ? null : Table(shape, shape.Table, 1, rows);

    public void Dispose()
    {
        foreach (var turns in _turns.Values)
            turns.Dispose();
        foreach (var table in _tables.Values)
            table.Dispose();
    }

    private Tensor Table(object shape, Func<int, double[]> values, int columns, TokenRows rows)
    {
        if (_tables.TryGetValue(shape, out var table) && table.Rows > rows.LastPosition)
            return table;
        table?.Dispose();
        _tables[shape] = table = device.Allocate(rows.LastPosition + 1, columns);
        device.Upload(values(table.Rows), table);
        return table;
    }

    /// <summary>The turns of one rotation in sequences of some lengths, one after the other.</summary>
    private sealed class Turns : IDisposable
    {
        private readonly IReadOnlyList<int> _lengths;
        private readonly int _positions;

        public Turns(Device device, RotaryShape shape, IReadOnlyList<int> lengths, int positions)
        {
            (_lengths, _positions) = (lengths, positions);
            var tables = lengths.Select(length => shape.Table(positions, length)).ToArray();
            Cosines = device.Allocate(lengths.Count * positions, shape.Columns / 2);
            Sines = device.Allocate(lengths.Count * positions, shape.Columns / 2);
            device.Upload([.. tables.SelectMany(table => table.Cosines)], Cosines);
            device.Upload([.. tables.SelectMany(table => table.Sines)], Sines);
        }

        public Tensor Cosines { get; }

        public Tensor Sines { get; }

        /// <summary>Whether rows of those lengths find their turns here.</summary>
        public bool Serve(SequenceLengths lengths, int positions) =>
            _lengths.SequenceEqual(lengths.Lengths) && (lengths.IsOne ? positions <= _positions : positions == _positions);

        public void Dispose()
        {
            Cosines.Dispose();
            Sines.Dispose();
        }
    }
}
