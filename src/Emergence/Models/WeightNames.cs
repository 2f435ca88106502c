namespace Emergence.Models;

/// <summary>
/// How a checkpoint of an architecture calls its weights. Names of norms and projections lack ".weight" and ".bias"; names
/// of a block follow <see cref="Block"/> and the layer's number.
/// </summary>
internal sealed record WeightNames
{
    /// <summary>What stands before every name but the head's in files as they were published.</summary>
    public required string Prefix { get; init; }

    public required string Embedding { get; init; }

    /// <summary>The embedding in files of an older program, if that called it otherwise.</summary>
    public string? OlderEmbedding { get; init; }

    public string? Positions { get; init; }

    public string? EmbeddingNorm { get; init; }

    public string? FinalNorm { get; init; }

    public string Head { get; init; } = "lm_head";

    /// <summary>E.g. "h." in "h.0.ln_1".</summary>
    public required string Block { get; init; }

    /// <summary>Before, after attention and before, after the feed-forward part, if there are such norms.</summary>
    public string? AttentionInputNorm { get; init; }

    public string? AttentionOutputNorm { get; init; }

    public string? InnerInputNorm { get; init; }

    public string? InnerOutputNorm { get; init; }

    public string QueryNorm { get; init; } = "self_attn.q_norm";

    public string KeyNorm { get; init; } = "self_attn.k_norm";

    /// <summary>Query, key and value; or one projection that yields all three.</summary>
    public required string[] QueryKeyValue { get; init; }

    public required string AttentionOutput { get; init; }

    /// <summary>Up; or gate and up; or one projection that yields both.</summary>
    public required string[] Inner { get; init; }

    public required string InnerOutput { get; init; }

    /// <summary>Names in layers with a recurrence.</summary>
    public RecurrenceNames? Recurrence { get; init; }

    /// <summary>Names in layers with experts.</summary>
    public ExpertNames Experts { get; init; } = ExpertNames.Mlp;

    /// <summary>What the four numbers of xIELU are in.</summary>
    public string Xielu { get; init; } = "mlp.act_fn";

    /// <summary>A number that multiplies what leaves the block, or none.</summary>
    public string? OutputScale { get; init; }

    /// <summary>Projections of blocks are stored as (in, out) instead of (out, in).</summary>
    public bool InputMajor { get; init; }

    /// <summary>The names of Llama, from which many differ in a few.</summary>
    public static WeightNames Llama { get; } = new()
    {
        Prefix = "model.",
        Embedding = "embed_tokens",
        FinalNorm = "norm",
        Block = "layers.",
        AttentionInputNorm = "input_layernorm",
        InnerInputNorm = "post_attention_layernorm",
        QueryKeyValue = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        AttentionOutput = "self_attn.o_proj",
        Inner = ["mlp.gate_proj", "mlp.up_proj"],
        InnerOutput = "mlp.down_proj",
    };

    /// <summary>One mixer a layer behind one norm, whatever it is.</summary>
    public static WeightNames OneMixer { get; } = Llama with
    {
        Prefix = "backbone.",
        Embedding = "embeddings",
        OlderEmbedding = "embedding",
        FinalNorm = "norm_f",
        AttentionInputNorm = "norm",
    };

    /// <summary>Norms before and after both halves.</summary>
    public static WeightNames Sandwich { get; } = Llama with
    {
        AttentionOutputNorm = "post_attention_layernorm",
        InnerInputNorm = "pre_feedforward_layernorm",
        InnerOutputNorm = "post_feedforward_layernorm",
    };

    /// <summary>Norms only after both halves.</summary>
    public static WeightNames NormsAfter { get; } = Sandwich with { AttentionInputNorm = null, InnerInputNorm = null };

    /// <summary>Only two projections inside.</summary>
    public static WeightNames UpDown { get; } = Llama with { Inner = ["mlp.up_proj"] };
}
