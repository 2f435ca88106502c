using Emergence.Devices;
using Emergence.Models;

namespace Emergence.Capture;

/// <summary>The position id of a token that runs alone.</summary>
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
    private int? _places;
    private int? _depth;

    private PrefixForest(int[] tokens, int[] parents, int[] positions, int[]? lengths, int[][] rows) =>
        (Tokens, Parents, Positions, Lengths, _rows) = (tokens, parents, positions, lengths, rows);

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

    /// <summary>
    /// (N): which sequences share the prefix, as <see cref="ModelConfig.LikeLength"/> numbers them; none if all do.
    /// </summary>
    public IReadOnlyList<int>? Lengths { get; }

    /// <summary>Tokens of the longest prefix.</summary>
    internal int Depth => _depth ??= FindDepth();

    /// <summary>States that wait at a time for the rows which continue them.</summary>
    internal int Places => _places ??= ForestPaths.CountPlaces([.. Parents]);

    /// <summary>(T): the row of every position of a sequence.</summary>
    public ReadOnlySpan<int> Rows(int sequence) => _rows[sequence];

    /// <summary>All distinct prefixes of the sequences.</summary>
    /// <param name="sequences">Token ids.</param>
    /// <param name="config">The config of the model that the forest is for: to some models, a prefix of a longer sequence is another
    /// one.</param>
    public static PrefixForest Macro(IReadOnlyList<int[]> sequences, ModelConfig? config = null)
    {
        var order = Enumerable.Range(0, sequences.Count).ToArray();
        var lengths = config is { DependsOnLength: true } ? sequences.Select(sequence => config.LikeLength(sequence.Length)).ToArray()
            : null;
        Array.Sort(order, (a, b) => Compare(sequences[a], sequences[b], a, b, lengths));
        var (tokens, parents, positions, likes) = (new List<int>(), new List<int>(), new List<int>(), new List<int>());
        var rows = new int[sequences.Count][];
        int[] last = [], lastRows = [];
        var lastLength = 0;
        foreach (var index in order)
        {
            var sequence = sequences[index];
            var path = new int[sequence.Length];
            var shared = lengths == null || lengths[index] == lastLength ? sequence.AsSpan().CommonPrefixLength(last) : 0;
            lastRows.AsSpan(0, shared).CopyTo(path);
            for (var t = shared; t < sequence.Length; t++)
            {
                path[t] = tokens.Count;
                tokens.Add(sequence[t]);
                parents.Add(t == 0 ? -1 : path[t - 1]);
                positions.Add(t);
                likes.Add(lengths?[index] ?? 0);
            }

            rows[index] = path;
            (last, lastRows, lastLength) = (sequence, path, lengths?[index] ?? 0);
        }

        return new([.. tokens], [.. parents], [.. positions], lengths == null ? null : [.. likes], rows);
    }

    /// <summary>Every token of the sequences alone: one row for each distinct token, or token and position.</summary>
    /// <param name="sequences">Token ids.</param>
    /// <param name="position">The position id of every token.</param>
    /// <param name="config">The config of the model that the forest is for.</param>
    public static PrefixForest Micro(IReadOnlyList<int[]> sequences, MicroPosition position = MicroPosition.Zero,
        ModelConfig? config = null)
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
        var rows = sequences.Select(sequence => sequence.Select((token, t) => distinct[(token, position == MicroPosition.Own ? t : 0)])
            .ToArray());
        var parents = new int[keys.Length];
        Array.Fill(parents, -1);
        int[]? lengths = config is { DependsOnLength: true } ? [.. keys.Select(key => config.LikeLength(key.Position + 1))] : null;
        return new([.. keys.Select(key => key.Token)], parents, [.. keys.Select(key => key.Position)], lengths, [.. rows]);
    }

    private int FindDepth()
    {
        var depths = new int[Count];
        for (var row = 0; row < depths.Length; row++)
            depths[row] = Parents[row] < 0 ? 1 : depths[Parents[row]] + 1;
        return depths.DefaultIfEmpty(0).Max();
    }

    private static int Compare(int[] left, int[] right, int leftIndex, int rightIndex, int[]? lengths)
    {
        var order = lengths == null ? 0 : lengths[leftIndex].CompareTo(lengths[rightIndex]);
        if (order == 0)
            order = left.AsSpan().SequenceCompareTo(right);
        return order != 0 ? order : leftIndex.CompareTo(rightIndex);
    }
}
