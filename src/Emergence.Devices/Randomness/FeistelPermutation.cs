using System.Numerics;

namespace Emergence.Devices.Randomness;

/// <summary>
/// A keyed bijection of 0 .. n-1 evaluated without a table: eight alternating modular Feistel rounds on a grid
/// a x b &gt;= n, walked until the result falls below n. Pseudo-random, not uniform over all n! permutations.
/// </summary>
public readonly struct FeistelPermutation
{
    private const int Rounds = 8;
    private readonly uint _n;
    private readonly uint _rows;
    private readonly uint _columns;
    private readonly RoundKeys _keys;

    /// <param name="n">Size, 1 .. 2^31-1.</param>
    /// <param name="seed">Key.</param>
    /// <param name="cell">Counter word.</param>
    /// <param name="step">Counter word.</param>
    public FeistelPermutation(int n, ulong seed, uint cell, int step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        _n = (uint)n;
        (_rows, _columns) = Grid(n);
        var low = Philox.Block(0, (uint)step, cell, (uint)RandomStream.Shuffle, seed);
        var high = Philox.Block(1, (uint)step, cell, (uint)RandomStream.Shuffle, seed);
        (_keys[0], _keys[1], _keys[2], _keys[3]) = low;
        (_keys[4], _keys[5], _keys[6], _keys[7]) = high;
    }

    /// <summary>The sides of the grid for n indices.</summary>
    internal static (uint Rows, uint Columns) Grid(int n)
    {
        var rows = (uint)Math.Ceiling(Math.Sqrt(n));
        return (rows, ((uint)n + rows - 1) / rows);
    }

    public int Apply(int index)
    {
        var value = (uint)index;
        do
        {
            var (row, column) = (value / _columns, value % _columns);
            for (var round = 0; round < Rounds; round += 2)
            {
                row = (row + Below(Mix(column ^ _keys[round]), _rows)) % _rows;
                column = (column + Below(Mix(row ^ _keys[round + 1]), _columns)) % _columns;
            }

            value = row * _columns + column;
        }
        while (value >= _n);
        return (int)value;
    }

    /// <summary>The 32-bit finaliser of MurmurHash3: a bijection in which every input bit reaches every output bit.</summary>
    private static uint Mix(uint x)
    {
        x = unchecked((x ^ (x >> 16)) * 0x85EBCA6B);
        x = unchecked((x ^ (x >> 13)) * 0xC2B2AE35);
        return BitOperations.RotateLeft(x ^ (x >> 16), 7);
    }

    private static uint Below(uint word, uint limit) => (uint)(((ulong)word * limit) >> 32);

    [System.Runtime.CompilerServices.InlineArray(Rounds)]
    private struct RoundKeys
    {
        private uint _first;
    }
}
