using System.Runtime.InteropServices;

namespace Emergence.Tokenizers.Models;

/// <summary>
/// A stretch of a word that has become one token; an id of -1 is a character without a token of its own. Its bytes are those
/// it counts for in the word's UTF-8.
/// </summary>
internal readonly record struct Symbol(int Id, int Start, int Length, int Bytes, bool Frozen = false);

/// <summary>Turns a word into ids by joining neighbours, the best pair first, the leftmost of equals first.</summary>
internal abstract class MergeModel : Model
{
    // Up to here looking at all pairs again and again is faster than a queue.
    private const int ShortWord = 48;

    /// <summary>What two neighbours make, and how early (0 first) they are joined; false if they stay apart.</summary>
    protected abstract bool TryMerge(ReadOnlySpan<char> word, in Symbol left, in Symbol right, out int rank, out int id);

    /// <summary>Joins until nothing more can be joined.</summary>
    protected void MergeAll(ReadOnlySpan<char> word, List<Symbol> symbols)
    {
        if (symbols.Count <= ShortWord)
            MergeShort(word, symbols);
        else
            MergeLong(word, symbols);
    }

    private void MergeShort(ReadOnlySpan<char> word, List<Symbol> symbols)
    {
        const int Never = int.MaxValue;
        Span<int> ranks = stackalloc int[ShortWord];
        Span<int> ids = stackalloc int[ShortWord];
        var parts = CollectionsMarshal.AsSpan(symbols);
        for (var i = 0; i + 1 < parts.Length; i++)
            Look(word, parts, ranks, ids, i);
        while (parts.Length > 1)
        {
            var best = 0;
            for (var i = 1; i + 1 < parts.Length; i++)
            {
                if (ranks[i] < ranks[best])
                    best = i;
            }

            if (ranks[best] == Never)
                break;
            parts[best] = Join(parts[best], parts[best + 1], ids[best]);
            parts[(best + 2)..].CopyTo(parts[(best + 1)..]);
            ranks[(best + 2)..].CopyTo(ranks[(best + 1)..]);
            ids[(best + 2)..].CopyTo(ids[(best + 1)..]);
            parts = parts[..^1];
            if (best + 1 < parts.Length)
                Look(word, parts, ranks, ids, best);
            if (best > 0)
                Look(word, parts, ranks, ids, best - 1);
        }

        symbols.RemoveRange(parts.Length, symbols.Count - parts.Length);

        void Look(ReadOnlySpan<char> text, Span<Symbol> all, Span<int> found, Span<int> made, int i) =>
            found[i] = TryMerge(text, all[i], all[i + 1], out var rank, out made[i]) ? rank : Never;
    }

    /// <summary>
    /// A queue of candidate pairs over a linked list: n log n for n characters. A pair that changed after it was queued no longer
    /// has the rank it was queued with, and is passed over.
    /// </summary>
    private void MergeLong(ReadOnlySpan<char> word, List<Symbol> symbols)
    {
        var parts = CollectionsMarshal.AsSpan(symbols);
        var next = new int[parts.Length];
        var previous = new int[parts.Length];
        var queue = new PriorityHeap(parts.Length);
        for (var i = 0; i < parts.Length; i++)
        {
            previous[i] = i - 1;
            next[i] = i + 1 < parts.Length ? i + 1 : -1;
            if (i + 1 < parts.Length && TryMerge(word, parts[i], parts[i + 1], out var rank, out _))
                queue.AddUnordered(Priority(rank, i));
        }

        queue.Order();
        while (queue.TryTake(out var priority))
        {
            var left = (int)(uint)priority;
            var right = next[left];
            if (right < 0 || parts[left].Length == 0
                || !TryMerge(word, parts[left], parts[right], out var rank, out var id) || Priority(rank, left) != priority)
                continue;
            parts[left] = Join(parts[left], parts[right], id);
            parts[right] = default;
            next[left] = next[right];
            if (next[left] >= 0)
            {
                previous[next[left]] = left;
                if (TryMerge(word, parts[left], parts[next[left]], out rank, out _))
                    queue.Add(Priority(rank, left));
            }

            if (previous[left] >= 0 && TryMerge(word, parts[previous[left]], parts[left], out rank, out _))
                queue.Add(Priority(rank, previous[left]));
        }

        symbols.RemoveAll(symbol => symbol.Length == 0);
    }

    private static Symbol Join(in Symbol left, in Symbol right, int id) =>
        new(id, left.Start, left.Length + right.Length, left.Bytes + right.Bytes);

    private static ulong Priority(int rank, int position) => ((ulong)(uint)rank << 32) | (uint)position;
}
