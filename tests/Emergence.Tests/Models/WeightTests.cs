using Emergence.Checkpoints;
using Emergence.Devices.Reference;
using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>Tensors of a checkpoint against what the config promises.</summary>
public sealed class WeightTests
{
    [Fact]
    public void A_size_that_the_weights_do_not_have_is_named_with_its_key()
    {
        Assert.Equal("config.json: n_embd=64 but wte.weight is [384,48]", new ForgedModel("gpt2").Set("n_embd", 64).LoadError());
        Assert.Equal("config.json: vocab_size=385 but wte.weight is [384,48]", new ForgedModel("gpt2").Set("vocab_size", 385).LoadError());
        Assert.Equal("config.json: n_positions=65 but wpe.weight is [64,48]", new ForgedModel("gpt2").Set("n_positions", 65).LoadError());
        Assert.Equal("config.json: n_inner=100 but h.0.mlp.c_fc.weight is [48,192]", new ForgedModel("gpt2").Set("n_inner", 100)
            .LoadError());
        Assert.Equal(
            "config.json: 4 key heads of 8 columns but model.layers.0.self_attn.k_proj.weight is [16,64]",
            new ForgedModel("llama-gqa-rope3").Set("num_key_value_heads", 4).LoadError());
        Assert.Equal("config.json: n_embd=48 but ln_f.weight is [1,48]", new ForgedModel("gpt2").Add("ln_f.weight", "F32", 1, 48)
            .LoadError());
    }

    [Fact]
    public void A_missing_weight_is_named()
    {
        Assert.Equal("MODEL: config.json: n_layer=48, but the checkpoint has no h.3.ln_1.weight of [48]", new ForgedModel("gpt2")
            .Set("n_layer", 48).LoadError());
        Assert.Equal("MODEL: config.json: n_layer=3, but the checkpoint has no ln_f.bias of [48]", new ForgedModel("gpt2").Drop("ln_f.bias")
            .LoadError());
        Assert.Equal(
            "MODEL: has no transformer.wte.weight, with which a gpt2 model begins; is this the folder of another model?",
            new ForgedModel("gpt2").Drop("wte.weight").LoadError());
    }

    [Fact]
    public void An_unknown_tensor_is_an_error_unless_it_is_ignored()
    {
        var expected =
            "MODEL: tensor 'adapter.one' [2,3] and 1 more is not part of a gpt2 model with n_layer=3; --ignore-weights PATTERN leaves "
            + "such tensors out";
        var forged = new ForgedModel("gpt2").Add("adapter.one", "F32", 2, 3).Add("adapter.two", "I64", 1);
        Assert.Equal(expected, forged.LoadError());
        Assert.Contains("adapter.two", forged.LoadError(new() { IgnoreWeights = ["*.one"] }), StringComparison.Ordinal);
        Assert.Equal(new ForgedModel("gpt2").Logits(), forged.Logits(new() { IgnoreWeights = ["adapter.*"] }));
        Assert.Contains("'h.2.attn.c_attn.bias'", new ForgedModel("gpt2").Set("n_layer", 2).LoadError(), StringComparison.Ordinal);
    }

    [Fact]
    public void Left_over_buffers_are_ignored_by_name_only_if_they_are_such_buffers()
    {
        var forged = new ForgedModel("gpt2").Add("h.1.attn.masked_bias", "F32").Add("h.1.attn.rotary_emb.inv_freq", "F32", 6);
        using var device = new ReferenceDevice();
        using (var model = LanguageModel.Load(forged.Write(), device))
            Assert.Equal(["h.0.attn.bias", "h.1.attn.bias", "h.1.attn.masked_bias", "h.1.attn.rotary_emb.inv_freq", "h.2.attn.bias"],
                model.IgnoredWeights);
        Assert.Contains("'h.1.attn.bias' [48]", new ForgedModel("gpt2").Add("h.1.attn.bias", "F32", 48)
            .LoadError(), StringComparison.Ordinal);
        Assert.Contains("'h.1.attn.masked_bias' [4]", new ForgedModel("gpt2").Add("h.1.attn.masked_bias", "F32", 4)
            .LoadError(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_copy_of_a_tied_embedding_must_be_equal()
    {
        var plain = new ForgedModel("gpt2").Logits();
        Assert.Equal(plain, new ForgedModel("gpt2").Copy("wte.weight", "lm_head.weight").Logits());
        var changed = new ForgedModel("gpt2").Copy("wte.weight", "lm_head.weight", bytes => bytes[^1] ^= 1);
        Assert.Equal("MODEL: lm_head.weight differs from the embedding, but config.json says tie_word_embeddings=true",
            changed.LoadError());
        Assert.NotEqual(plain, changed.Set("tie_word_embeddings", false).Logits());
    }

    [Fact]
    public void Names_may_have_a_prefix_or_lack_it()
    {
        Assert.Equal(new ForgedModel("gpt2").Logits(), new ForgedModel("gpt2").Rename(name => $"transformer.{name}").Logits());
        Assert.Equal(new ForgedModel("openai-gpt").Logits(), new ForgedModel("openai-gpt").Rename(name => $"transformer.{name}").Logits());
        Assert.Equal(new ForgedModel("llama-gqa-rope3").Logits(), new ForgedModel("llama-gqa-rope3").Rename(name => name["model.".Length..])
            .Logits());
        var mixed = new ForgedModel("gpt2")
            .Rename(name => name.StartsWith("ln_f", StringComparison.Ordinal) ? $"transformer.{name}" : name);
        Assert.Contains("has no ln_f.weight", mixed.LoadError(), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_whole_numbers_and_non_finite_ones_are_refused()
    {
        Assert.Equal("MODEL: tensor 'ln_f.weight': dtype I64 not supported for weights (F32, F64, F16, BF16 are)", new ForgedModel("gpt2")
            .Add("ln_f.weight", "I64", 48).LoadError());
        var forged = new ForgedModel("gpt2")
            .Copy("wte.weight", "wte.weight", bytes => ForgedModel.SetSingle(bytes, 17 * 48 + 4, float.NaN));
        Assert.EndsWith("wte.weight: 1 NaN, first at [17,4]; --allow-nonfinite loads it all the same", forged.LoadError(),
            StringComparison.Ordinal);
        Assert.True(float.IsNaN(forged.Logits(new() { AllowNonFinite = true })[17]));
    }

    [Fact]
    public void A_model_larger_than_memory_is_refused_before_loading()
    {
        var folder = new ForgedModel("gpt2").Write();
        using var checkpoint = Checkpoint.Open(folder);
        var files = new WeightFiles(ModelConfig.Read(folder), checkpoint, new());

        // 384 * 48 + 64 * 48 + 3 * (12 * 48^2 + 13 * 48) + 2 * 48 weights of four bytes.
        const long Needed = 425_664;
        Assert.Equal(Needed, files.Bytes);
        files.RequireMemory(Needed, "cpu");
        var error = Assert.Throws<EmergenceException>(() => files.RequireMemory(Needed - 1, "cpu"));
        Assert.Equal($"{folder}: the weights need 425,664 bytes, device cpu has 425,663: use a smaller model or a device with more memory",
            error.Message);
    }

    [Fact]
    public void Sequences_are_checked()
    {
        using var device = new ReferenceDevice();
        using var model = LanguageModel.Load(TestData.Golden("models/gpt2"), device);
        Assert.Equal("it is empty: expected at least one token id",
            Assert.Throws<EmergenceException>(() => model.RequireValid([], "it")).Message);
        Assert.Equal("it: id 384 at position 1 is not in 0 .. 383",
            Assert.Throws<EmergenceException>(() => model.RequireValid([3, 384], "it")).Message);
        Assert.Equal("it: id -1 at position 0 is not in 0 .. 383",
            Assert.Throws<EmergenceException>(() => model.RequireValid([-1], "it")).Message);
        Assert.Equal("it has 65 tokens, the model takes at most 64",
            Assert.Throws<EmergenceException>(() => model.RequireValid(new int[65], "it")).Message);
        model.RequireValid(new int[64], "it");
    }
}
