namespace Emergence.Models;

/// <summary>A size and how config.json spells it, e.g. 1600, "n_embd=1600".</summary>
internal readonly record struct Dimension(int Size, string Text)
{
    public static Dimension operator +(Dimension a, Dimension b) => new(a.Size + b.Size, $"{a.Text} and {b.Text}");
}

/// <summary>A weight that a model needs. A vector has one row and is stored with one size only, a number with one or none.</summary>
/// <param name="Name">Without what stands before the names of this checkpoint.</param>
/// <param name="IsHead">It belongs to the head.</param>
/// <param name="Sizes">Rows and columns as it is stored plain, before them experts; one for a vector, none for a number.</param>
/// <param name="Layer">The linear layer whose matrix it is, which may be stored packed; null for embeddings and vectors.</param>
internal sealed record ExpectedWeight(string Name, bool IsHead, Dimension[] Sizes, LinearLayer? Layer = null)
{
    /// <summary>A matrix of one expert, or of all of them: only those that rows pass are needed.</summary>
    public bool IsOfExperts { get; init; }

    /// <summary>Matrices of experts lie below each other.</summary>
    public int Rows => Sizes.Length < 2 ? 1 : Sizes[..^1].Aggregate(1, (rows, size) => checked(rows * size.Size));

    public int Columns => Sizes.Length == 0 ? 1 : Sizes[^1].Size;

    /// <summary>Whether a tensor of that shape may be it.</summary>
    public bool Fits(IReadOnlyList<long> shape) =>
        shape.SequenceEqual(Sizes.Select(size => (long)size.Size)) || (Sizes.Length == 0 && shape is [1]);
}

/// <summary>Sizes of a linear layer.</summary>
/// <param name="Outputs">Columns of its result.</param>
/// <param name="Inputs">Columns of its argument.</param>
/// <param name="Parts">Layers that lie below each other in one matrix and are used one by one.</param>
internal sealed record LinearLayer(int Outputs, int Inputs, int Parts = 1)
{
    /// <summary>Elements of the largest part.</summary>
    public long PartSize => (long)Outputs / Parts * Inputs;
}
