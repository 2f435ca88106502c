using System.Buffers;

namespace Emergence.Tokenizers.Models;

/// <summary>
/// The pieces of a word whose scores add up to the most (Viterbi). Of equal sums the one that begins earlier wins, and a sum must
/// be more than the best so far to replace it, both as in SentencePiece and the tokenizers library, which walk the word so.
/// </summary>
/// <param name="pieces">All pieces, by number.</param>
/// <param name="scores">Their scores.</param>
/// <param name="unknown">The number for a character that no piece covers; its score.</param>
/// <param name="single">Sums are kept in 32 bits, as SentencePiece does; the library keeps 64.</param>
internal sealed class BestPath(TokenTrie pieces, double[] scores, (int Id, double Score) unknown, bool single)
{
    /// <summary>The pieces in order. A number below 0 stands for a character that no piece covers.</summary>
    public List<(int Id, int Start, int End)> Find(ReadOnlySpan<char> word)
    {
        var sums = ArrayPool<double>.Shared.Rent(word.Length + 1);
        var ids = ArrayPool<int>.Shared.Rent(word.Length + 1);
        var starts = ArrayPool<int>.Shared.Rent(word.Length + 1);
        starts.AsSpan(0, word.Length + 1).Fill(-1);
        sums[0] = 0;
        Walk(word, sums, ids, starts);

        var path = new List<(int, int, int)>();
        for (var end = word.Length; end > 0; end = starts[end])
            path.Add((ids[end], starts[end], end));
        path.Reverse();
        ArrayPool<double>.Shared.Return(sums);
        ArrayPool<int>.Shared.Return(ids);
        ArrayPool<int>.Shared.Return(starts);
        return path;
    }

    private void Walk(ReadOnlySpan<char> word, double[] sums, int[] ids, int[] starts)
    {
        for (int start = 0, length; start < word.Length; start += length)
        {
            length = char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1;
            var covered = false;
            var node = TokenTrie.Root;
            for (var end = start; end < word.Length && (node = pieces.Step(node, word[end])) >= 0;)
            {
                end++;
                if (pieces.Value(node) is not (>= 0 and var id))
                    continue;
                Offer(start, end, id, scores[id]);
                covered |= end == start + length;
            }

            if (!covered)
                Offer(start, start + length, unknown.Id, unknown.Score);
        }

        void Offer(int start, int end, int id, double score)
        {
            var sum = score + sums[start];
            if (single)
                sum = (float)sum;
            if (starts[end] < 0 || sum > sums[end])
                (starts[end], ids[end], sums[end]) = (start, id, sum);
        }
    }
}
