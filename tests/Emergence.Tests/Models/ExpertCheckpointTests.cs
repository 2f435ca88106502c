using Emergence.Devices.Reference;
using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>Checkpoints of mixtures that do not fit their config, and layers that are passed over.</summary>
public sealed class ExpertCheckpointTests
{
    private const string Up = "model.layers.1.mlp.experts.2.up_proj.weight";

    [Fact]
    public void What_does_not_fit_is_named()
    {
        Assert.Equal(
            "MODEL: config.json: num_hidden_layers=3, but the checkpoint has no model.layers.1.mlp.experts.2.up_proj.weight of [40,48]",
            Mixture("deepseek-v3").Drop(Up).LoadError());
        Assert.Equal(
            "config.json: 40 columns inside an expert but model.layers.1.mlp.experts.2.up_proj.weight is [32,48]",
            Mixture("deepseek-v3").Add(Up, "F32", 32, 48).LoadError());
        Assert.Equal("config.json: 32 columns inside an expert but model.layers.1.mlp.experts.0.gate_proj.weight is [40,48]",
            Mixture("deepseek-v3").Set("moe_intermediate_size", 32).LoadError());
        Assert.Equal("config.json: 8 experts but model.layers.1.mlp.gate.weight is [6,48]", Mixture("deepseek-v3")
            .Add("model.layers.1.mlp.gate.weight", "F32", 6, 48).LoadError());
        Assert.Equal("config.json: 8 experts but model.layers.1.mlp.gate.e_score_correction_bias is [6]", Mixture("deepseek-v3")
            .Add("model.layers.1.mlp.gate.e_score_correction_bias", "F32", 6).LoadError());
        Assert.Contains("has no model.layers.1.mlp.shared_experts.gate_proj.weight", Mixture("deepseek-v3")
            .Drop("model.layers.1.mlp.shared_experts.gate_proj.weight").LoadError(), StringComparison.Ordinal);
        Assert.Equal("config.json: 4 experts but model.layers.0.block_sparse_moe.input_linear.weight is [3,192,48]", Mixture("granite-moe")
            .Add("model.layers.0.block_sparse_moe.input_linear.weight", "F32", 3, 192, 48).LoadError());
        Assert.Equal("config.json: twice 96 columns inside an expert but model.layers.0.mlp.experts.gate_up_proj is [4,48,96]",
            Mixture("gpt-oss").Add("model.layers.0.mlp.experts.gate_up_proj", "F32", 4, 48, 96).LoadError());
        Assert.Contains("has no model.layers.0.self_attn.sinks", Mixture("gpt-oss").Drop("model.layers.0.self_attn.sinks")
            .LoadError(), StringComparison.Ordinal);
        Assert.Contains("model.layers.0.mlp.experts.down_proj_bias is [4,47]", Mixture("gpt-oss")
            .Add("model.layers.0.mlp.experts.down_proj_bias", "F32", 4, 47).LoadError(), StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_for_further_tokens_are_passed_over_where_the_config_has_them()
    {
        var forged = Mixture("deepseek-v3").Add("model.layers.3.eh_proj.weight", "F32", 48, 96)
            .Add("model.layers.3.mlp.experts.0.up_proj.weight", "F32", 40, 48);
        Assert.Contains("'model.layers.3.eh_proj.weight'", forged.LoadError(), StringComparison.Ordinal);
        using var device = new ReferenceDevice();
        using var model = LanguageModel.Load(forged.Set("num_nextn_predict_layers", 1).Write(), device);
        Assert.Equal(["model.layers.3.eh_proj.weight", "model.layers.3.mlp.experts.0.up_proj.weight"], model.IgnoredWeights);
    }

    private static ForgedModel Mixture(string name) => ForgedModel.Of(FamilyTests.Folder(name));
}
