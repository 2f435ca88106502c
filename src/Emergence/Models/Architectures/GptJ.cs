using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models.Architectures;

/// <summary>Attention and the feed-forward part read the same norm of the block's input; rotation pairs neighbours.</summary>
internal static class GptJ
{
    public static Architecture Row { get; } = new("gptj", Read, new()
    {
        Prefixes = ["transformer.", ""],
        Embedding = "wte",
        FinalNorm = "ln_f",
        Block = "h.",
        AttentionInputNorm = "ln_1",
        QueryKeyValue = ["attn.q_proj", "attn.k_proj", "attn.v_proj"],
        AttentionOutput = "attn.out_proj",
        Inner = ["mlp.fc_in"],
        InnerOutput = "mlp.fc_out",
    });

    private static ModelShape Read(ConfigReader config)
    {
        var shape = CommonConfig.Gpt(config, "activation_function", Activation.GeluErf, tied: false);
        var columns = config.Whole("rotary_dim", 2, shape.HeadSize);
        if (columns % 2 != 0)
            throw ConfigReader.Error($"rotary_dim={columns} must be even");
        return shape with
        {
            Form = BlockForm.Parallel,
            PerLayer = CommonConfig.Same(shape.Layers, new(new(columns, 10000, RotaryPairs.Neighbours))),
            InnerBias = true,
            HeadBias = true,
        };
    }
}
