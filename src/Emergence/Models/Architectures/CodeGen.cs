using Emergence.Checkpoints;

namespace Emergence.Models.Architectures;

/// <summary>GPT-J whose joint projection holds query, value and key of a quarter of the heads after each other.</summary>
internal static class CodeGen
{
    private static readonly WeightNames s_names = GptJ.Names with { QueryKeyValue = ["attn.qkv_proj"] };

    public static Architecture Row { get; } = new("codegen", Read, """
        {
          "vocab_size": 50400, "n_positions": 2048, "n_embd": 4096, "n_layer": 28, "n_head": 16, "rotary_dim": 64, "activation_function": "gelu_new",
          "layer_norm_epsilon": 1e-5
        }
        """)
    {
        Family = "CodeGen",
        Published = "Salesforce/codegen-350M-mono",
        Peculiar = "query, value, key in four shuffled parts of one projection; rotation of neighbours",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var shape = GptJ.ReadCommon(config, s_names);
        var heads = shape.FirstAttention.Heads;
        return heads % 4 == 0
            ? shape.WithAttention(attention => attention with { JointOrder = JointOrder.Quarters })
            : throw ConfigReader.Error($"n_head={heads}, expected a multiple of 4");
    }
}
