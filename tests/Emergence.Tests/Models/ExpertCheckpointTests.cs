using Emergence.Devices.Reference;
using Emergence.Files.Safetensors;
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

    /// <summary>What is published one by one, in one tensor as the program has it in memory; what is published so, one by one.</summary>
    [Theory]
    [InlineData("deepseek-v3", "mlp.experts.", "mlp.experts.")]
    [InlineData("minimax-m2", "block_sparse_moe.experts.", "mlp.experts.")]
    [InlineData("mixtral", "block_sparse_moe.experts.", "mlp.experts.")]
    [InlineData("nemotron-h", "mixer.experts.", "mixer.experts.")]
    [InlineData("qwen3_5-moe", "mlp.experts.", "mlp.experts.")]
    public void Experts_may_be_in_one_tensor(string name, string each, string joint)
    {
        using var stored = SafetensorsFile.Open(Path.Combine(FamilyTests.Folder(name), "model.safetensors"));
        var forged = Mixture(name);
        foreach (var group in stored.Tensors.Keys.Where(tensor => tensor.Contains(each, StringComparison.Ordinal))
            .GroupBy(tensor => tensor[..tensor.IndexOf(each, StringComparison.Ordinal)]).ToList())
        {
            var experts = 1 + group.Max(tensor => int.Parse(tensor[(group.Key.Length + each.Length)..].Split('.')[0], null));
            var parts = group.Select(tensor => tensor.Split('.')[^2]).Distinct().ToList();
            var down = parts.Single(part => part is "down_proj" or "w2");
            string[] inner = [.. parts.Where(part => part != down).Order(StringComparer.Ordinal)];
            Join(inner.Length == 1 ? "up_proj" : "gate_up_proj", inner);
            Join("down_proj", down);
            foreach (var tensor in group)
                forged.Drop(tensor);

            void Join(string called, params string[] which)
            {
                string Of(int expert, string part) => $"{group.Key}{each}{expert}.{part}.weight";
                var (rows, columns) = (stored.Tensors[Of(0, which[0])].Shape[0], stored.Tensors[Of(0, which[0])].Shape[1]);
                float[] values = [.. Enumerable.Range(0, experts).SelectMany(expert => which.SelectMany(part =>
                    stored.ReadSingles(Of(expert, part))))];
                forged.Add($"{group.Key}{joint}{called}", values, experts, which.Length * rows, columns);
            }
        }

        if (joint != each)
            forged.Rename(tensor => tensor.Replace("block_sparse_moe.", "mlp.", StringComparison.Ordinal));
        GoldenModelTests.CheckForged(name, forged);
    }

    [Theory]
    [InlineData("gemma4-moe", false)]
    [InlineData("llama4-text", true)]
    public void Experts_may_be_one_by_one(string name, bool inputMajor)
    {
        using var stored = SafetensorsFile.Open(Path.Combine(FamilyTests.Folder(name), "model.safetensors"));
        var forged = Mixture(name);
        foreach (var (tensor, entry) in stored.Tensors.Where(entry => entry.Key.Contains("experts.", StringComparison.Ordinal)
            && entry.Value.Shape.Length == 3).ToList())
        {
            var (outputs, inputs) = ((int)entry.Shape[inputMajor ? 2 : 1], (int)entry.Shape[inputMajor ? 1 : 2]);
            var values = stored.ReadSingles(tensor);
            string[] names = tensor.EndsWith("gate_up_proj", StringComparison.Ordinal) ? ["gate_proj", "up_proj"] : ["down_proj"];
            for (var expert = 0; expert < entry.Shape[0]; expert++)
            {
                for (var part = 0; part < names.Length; part++)
                {
                    var (rows, first) = (outputs / names.Length, expert * outputs * inputs);
                    var start = part * rows;
                    float[] matrix = [.. Enumerable.Range(0, rows * inputs).Select(i => values[first + (inputMajor
                        ? i % inputs * outputs + start + i / inputs : (start + i / inputs) * inputs + i % inputs)])];
                    forged.Add($"{tensor[..tensor.LastIndexOf('.')]}.{expert}.{names[part]}.weight", matrix, rows, inputs);
                }
            }

            forged.Drop(tensor);
        }

        GoldenModelTests.CheckForged(name, forged);
    }

    /// <summary>Scores below zero, which a correction may make of them, are higher than those of a group that is left out.</summary>
    [Fact]
    public void Groups_that_are_left_out_are_never_chosen_from()
    {
        var router = new RouterShape(RouterScores.Sigmoid) { Correction = true, Groups = 2, GroupScores = 1 };
        var (chosen, weights) = (new int[2], new float[2]);
        Routing.Choose(router, [0, 0, 0, 0], [-0.6f, -3, -2, -2], chosen, weights);
        Assert.Equal([0, 1], chosen);
        Assert.Equal([0.5f, 0.5f], weights);
    }

    /// <summary>Absent keys have the values of the published classes.</summary>
    [Fact]
    public void Defaults_are_those_of_the_classes()
    {
        var config = ModelConfig.Read(Mixture("deepseek-v3").Without("routed_scaling_factor").Write());
        Assert.Equal(2.5f, config.Shape.Blocks[2].Experts!.Router.Scale);
        config = ModelConfig.Read(Mixture("phimoe").WithValue("rope_scaling", """
            { "type": "longrope", "original_max_position_embeddings": 64, "short_mscale": 1.2, "long_mscale": 1.3,
              "short_factor": [1, 1, 1, 1, 1, 1], "long_factor": [2, 2, 2, 2, 2, 2] }
            """).Write());
        Assert.Empty(config.UnknownKeys);
        var scaling = config.Shape.Blocks[0].Attention!.Rotary!.Scaling!;
        Assert.Equal((1.2, 1.3), (scaling.Factor(64), scaling.Factor(65)));
    }

    private static ForgedModel Mixture(string name) => ForgedModel.Of(FamilyTests.Folder(name));
}
