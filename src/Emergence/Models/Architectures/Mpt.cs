using System.Globalization;
using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Messages;

namespace Emergence.Models.Architectures;

/// <summary>Scores are biased by distance instead of positions, by slopes of its own rule; no biases, not even of the norms.</summary>
internal static class Mpt
{
    private static readonly WeightNames s_names = new()
    {
        Prefix = "transformer.",
        Embedding = "wte",
        FinalNorm = "norm_f",
        Block = "blocks.",
        AttentionInputNorm = "norm_1",
        InnerInputNorm = "norm_2",
        QueryKeyValue = ["attn.Wqkv"],
        AttentionOutput = "attn.out_proj",
        Inner = ["ffn.up_proj"],
        InnerOutput = "ffn.down_proj",
    };

    public static Architecture Row { get; } = new("mpt", Read, """
        {
          "d_model": 2048, "n_heads": 16, "n_layers": 24, "expansion_ratio": 4, "max_seq_len": 2048, "vocab_size": 50368, "layer_norm_epsilon": 1e-5,
          "tie_word_embeddings": true, "attn_config": {}
        }
        """)
    {
        Family = "MPT",
        Published = "mosaicml/mpt-7b",
        Peculiar = "ALiBi with slopes of its own for other head counts than powers of two, which transformers takes as for alibi_bias_max 8 "
            + "whatever the config says; projections may be clipped",
    };

    private static ModelShape Read(ConfigReader config)
    {
        var keys = new DimensionKeys("n_layers", "d_model", "n_heads", "expansion_ratio", "max_seq_len");
        var width = CommonConfig.ReadWidth(config, keys.Width);
        var settings = config.Part("attn_config")!;
        settings.Require("alibi", true);
        settings.Require("qk_ln", false);
        settings.Require("prefix_lm", false);
        config.Require("no_bias", true);
        if (settings.Text("attn_type") is { } type && type != "multihead_attention")
            throw ConfigReader.Error($"attn_config.attn_type {Printable.Quote(type)} is not supported (multihead_attention is)");
        if (config.Text("norm_type") is { } kind && kind is not ("low_precision_layernorm" or "layernorm"))
            throw ConfigReader.Error($"norm_type {Printable.Quote(kind)} is not supported (low_precision_layernorm is)");
        foreach (var without in (string[])["attn_impl", "attn_uses_sequence_id", "is_encoder_decoder"])
            _ = settings.Find(without);
        foreach (var without in (string[])["embedding_fraction", "learned_pos_emb", "init_config", "verbose"])
            _ = config.Find(without);

        var attention = CommonConfig.ReadHeads(config, keys, width);
        attention = attention with
        {
            Slopes = new(attention.Heads, Interleaved: true),
            Clip = CommonConfig.ReadCap(settings, "clip_qkv"),
            Scale = settings.PositiveOrNull("softmax_scale") ?? attention.Scale,
        };
        var norm = new NormShape(Rms: false, config.Positive("layer_norm_epsilon", most: 1)) { Bias = false };
        var inner = new InnerPart(config.Whole(keys.Inner, 1, 64) * width, Activation.GeluErf);
        return CommonConfig.Uniform(config, keys, s_names, norm, attention, inner) with { Notes = ReadNotes(settings) };
    }

    /// <summary>The class that the reference values are from does not pass the setting on.</summary>
    private static string[] ReadNotes(ConfigReader settings)
    {
        var most = settings.Positive("alibi_bias_max", SlopeShape.UsualMaximum);
        return most == SlopeShape.UsualMaximum ? [] : [string.Create(CultureInfo.InvariantCulture,
            $"attn_config.alibi_bias_max={most} is not taken into account, as in transformers: slopes are those of "
            + $"{SlopeShape.UsualMaximum}")];
    }
}
