using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Attention and the feed-forward part read the same norm of the block's input; rotation pairs neighbours.</summary>
internal static class GptJ
{
    public static WeightNames Names { get; } = new()
    {
        Prefix = "transformer.",
        Embedding = "wte",
        FinalNorm = "ln_f",
        Block = "h.",
        AttentionInputNorm = "ln_1",
        QueryKeyValue = ["attn.q_proj", "attn.k_proj", "attn.v_proj"],
        AttentionOutput = "attn.out_proj",
        Inner = ["mlp.fc_in"],
        InnerOutput = "mlp.fc_out",
    };

    public static Architecture Row { get; } = new("gptj", config => ReadCommon(config, Names), """
        {
          "vocab_size": 50400, "n_positions": 2048, "n_embd": 4096, "n_layer": 28, "n_head": 16, "rotary_dim": 64, "activation_function": "gelu_new",
          "layer_norm_epsilon": 1e-5
        }
        """)
    {
        Family = "GPT-J",
        Published = "EleutherAI/gpt-j-6b",
        Peculiar = "parallel halves; a part of a head turns, neighbours together; bias of the head",
    };

    /// <summary>What GPT-J and CodeGen have in common.</summary>
    public static ModelShape ReadCommon(ConfigReader config, WeightNames names)
    {
        var shape = CommonConfig.Gpt(config, names, "activation_function", Activation.GeluErf);
        var columns = config.WholeOrNull("rotary_dim", 2, shape.FirstAttention.HeadSize) ?? shape.FirstAttention.HeadSize;
        if (columns % 2 != 0)
            throw ConfigReader.Error($"rotary_dim={columns} must be even");
        var rotary = new RotaryShape(columns, 10000, RotaryPairs.Neighbours);
        return shape.WithAttention(attention => attention with { Rotary = rotary }) with { Form = BlockForm.Parallel, HeadBias = true };
    }
}
