namespace Emergence.Tokenizers.Models;

/// <summary>
/// The pairs of tokens that are joined, how early and to what. Open addressing in flat arrays; the hash mixes, since the pairs
/// (x, x) of a plain one would all fall together.
/// </summary>
internal sealed class MergeTable
{
    private const ulong Mixer = 0x9E3779B97F4A7C15;

    // A key is the pair's two ids in one number, and 1 more, so that 0 is free.
    private ulong[] _keys;
    private int[] _ranks;
    private int[] _ids;
    private int _shift;
    private int _count;

    public MergeTable() => Allocate(6);

    /// <summary>Adds a merge; the later of two merges of one pair counts.</summary>
    public void Add(int left, int right, int rank, int id)
    {
        if (4 * (_count + 1) > 3 * _keys.Length)
            Grow();
        var key = Key(left, right);
        var slot = Slot(key);
        while (_keys[slot] != 0 && _keys[slot] != key)
            slot = (slot + 1) & (_keys.Length - 1);
        if (_keys[slot] == 0)
            _count++;
        (_keys[slot], _ranks[slot], _ids[slot]) = (key, rank, id);
    }

    public bool TryFind(int left, int right, out int rank, out int id)
    {
        var key = Key(left, right);
        for (var slot = Slot(key); _keys[slot] != 0; slot = (slot + 1) & (_keys.Length - 1))
        {
            if (_keys[slot] == key)
            {
                (rank, id) = (_ranks[slot], _ids[slot]);
                return true;
            }
        }

        (rank, id) = (0, -1);
        return false;
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_keys), nameof(_ranks), nameof(_ids))]
    private void Allocate(int bits)
    {
        (_keys, _ranks, _ids) = (new ulong[1 << bits], new int[1 << bits], new int[1 << bits]);
        _shift = 64 - bits;
    }

    private void Grow()
    {
        var (keys, ranks, ids) = (_keys, _ranks, _ids);
        Allocate(64 - _shift + 1);
        for (var i = 0; i < keys.Length; i++)
        {
            if (keys[i] == 0)
                continue;
            var slot = Slot(keys[i]);
            while (_keys[slot] != 0)
                slot = (slot + 1) & (_keys.Length - 1);
            (_keys[slot], _ranks[slot], _ids[slot]) = (keys[i], ranks[i], ids[i]);
        }
    }

    private int Slot(ulong key) => (int)(key * Mixer >> _shift);

    private static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) + 1;
}
