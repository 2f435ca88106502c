using Emergence.Devices;
using Emergence.Devices.Reference;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;
using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>What recurrent layers remember, and checkpoints that do not fit their config.</summary>
public sealed class RecurrenceTests
{
    [Theory]
    [InlineData("falcon-h1", true, false)]
    [InlineData("falcon-h1", false, true)]
    [InlineData("granite-hybrid", true, false)]
    [InlineData("granite-hybrid", false, true)]
    [InlineData("lfm2", true, false)]
    [InlineData("mamba", true, false)]
    [InlineData("mamba", false, true)]
    [InlineData("mamba2", true, false)]
    [InlineData("mamba2", false, true)]
    [InlineData("nemotron-h", true, false)]
    [InlineData("nemotron-h", false, true)]
    [InlineData("qwen3_5-moe", false, true)]
    [InlineData("qwen3_5", true, false)]
    [InlineData("qwen3_5", false, true)]
    public void Values_miss_what_the_rows_before_left(string name, bool forgetsRows, bool forgetsStates)
    {
        using var golden = FamilyTests.Golden(name);
        using var device = new Forgetful(forgetsRows, forgetsStates);
        using var model = LanguageModel.Load(FamilyTests.Folder(name), device);
        var sequences = GoldenModelTests.Sequences(golden, "input_ids");
        using var captured = GoldenModelTests.Captured(model, sequences, Emergence.Capture.CaptureKind.Macro, logits: false);
        var columns = (int)golden.Tensors["block_out.0"].Shape[^1];

        // Ten times what the values of a model may be off by.
        Assert.InRange(RelativeError.OfRows(captured.ReadSingles("boundary.1"), golden.ReadSingles("block_out.0"), columns), 1e-4,
            double.PositiveInfinity);
    }

    /// <summary>Projections joined by key head, as Qwen 3 Next stores them, are those of Qwen 3.5 in another order.</summary>
    [Fact]
    public void Projections_by_key_head_are_taken_apart()
    {
        const int Heads = 2, Key = 8, Value = 16, Width = 48;
        var forged = ForgedModel.Of(FamilyTests.Folder("qwen3_5-moe")).Set("model_type", "qwen3_next");
        using var stored = SafetensorsFile.Open(Path.Combine(FamilyTests.Folder("qwen3_5-moe"), "model.safetensors"));
        foreach (var layer in (int[])[0, 1, 2])
        {
            var name = $"model.layers.{layer}.linear_attn.";
            var (mixed, gate) = (stored.ReadSingles($"{name}in_proj_qkv.weight"), stored.ReadSingles($"{name}in_proj_z.weight"));
            var (b, a) = (stored.ReadSingles($"{name}in_proj_b.weight"), stored.ReadSingles($"{name}in_proj_a.weight"));
            var (wide, narrow) = (new List<float>(), new List<float>());
            for (var head = 0; head < Heads; head++)
            {
                wide.AddRange(Rows(mixed, head * Key, Key));
                wide.AddRange(Rows(mixed, Heads * Key + head * Key, Key));
                wide.AddRange(Rows(mixed, 2 * Heads * Key + head * Value, Value));
                wide.AddRange(Rows(gate, head * Value, Value));
                narrow.AddRange(Rows(b, head * 2, 2));
                narrow.AddRange(Rows(a, head * 2, 2));
            }

            foreach (var dropped in (string[])["qkv", "z", "b", "a"])
                forged.Drop($"{name}in_proj_{dropped}.weight");
            forged.Add($"{name}in_proj_qkvz.weight", [.. wide], wide.Count / Width, Width);
            forged.Add($"{name}in_proj_ba.weight", [.. narrow], narrow.Count / Width, Width);
        }

        GoldenModelTests.CheckForged("qwen3_5-moe", forged);

        static ArraySegment<float> Rows(float[] values, int start, int count) => new(values, start * Width, count * Width);
    }

    /// <summary>As files of the first program call it.</summary>
    [Theory]
    [InlineData("mamba")]
    [InlineData("mamba2")]
    [InlineData("nemotron-h")]
    public void The_embedding_of_older_files_is_found(string name) => GoldenModelTests.CheckForged(
        name, Forged(name).Rename(tensor => tensor.Replace("embeddings.", "embedding.", StringComparison.Ordinal)));

    /// <summary>Where a config says nothing the published class holds; keys may be spelled in two ways.</summary>
    [Fact]
    public void Nemotron_is_read_in_both_spellings()
    {
        var expected = Kinds(ModelConfig.Read(FamilyTests.Folder("nemotron-h")));
        Assert.Equal("scan experts attention inner", expected);
        var bare = Forged("nemotron-h").Without("layers_block_type");
        Assert.Equal(expected, Kinds(ModelConfig.Read(bare.Write())));
        Assert.Equal("scan scan attention inner experts", Kinds(ModelConfig.Read(bare.Set("hybrid_override_pattern", "MM*-E").Write())));
        string[] newer = ["layers_block_type", "n_groups", "conv_kernel", "use_conv_bias", "head_dim", "time_step_min"];
        var older = Forged("nemotron-h").Without(newer)
            .WithValue("layer_types", """["mamba", "moe", "attention", "mlp"]""").Set("mamba_n_groups", 2).Set("mamba_d_conv", 4)
            .Set("mamba_conv_bias", true).Set("attention_head_dim", 12).Set("mamba_dt_min", 0.001).Set("sliding_window", 7);
        GoldenModelTests.CheckForged("nemotron-h", older);

        static string Kinds(ModelConfig config) => string.Join(' ', config.Shape.Blocks.Select(block =>
            block.Recurrence != null ? "scan" : block.Attention != null ? "attention" : block.Experts != null ? "experts" : "inner"));
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        Assert.Equal("MODEL: config.json: num_hidden_layers=3, but the checkpoint has no backbone.layers.1.mixer.A_log of [96,8]",
            Forged("mamba").Drop("backbone.layers.1.mixer.A_log").LoadError());
        Assert.Equal("config.json: states of 8 but backbone.layers.0.mixer.A_log is [96,9]",
            Forged("mamba").Add("backbone.layers.0.mixer.A_log", "F32", 96, 9).LoadError());
        Assert.Equal("config.json: time_step_rank=5 and twice states of 8 but backbone.layers.0.mixer.x_proj.weight is [20,96]",
            Forged("mamba").Set("time_step_rank", 5).LoadError());
        Assert.Equal("config.json: 3 rows of a convolution but backbone.layers.0.mixer.conv1d.weight is [160,1,4]",
            Forged("mamba2").Set("conv_kernel", 3).LoadError());
        Assert.Equal("config.json: 8 heads but backbone.layers.2.mixer.dt_bias is [4]",
            Forged("mamba2").Add("backbone.layers.2.mixer.dt_bias", "F32", 4).LoadError());
        Assert.Equal("config.json: 328 projected columns but backbone.layers.0.mixer.in_proj.weight is [264,48]",
            Forged("mamba2").Set("state_size", 32).LoadError());
        Assert.Equal("MODEL: config.json: num_hidden_layers=3, but the checkpoint has no model.layers.0.conv.in_proj.bias of [144]",
            Forged("lfm2").Set("conv_bias", true).LoadError());
        Assert.Equal("config.json: values of 8 columns but model.layers.0.linear_attn.norm.weight is [16]",
            Forged("qwen3_5").Add("model.layers.0.linear_attn.norm.weight", "F32", 16).LoadError());
        Assert.Contains("has no model.layers.0.mamba.norm.weight", Forged("falcon-h1").Set("mamba_rms_norm", true).LoadError(),
            StringComparison.Ordinal);
        Assert.Contains("'backbone.layers.1.mixer.experts.3.down_proj.weight' [48,40]", Forged("nemotron-h")
            .Set("n_routed_experts", 3).Add("backbone.layers.1.mixer.gate.weight", "F32", 3, 48)
            .Add("backbone.layers.1.mixer.gate.e_score_correction_bias", "F32", 3).LoadError(), StringComparison.Ordinal);
        Assert.Contains("has no backbone.layers.3.mixer.q_proj.weight", Forged("nemotron-h").Without("layers_block_type")
            .Set("hybrid_override_pattern", "ME**").LoadError(), StringComparison.Ordinal);
    }

    private static ForgedModel Forged(string name) => ForgedModel.Of(FamilyTests.Folder(name));

    /// <summary>Lets every row begin anew, in convolutions or in states.</summary>
    private sealed class Forgetful(bool forgetsRows, bool forgetsStates) : ReferenceDevice
    {
        protected override void ConvolvePathsCore(
            Tensor x, ForestPaths paths, Tensor weight, Tensor? bias, Activation activation, Tensor y)
        {
            using var alone = Alone(paths);
            base.ConvolvePathsCore(x, forgetsRows ? alone : paths, weight, bias, activation, y);
        }

        protected override void ScanPathsCore(
            Tensor x, Tensor steps, Tensor b, Tensor c, ForestPaths paths, ScanShape shape, Tensor y)
        {
            using var alone = Alone(paths);
            base.ScanPathsCore(x, steps, b, c, forgetsStates ? alone : paths, shape, y);
        }

        protected override void DeltaPathsCore(
            Tensor q, Tensor k, Tensor v, Tensor steps, Tensor gates, ForestPaths paths, DeltaShape shape, Tensor y)
        {
            using var alone = Alone(paths);
            base.DeltaPathsCore(q, k, v, steps, gates, forgetsStates ? alone : paths, shape, y);
        }

        private ForestPaths Alone(ForestPaths paths) => new(this, [.. Enumerable.Repeat(-1, paths.Parents.Rows)]);
    }
}
