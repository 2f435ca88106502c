using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// A part of a block that reads the rows before a row one after the other instead of all at once: projections, a convolution
/// with the last rows, and perhaps a state that each row takes from the one before it.
/// </summary>
internal abstract record RecurrencePart
{
    /// <summary>Rows that the convolution sees, the own one included.</summary>
    public required int Taps { get; init; }

    public bool ConvolutionBias { get; init; }

    /// <summary>The projection in front has a bias.</summary>
    public bool InputBias { get; init; }

    public bool OutputBias { get; init; }

    /// <summary>Factor of what goes in.</summary>
    public double InputScale { get; init; } = 1;

    /// <summary>Factor of what is added to the stream.</summary>
    public double OutputScale { get; init; } = 1;

    /// <summary>Columns of all projections in front.</summary>
    public abstract int ProjectedWidth { get; }

    /// <summary>Columns that the convolution goes over.</summary>
    public abstract int ConvolvedWidth { get; }

    /// <summary>Columns that the last projection is given.</summary>
    public abstract int MixedWidth { get; }

    /// <summary>Channels that have a state, and the numbers of one; none where a convolution's inputs are all that is
    /// remembered.</summary>
    public virtual (int Channels, int Size) State => default;
}

/// <summary>Two gates and a convolution between them (LFM2): C * convolution(B * x).</summary>
internal sealed record ShortConvolutionPart(int Width) : RecurrencePart
{
    public override int ProjectedWidth => 3 * Width;

    public override int ConvolvedWidth => Width;

    public override int MixedWidth => Width;
}

/// <summary>A selective scan (Mamba), whose steps come from a narrow row of their own or, by head, straight from the stream.</summary>
/// <param name="Heads">H; all channels of a head share steps and, if there is no narrow row, rates.</param>
/// <param name="HeadSize">Channels of a head.</param>
/// <param name="Groups">Heads of a group share what goes into the state and what reads it.</param>
/// <param name="StateSize">S, of each channel.</param>
internal sealed record ScanPart(int Heads, int HeadSize, int Groups, int StateSize) : RecurrencePart
{
    /// <summary>Width of the narrow row that steps come out of, beside what goes into the state and what reads it (Mamba); null: all of
    /// them go through the convolution (Mamba-2).</summary>
    public int? StepRank { get; init; }

    /// <summary>Norm without weights of the three parts of the narrow row, or none.</summary>
    public NormShape? NarrowNorm { get; init; }

    /// <summary>After the convolution.</summary>
    public required Activation Activation { get; init; }

    /// <summary>What the gate passes through.</summary>
    public Activation GateActivation { get; init; } = Activation.Silu;

    /// <summary>Steps are cut off at these.</summary>
    public double LeastStep { get; init; }

    public double MostStep { get; init; } = double.PositiveInfinity;

    /// <summary>Norm of what the heads of each group yield, or none.</summary>
    public NormShape? Norm { get; init; }

    /// <summary>The norm comes before the gate.</summary>
    public bool NormFirst { get; init; }

    /// <summary>Factors of the projected gate, input, what goes into the state, what reads it, and steps.</summary>
    public IReadOnlyList<double> ColumnScales { get; init; } = [];

    public int Width => Heads * HeadSize;

    /// <summary>Columns of what goes into the states of a row.</summary>
    public int StateColumns => Groups * StateSize;

    /// <summary>Columns of the narrow row.</summary>
    public int NarrowWidth => StepRank is { } rank ? rank + 2 * StateSize : 0;

    public override int ProjectedWidth => StepRank == null ? Width + ConvolvedWidth + Heads : 2 * Width;

    public override int ConvolvedWidth => StepRank == null ? Width + 2 * StateColumns : Width;

    public override int MixedWidth => Width;

    public override (int Channels, int Size) State => (Width, StateSize);
}

/// <summary>A gated delta rule (Qwen): a state for each value head, corrected by what it does not yet know of the value.</summary>
/// <param name="KeyHeads">Heads of queries and keys.</param>
/// <param name="KeySize">Columns of a key.</param>
/// <param name="ValueHeads">A multiple of <paramref name="KeyHeads"/>.</param>
/// <param name="ValueSize">Columns of a value.</param>
/// <param name="Norm">The norm of each head of the result.</param>
internal sealed record DeltaPart(int KeyHeads, int KeySize, int ValueHeads, int ValueSize, NormShape Norm) : RecurrencePart
{
    /// <summary>Two projections hold all columns by key head (Qwen 3 Next), instead of four that hold them by what they are.</summary>
    public bool ByKeyHead { get; init; }

    public int KeyWidth => KeyHeads * KeySize;

    public int ValueWidth => ValueHeads * ValueSize;

    public override int ProjectedWidth => ConvolvedWidth + ValueWidth + 2 * ValueHeads;

    public override int ConvolvedWidth => 2 * KeyWidth + ValueWidth;

    public override int MixedWidth => ValueWidth;

    public override (int Channels, int Size) State => (ValueWidth, KeySize);

    /// <summary>For each row of the projection of query, key, value and gate, the row that stores it; null: rows are stored in this
    /// order.</summary>
    public int[]? WideOrder()
    {
        var values = ValueHeads / KeyHeads * ValueSize;
        return ByKeyHead ? Order(KeySize, KeySize, values, values) : null;
    }

    /// <summary>For each row of the projection of the change's gates and the steps, the row that stores it; null: rows are stored in this
    /// order.</summary>
    public int[]? NarrowOrder() => ByKeyHead ? Order(ValueHeads / KeyHeads, ValueHeads / KeyHeads) : null;

    /// <summary>All columns of the first part of every key head, then those of the second.</summary>
    private int[] Order(params int[] sizes)
    {
        var each = sizes.Sum();
        return [.. sizes.SelectMany((size, part) => Enumerable.Range(0, KeyHeads * size)
            .Select(i => i / size * each + sizes[..part].Sum() + i % size))];
    }
}

/// <summary>Names of the weights of a recurrence.</summary>
/// <param name="Prefix">E.g. "mixer.".</param>
internal sealed record RecurrenceNames(string Prefix)
{
    /// <summary>Projections in front, in the order of their columns.</summary>
    public string[] Input { get; init; } = ["in_proj"];

    public string Convolution { get; init; } = "conv1d";
}

/// <summary>The weights of a recurrence.</summary>
/// <param name="Input">Side by side.</param>
/// <param name="Taps">(columns, K).</param>
/// <param name="TapsBias">(1, columns), or none.</param>
/// <param name="Output">Back to the stream.</param>
internal sealed record RecurrenceWeights(Linear[] Input, Tensor Taps, Tensor? TapsBias, Linear Output)
{
    /// <summary>From the convolved row to the narrow one.</summary>
    public Linear? Narrow { get; init; }

    /// <summary>From the narrow row to steps.</summary>
    public Linear? Steps { get; init; }

    /// <summary>(H, 1), or (H, S).</summary>
    public Tensor? LogRates { get; init; }

    /// <summary>(1, H).</summary>
    public Tensor? StepBias { get; init; }

    /// <summary>(1, H).</summary>
    public Tensor? Skip { get; init; }

    public Norm? Norm { get; init; }
}
