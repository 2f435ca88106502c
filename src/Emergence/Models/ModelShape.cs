using Emergence.Devices;

namespace Emergence.Models;

/// <summary>The mathematics of a transformer, as config.json says; everything the forward pass depends on but the weights.</summary>
internal sealed record ModelShape
{
    /// <summary>d, the width of the residual stream.</summary>
    public required int Width { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Most positions a sequence may have.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>How config.json spells the sizes, for messages.</summary>
    public required DimensionKeys Keys { get; init; }

    /// <summary>How the checkpoint calls the weights. A norm is there if it has a name.</summary>
    public required WeightNames Names { get; init; }

    /// <summary>Norm of blocks, the embedding and the end.</summary>
    public required NormShape Norm { get; init; }

    public BlockForm Form { get; init; }

    /// <summary>(L): what every block computes.</summary>
    public required IReadOnlyList<BlockShape> Blocks { get; init; }

    /// <summary>Factor of what a half of a block adds to the stream.</summary>
    public double ResidualScale { get; init; } = 1;

    /// <summary>Factor of the token embedding.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>A vector for each position that is added to the embedding, or none.</summary>
    public PositionVectors? Positions { get; init; }

    /// <summary>Width of the embedding that every layer has of its own (Gemma 4); 0: none.</summary>
    public int LayerInputWidth { get; init; }

    /// <summary>Its rows.</summary>
    public int LayerInputVocabulary { get; init; }

    /// <summary>Factor of the logits.</summary>
    public double LogitScale { get; init; } = 1;

    /// <summary>c in c * tanh(logit / c); 0: none.</summary>
    public double LogitSoftCap { get; init; }

    public bool HeadBias { get; init; }

    public required HeadWeights Head { get; init; }

    /// <summary>Layers after the last that only predict further tokens in training; files may have them.</summary>
    public int PredictionLayers { get; init; }

    /// <summary>What names of such layers begin with if they stand beside the model; null: they are numbered as the others.</summary>
    public string? PredictionPrefix { get; init; }

    /// <summary>What the config says and the published program does not compute, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>L.</summary>
    public int Layers => Blocks.Count;

    /// <summary>That of the first layer that has any.</summary>
    public AttentionPart FirstAttention => Blocks.Select(block => block.Attention).OfType<AttentionPart>().First();

    /// <summary>All attention layers changed alike.</summary>
    public ModelShape WithAttention(Func<AttentionPart, AttentionPart> change) => WithAttention((_, attention) => change(attention));

    /// <summary>All attention layers changed by their number.</summary>
    public ModelShape WithAttention(Func<int, AttentionPart, AttentionPart> change) =>
        WithBlocks((layer, block) => block.Attention is { } attention ? block with { Attention = change(layer, attention) } : block);

    /// <summary>All feed-forward parts changed alike.</summary>
    public ModelShape WithInner(Func<InnerPart, InnerPart> change) =>
        WithBlocks((_, block) => block.Inner is { } inner ? block with { Inner = change(inner) } : block);

    public ModelShape WithBlocks(Func<int, BlockShape, BlockShape> change) =>
        this with { Blocks = [.. Blocks.Select((block, layer) => change(layer, block))] };
}

/// <summary>What one block computes; one that lacks a half computes the other alone.</summary>
/// <param name="Attention">The first half, or a part of it.</param>
/// <param name="Inner">The second half, if it has no experts.</param>
/// <param name="Experts">The second half, if it has them.</param>
/// <param name="Recurrence">The first half in the place of attention, or both side by side.</param>
internal sealed record BlockShape(
    AttentionPart? Attention, InnerPart? Inner, ExpertsPart? Experts = null, RecurrencePart? Recurrence = null)
{
    /// <summary>The feed-forward part that is computed: none if experts stand in its place.</summary>
    public InnerPart? Dense => Experts is { IsBeside: false } ? null : Inner;

    public bool HasFirstHalf => Attention != null || Recurrence != null;

    public bool HasSecondHalf => Inner != null || Experts != null;
}

/// <summary>Attention of one layer.</summary>
internal sealed record AttentionPart
{
    public required int Heads { get; init; }

    /// <summary>Heads of keys and values.</summary>
    public required int KeyHeads { get; init; }

    /// <summary>Columns of a head's queries and keys.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Columns of a head's values.</summary>
    public required int ValueSize { get; init; }

    /// <summary>Factor of the scores.</summary>
    public required double Scale { get; init; }

    /// <summary>c in c * tanh(score / c); 0: none.</summary>
    public double SoftCap { get; init; }

    /// <summary>Number of visible positions, the own one included; 0: all.</summary>
    public int Window { get; init; }

    /// <summary>Rotation of queries and keys, or none.</summary>
    public RotaryShape? Rotary { get; init; }

    /// <summary>Bias of the scores by distance, or none.</summary>
    public SlopeShape? Slopes { get; init; }

    /// <summary>Only keys of the own chunk are seen, or none.</summary>
    public ChunkShape? Chunks { get; init; }

    /// <summary>Every head has a stored score that takes weight and yields nothing.</summary>
    public bool HasSinks { get; init; }

    /// <summary>Further factor of the scores by the query's position, or none.</summary>
    public PositionScale? PositionScale { get; init; }

    /// <summary>Norms of queries and keys, or none.</summary>
    public HeadNorm? QueryKeyNorm { get; init; }

    /// <summary>Norm of every value head, or none.</summary>
    public NormShape? ValueNorm { get; init; }

    /// <summary>Projections, and what a norm before the rotation makes of them, are cut off at plus and minus this; 0: not.</summary>
    public double Clip { get; init; }

    public bool QueryKeyValueBias { get; init; }

    public bool OutputBias { get; init; }

    /// <summary>How a joint projection holds query, key and value.</summary>
    public JointOrder JointOrder { get; init; }

    /// <summary>The values are the keys before their norm.</summary>
    public bool ValuesAreKeys { get; init; }

    /// <summary>The earlier layer whose keys and values this one reads; null: its own.</summary>
    public int? KeysOf { get; init; }

    /// <summary>Keys and values by way of a narrow row, or none.</summary>
    public LatentShape? Latent { get; init; }

    /// <summary>What a head yields is multiplied by a sigmoid that the projection of queries yields behind each head's query.</summary>
    public bool OutputGate { get; init; }

    /// <summary>Factor of what goes in.</summary>
    public double InputScale { get; init; } = 1;

    /// <summary>Factor of what is added to the stream.</summary>
    public double OutputScale { get; init; } = 1;

    public int QueryWidth => Heads * HeadSize;

    public int KeyWidth => KeyHeads * HeadSize;

    public int ValueWidth => KeyHeads * ValueSize;

    /// <summary>Width of what attention yields.</summary>
    public int MixedWidth => Heads * ValueSize;
}

/// <summary>The feed-forward part of one layer.</summary>
/// <param name="Width">Between its two halves.</param>
/// <param name="Activation">Activation of the first half, or of its gate.</param>
/// <param name="Gated">down(activation(gate x) * up x) instead of down(activation(up x)).</param>
/// <param name="Bias">Bias of all its projections.</param>
/// <param name="Xielu">The activation is xIELU, whose numbers are weights.</param>
internal sealed record InnerPart(int Width, Activation Activation, bool Gated = false, bool Bias = false, bool Xielu = false)
{
    /// <summary>Factor of the gate before its activation.</summary>
    public double GateScale { get; init; } = 1;

    /// <summary>Factor of what is added to the stream.</summary>
    public double OutputScale { get; init; } = 1;
}

/// <summary>How config.json spells the sizes of a model.</summary>
internal sealed record DimensionKeys(string Layers, string Width, string Heads, string Inner, string Positions)
{
    public static DimensionKeys Gpt { get; } = new("n_layer", "n_embd", "n_head", "n_inner", "n_positions");

    public static DimensionKeys Llama { get; } =
        new("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "max_position_embeddings");
}

/// <summary>How the two halves of a block are joined. Norms before and after a half are there if they have names.</summary>
internal enum BlockForm
{
    /// <summary>h = x + A(x); y = h + M(h).</summary>
    Sequential,

    /// <summary>y = x + A(x) + M(x).</summary>
    Parallel,

    /// <summary>h = norm(x + A(x)); y = norm(h + M(h)).</summary>
    NormAfterSum,

    /// <summary>n = norm(x), h = n + A(n); m = norm(h), y = m + M(m).</summary>
    SumOfNormed,
}

/// <summary>What one norm of queries and keys covers.</summary>
internal enum NormScope
{
    /// <summary>Every head, with the same weights.</summary>
    Head,

    /// <summary>All heads together.</summary>
    AllHeads,

    /// <summary>Every head with weights of its own: rows of a matrix.</summary>
    EachHead,

    /// <summary>Every head with weights of its own: "NAME.norms.H".</summary>
    NamedHeads,
}

/// <summary>A norm.</summary>
/// <param name="Rms">By root mean square, instead of mean and variance.</param>
/// <param name="Epsilon">Added to the mean square or variance.</param>
internal sealed record NormShape(bool Rms, double Epsilon)
{
    /// <summary>1 if the stored weights are differences from 1.</summary>
    public double WeightOffset { get; init; }

    public bool Weight { get; init; } = true;

    public bool Bias { get; init; } = !Rms;
}

/// <summary>Norms of queries and keys.</summary>
/// <param name="Shape">The norm.</param>
/// <param name="Scope">What it covers.</param>
/// <param name="AfterRotation">It follows the rotation instead of coming before.</param>
internal sealed record HeadNorm(NormShape Shape, NormScope Scope = NormScope.Head, bool AfterRotation = false);

/// <summary>How a joint projection holds its rows.</summary>
internal enum JointOrder
{
    /// <summary>All queries, all keys, all values.</summary>
    Parts,

    /// <summary>For each key head its queries, its key, its value.</summary>
    Groups,

    /// <summary>Four parts, each of queries, values and keys of a quarter of the heads (CodeGen).</summary>
    Quarters,
}

/// <summary>Keys and values that come out of one narrow row, beside which one key head for all turns with the position.</summary>
/// <param name="QueryRank">Width of the row that queries come out of; null: of the stream itself.</param>
/// <param name="KeyRank">Width of the row that keys and values come out of.</param>
/// <param name="RotaryColumns">Columns at the end of a head that turn.</param>
/// <param name="Norm">Norm of the narrow rows.</param>
internal sealed record LatentShape(int? QueryRank, int KeyRank, int RotaryColumns, NormShape Norm);

/// <summary>Where the weights of the head are.</summary>
internal enum HeadWeights
{
    Own,

    /// <summary>Logits are products with the token embedding itself.</summary>
    Tied,

    /// <summary>Tied unless the checkpoint has weights of a head: config.json says both.</summary>
    TiedUnlessStored,
}
