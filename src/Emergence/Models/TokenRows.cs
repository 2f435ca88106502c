using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// Lengths of sequences that a rotation tells apart, and how many positions there are: the turns of all of them lie one
/// after the other in a table.
/// </summary>
/// <param name="Lengths">As <see cref="ModelConfig.LikeLength"/> gives them, each once.</param>
/// <param name="Positions">Positions of the longest sequence.</param>
internal sealed record SequenceLengths(IReadOnlyList<int> Lengths, int Positions)
{
    /// <summary>Whether the lengths of all rows are one to the model.</summary>
    public bool IsOne => Lengths.Count == 1;
}

/// <summary>
/// Rows of the forward pass: tokens in a forest, where row n continues the row that its parent names. The first
/// <see cref="Context"/> rows are only seen by later ones; nothing is computed for them beyond what attention needs.
/// </summary>
internal sealed class TokenRows : IDisposable
{
    private readonly Tensor? _ownTurns;

    /// <param name="device">Holds the rows.</param>
    /// <param name="tokens">(N) ids.</param>
    /// <param name="positions">(N) position ids.</param>
    /// <param name="parents">(N) row of the previous token, smaller than the own row; -1 at a start.</param>
    /// <param name="lengths">Lengths of the sequences.</param>
    /// <param name="lengthOf">(N) which of them each row is part of; not needed for one.</param>
    /// <param name="context">Number of rows at the front that only serve others.</param>
    /// <param name="start">First row of those that are not context, among the rows of all calls.</param>
    /// <param name="sources">(N) row among the rows of all calls, or none if they follow each other from start on.</param>
    public TokenRows(
        Device device,
        ReadOnlySpan<int> tokens,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> parents,
        SequenceLengths lengths,
        ReadOnlySpan<int> lengthOf = default,
        int context = 0,
        int start = 0,
        int[]? sources = null)
    {
        (Count, Context, Start, Lengths) = (tokens.Length, context, start, lengths);
        foreach (var position in positions)
            LastPosition = Math.Max(LastPosition, position);
        try
        {
            Tokens = device.AllocateIndices(tokens);
            Positions = device.AllocateIndices(positions);
            Paths = new(device, parents);
            Sources = sources == null ? null : device.AllocateIndices(sources);
            if (!lengths.IsOne)
            {
                var turns = new int[tokens.Length];
                for (var n = 0; n < turns.Length; n++)
                    turns[n] = lengthOf[n] * lengths.Positions + positions[n];
                _ownTurns = device.AllocateIndices(turns);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>N.</summary>
    public int Count { get; }

    public int Context { get; }

    /// <summary>Rows that are computed: Count - Context.</summary>
    public int Own => Count - Context;

    /// <summary>First own row among the rows of all calls.</summary>
    public int Start { get; }

    public int LastPosition { get; }

    public SequenceLengths Lengths { get; }

    /// <summary>(N, 1).</summary>
    public Tensor Tokens { get; }

    /// <summary>(N, 1).</summary>
    public Tensor Positions { get; }

    /// <summary>
    /// What a row remembers of those before it: keys and values, the last inputs of a convolution, a state. All of it goes
    /// along these paths and is made anew in a call, for the ancestors of its rows are among them as context.
    /// </summary>
    public ForestPaths Paths { get; }

    /// <summary>(N, 1), or none.</summary>
    public Tensor? Sources { get; }

    /// <summary>(N, 1): row in a table of turns.</summary>
    public Tensor Turns => _ownTurns ?? Positions;

    /// <summary>One sequence.</summary>
    public static TokenRows Chain(Device device, ModelConfig config, ReadOnlySpan<int> tokens)
    {
        var positions = new int[tokens.Length];
        var parents = new int[tokens.Length];
        for (var i = 0; i < tokens.Length; i++)
            (positions[i], parents[i]) = (i, i - 1);
        return new(device, tokens, positions, parents, new([config.LikeLength(tokens.Length)], tokens.Length));
    }

    public void Dispose()
    {
        Tokens?.Dispose();
        Positions?.Dispose();
        Paths?.Dispose();
        Sources?.Dispose();
        _ownTurns?.Dispose();
    }
}
