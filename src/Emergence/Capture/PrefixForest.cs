namespace Emergence.Capture;

/// <summary>Which position id a token has that runs alone.</summary>
public enum MicroPosition
{
    /// <summary>0, as in a sequence of one.</summary>
    Zero,

    /// <summary>The one it has in its sequence.</summary>
    Own,
}

/// <summary>
/// The distinct prefixes of a set of token sequences, each once: a row is a prefix, its parent the prefix without the
/// last token. Rows are in depth-first order, so that the rows below any prefix are neighbours, and children follow
/// the order of token ids: the forest of a set does not depend on the order of its sequences.
/// </summary>
public sealed class PrefixForest
{
    private readonly int[][] _rows;

    private PrefixForest(int[] tokens, int[] parents, int[] positions, int[][] rows) =>
        (Tokens, Parents, Positions, _rows) = (tokens, parents, positions, rows);

    /// <summary>N, the number of rows.</summary>
    public int Count => Tokens.Count;

    /// <summary>Number of sequences.</summary>
    public int Sequences => _rows.Length;

    /// <summary>(N): last token of each prefix.</summary>
    public IReadOnlyList<int> Tokens { get; }

    /// <summary>(N): row of the prefix without its last token, smaller than the own row; -1 for a single token.</summary>
    public IReadOnlyList<int> Parents { get; }

    /// <summary>(N): position id of the last token.</summary>
    public IReadOnlyList<int> Positions { get; }

    /// <summary>(T): the row of every position of a sequence.</summary>
    public ReadOnlySpan<int> Rows(int sequence) => _rows[sequence];

    /// <summary>All distinct prefixes of the sequences.</summary>
    public static PrefixForest Macro(IReadOnlyList<int[]> sequences)
    {
        var order = Enumerable.Range(0, sequences.Count).ToArray();
        Array.Sort(order, (a, b) => Compare(sequences[a], sequences[b], a, b));
        var (tokens, parents, positions) = (new List<int>(), new List<int>(), new List<int>());
        var rows = new int[sequences.Count][];
        int[] last = [], lastRows = [];
        foreach (var index in order)
        {
            var sequence = sequences[index];
            var path = new int[sequence.Length];
            var shared = sequence.AsSpan().CommonPrefixLength(last);
            lastRows.AsSpan(0, shared).CopyTo(path);
            for (var t = shared; t < sequence.Length; t++)
            {
                path[t] = tokens.Count;
                tokens.Add(sequence[t]);
                parents.Add(t == 0 ? -1 : path[t - 1]);
                positions.Add(t);
            }

            rows[index] = path;
            (last, lastRows) = (sequence, path);
        }

        return new([.. tokens], [.. parents], [.. positions], rows);
    }

    /// <summary>Every token of the sequences alone: one row for each distinct token, or token and position.</summary>
    public static PrefixForest Micro(IReadOnlyList<int[]> sequences, MicroPosition position = MicroPosition.Zero)
    {
        var distinct = new Dictionary<(int Token, int Position), int>();
        foreach (var sequence in sequences)
        {
            for (var t = 0; t < sequence.Length; t++)
                distinct.TryAdd((sequence[t], position == MicroPosition.Own ? t : 0), 0);
        }

        var keys = distinct.Keys.Order().ToArray();
        for (var row = 0; row < keys.Length; row++)
            distinct[keys[row]] = row;
        var rows = sequences.Select(sequence => sequence.Select((token, t) => distinct[(token, position == MicroPosition.Own ? t : 0)]).ToArray());
        var parents = new int[keys.Length];
        Array.Fill(parents, -1);
        return new([.. keys.Select(key => key.Token)], parents, [.. keys.Select(key => key.Position)], [.. rows]);
    }

    private static int Compare(int[] left, int[] right, int leftIndex, int rightIndex)
    {
        var order = left.AsSpan().SequenceCompareTo(right);
        return order != 0 ? order : leftIndex.CompareTo(rightIndex);
    }
}
