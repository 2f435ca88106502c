namespace Emergence.Tokenizers.Patterns;

/// <summary>
/// From where in the text which instruction is known to lead to no match, or in a look-ahead to one: a bit for each, in rows that are
/// made when they are needed. With it no instruction is tried twice at a place, which keeps backtracking linear in the text.
/// </summary>
internal sealed class FailureMemory(int slots, int length)
{
    private readonly ulong[]?[] _failed = new ulong[slots][];
    private readonly ulong[]?[] _succeeded = new ulong[slots][];
    private readonly (int Start, int End)[] _runs = new (int, int)[slots];
    private readonly (int First, int Last)[] _lastFailed = new (int, int)[slots];

    public bool Failed(int slot, int place) => IsSet(_failed[slot], place);

    public bool Succeeded(int slot, int place) => IsSet(_succeeded[slot], place);

    /// <summary>From all these places, both ends included.</summary>
    public void Fail(int slot, int first, int last)
    {
        Mark(_failed[slot] ??= Row(), first, last);
        _lastFailed[slot] = (first, last);
    }

    public void Succeed(int slot, int first, int last) => Mark(_succeeded[slot] ??= Row(), first, last);

    /// <summary>A stretch that a run went over to its end, so that it need not do so again.</summary>
    public ref (int Start, int End) Run(int slot) => ref _runs[slot];

    /// <summary>The last end of a run that is still open, if the same run failed from a place further on, and so from all ends behind
    /// it.</summary>
    public int LastOpenEnd(int slot, int start, int end)
    {
        var (first, last) = _lastFailed[slot];
        return last == end && first > start ? first : end;
    }

    private ulong[] Row() => new ulong[length / 64 + 1];

    private static bool IsSet(ulong[]? row, int place) => row != null && (row[place / 64] >> (place % 64) & 1) != 0;

    private static void Mark(ulong[] row, int first, int last)
    {
        var (from, to) = (first / 64, last / 64);
        var (head, tail) = (ulong.MaxValue << (first % 64), ulong.MaxValue >> (63 - last % 64));
        if (from == to)
        {
            row[from] |= head & tail;
            return;
        }

        row[from] |= head;
        row.AsSpan(from + 1, to - from - 1).Fill(ulong.MaxValue);
        row[to] |= tail;
    }
}
