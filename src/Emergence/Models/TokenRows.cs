using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// Rows of the forward pass: tokens in a forest, where row n continues the row that its parent names. The first
/// <see cref="Context"/> rows are only seen by later ones; nothing is computed for them beyond what attention needs.
/// </summary>
internal sealed class TokenRows : IDisposable
{
    /// <param name="device">Holds the rows.</param>
    /// <param name="tokens">(N) ids.</param>
    /// <param name="positions">(N) position ids.</param>
    /// <param name="parents">(N) row of the previous token, smaller than the own row; -1 at a start.</param>
    /// <param name="context">Number of rows at the front that only serve others.</param>
    public TokenRows(Device device, ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, ReadOnlySpan<int> parents, int context = 0)
    {
        (Count, Context) = (tokens.Length, context);
        foreach (var position in positions)
            LastPosition = Math.Max(LastPosition, position);
        try
        {
            Tokens = device.AllocateIndices(tokens);
            Positions = device.AllocateIndices(positions);
            Parents = device.AllocateIndices(parents);
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

    public int LastPosition { get; }

    /// <summary>(N, 1).</summary>
    public Tensor Tokens { get; }

    /// <summary>(N, 1).</summary>
    public Tensor Positions { get; }

    /// <summary>(N, 1).</summary>
    public Tensor Parents { get; }

    /// <summary>One sequence.</summary>
    public static TokenRows Chain(Device device, ReadOnlySpan<int> tokens)
    {
        var positions = new int[tokens.Length];
        var parents = new int[tokens.Length];
        for (var i = 0; i < tokens.Length; i++)
            (positions[i], parents[i]) = (i, i - 1);
        return new(device, tokens, positions, parents);
    }

    public void Dispose()
    {
        Tokens?.Dispose();
        Positions?.Dispose();
        Parents?.Dispose();
    }
}
