namespace Emergence.Tokenizers;

/// <summary>A stretch of a word that has become one token; an id of -1 is a character without a token of its own.</summary>
internal readonly record struct Symbol(int Id, int Start, int Length, bool Frozen = false);

/// <summary>Turns a word into ids by joining neighbours, the best pair first, the leftmost of equals first.</summary>
internal abstract class MergeModel
{
    public abstract void Encode(string word, List<int> ids);

    /// <summary>What two neighbours make, and how early (0 first) they are joined; false where they stay apart.</summary>
    protected abstract bool TryMerge(string word, in Symbol left, in Symbol right, out int rank, out int id);

    /// <summary>
    /// Joins until nothing more can be joined. A queue of candidate pairs over a linked list: n log n for n characters.
    /// A pair that changed after it was queued no longer has the rank it was queued with, and is passed over.
    /// </summary>
    protected void MergeAll(string word, List<Symbol> symbols)
    {
        var count = symbols.Count;
        if (count < 2)
            return;
        var next = new int[count];
        var previous = new int[count];
        var queue = new PriorityQueue<int, long>();
        for (var i = 0; i < count; i++)
        {
            previous[i] = i - 1;
            next[i] = i + 1 < count ? i + 1 : -1;
        }

        for (var i = 0; i + 1 < count; i++)
            Offer(i);
        while (queue.TryDequeue(out var left, out var priority))
        {
            var right = next[left];
            if (right < 0 || symbols[left].Length == 0
                || !TryMerge(word, symbols[left], symbols[right], out var rank, out var id) || Priority(rank, left) != priority)
                continue;
            symbols[left] = new(id, symbols[left].Start, symbols[left].Length + symbols[right].Length);
            symbols[right] = default;
            next[left] = next[right];
            if (next[left] >= 0)
            {
                previous[next[left]] = left;
                Offer(left);
            }

            if (previous[left] >= 0)
                Offer(previous[left]);
        }

        symbols.RemoveAll(symbol => symbol.Length == 0);

        void Offer(int left)
        {
            if (TryMerge(word, symbols[left], symbols[next[left]], out var rank, out _))
                queue.Enqueue(left, Priority(rank, left));
        }
    }

    private static long Priority(int rank, int position) => ((long)rank << 32) | (uint)position;
}
