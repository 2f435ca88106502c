using System.Text.Json.Nodes;
using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>Every way a config can be wrong has its one line.</summary>
public sealed class ConfigTests
{
    [Theory]
    [InlineData("n_embd", "0", "config.json: n_embd is 0, expected a whole number from 1 to 131072")]
    [InlineData("n_embd", "48.5", "config.json: n_embd is 48.5, expected a whole number from 1 to 131072")]
    [InlineData("n_embd", "\"48\"", "config.json: n_embd is \"48\", expected a whole number from 1 to 131072")]
    [InlineData("n_embd", "null", "config.json: n_embd is missing: expected a whole number from 1 to 131072")]
    [InlineData("n_layer", "-3", "config.json: n_layer is -3, expected a whole number from 1 to 1024")]
    [InlineData("n_layer", "1000000000", "config.json: n_layer is 1000000000, expected a whole number from 1 to 1024")]
    [InlineData("n_head", "5", "config.json: n_embd=48 is not a multiple of n_head=5")]
    [InlineData("n_positions", "1000000000", "config.json: n_positions is 1000000000, expected a whole number from 1 to 16777216")]
    [InlineData("vocab_size", "2147483648", "config.json: vocab_size is 2147483648, expected a whole number from 1 to 16777216")]
    [InlineData("vocab_size", "1e400", "config.json: vocab_size is 1e400, expected a whole number from 1 to 16777216")]
    [InlineData("layer_norm_epsilon", "0", "config.json: layer_norm_epsilon is 0, expected a number above 0 and up to 1")]
    [InlineData("layer_norm_epsilon", "1e400", "config.json: layer_norm_epsilon is 1e400, expected a number above 0 and up to 1")]
    [InlineData("layer_norm_epsilon", "\"NaN\"", "config.json: layer_norm_epsilon is \"NaN\", expected a number above 0 and up to 1")]
    [InlineData("activation_function", "\"mish\"",
        "config.json: activation_function 'mish' is not supported (gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, silu, relu, relu2, "
        + "leaky_relu, tanh, sigmoid and linear are)")]
    [InlineData("activation_function", "7", "config.json: activation_function is 7, expected a text")]
    [InlineData("tie_word_embeddings", "1", "config.json: tie_word_embeddings is 1, expected true or false")]
    [InlineData("scale_attn_by_inverse_layer_idx", "3", "config.json: scale_attn_by_inverse_layer_idx is 3, expected true or false")]
    [InlineData("add_cross_attention", "true",
        "config.json: add_cross_attention=true is not supported: it changes the result (expected no such key or false)")]
    [InlineData("alibi", "true", "config.json: alibi=true is not supported: it changes the result (expected no such key or false)")]
    [InlineData("num_local_experts", "8",
        "config.json: num_local_experts=8 is not supported: it changes the result (expected no such key or 0)")]
    public void A_wrong_gpt2_value_is_named(string key, string json, string expected) =>
        Assert.Equal(expected, Error("gpt2", key, json));

    [Theory]
    [InlineData("num_key_value_heads", "3", "config.json: num_attention_heads=8 is not a multiple of num_key_value_heads=3")]
    [InlineData("head_dim", "7", "config.json: rotary embedding of 7 of 7 columns a head, expected an even number of 2 or more")]
    [InlineData("head_dim", "100000", "config.json: num_attention_heads=8 heads of 100000 columns are over the limit of 131072")]
    [InlineData("rms_norm_eps", "-1e-5", "config.json: rms_norm_eps is -1e-5, expected a number above 0 and up to 1")]
    [InlineData("rope_theta", "0", "config.json: rope_theta is 0, expected a number above 0 and up to 1000000000000")]
    [InlineData("rope_scaling", "{\"type\":\"linear\"}", "config.json: rope_scaling.factor is missing: expected a number from 1")]
    [InlineData("rope_scaling", "{\"rope_type\":\"llama3\"}", "config.json: rope_scaling.factor is missing: expected a number from 1")]
    [InlineData("rope_scaling", "[1]", "config.json: rope_scaling is [1], expected an object")]
    [InlineData("rope_interleaved", "true",
        "config.json: rope_interleaved=true is not supported: it changes the result (expected no such key or false)")]
    [InlineData("sliding_window", "16", "config.json: sliding_window=16 is not supported: it changes the result (expected no such key)")]
    [InlineData("layer_types", "[\"full_attention\",\"sliding_attention\",\"full_attention\"]",
        "config.json: layer_types with 'sliding_attention' are not supported for this architecture (full_attention is)")]
    [InlineData("final_logit_softcapping", "30",
        "config.json: final_logit_softcapping=30 is not supported: it changes the result (expected no such key)")]
    public void A_wrong_llama_value_is_named(string key, string json, string expected) =>
        Assert.Equal(expected, Error("llama-gqa-rope3", key, json));

    [Theory]
    [InlineData("do_layer_norm_before", "false", "config.json: do_layer_norm_before=false is not supported (true is)")]
    [InlineData("_remove_final_layer_norm", "true", "config.json: _remove_final_layer_norm=true is not supported (false is)")]
    [InlineData("word_embed_proj_dim", "32", "config.json: word_embed_proj_dim=32 is not supported (hidden_size=64 is)")]
    public void A_wrong_opt_value_is_named(string key, string json, string expected) =>
        Assert.Equal(expected, FolderError(WithValue(TestData.Large("golden/models/opt"), key, json)));

    [Theory]
    [InlineData("gpt2", "[]", "expected a JSON object")]
    [InlineData("gpt2", "{\"model_type\":\"gpt2\",\"model_type\":\"llama\"}", "not valid JSON")]
    [InlineData("gpt2", "", "config.json: is empty (0 bytes)")]
    [InlineData("gpt2", "{\n  \"eps\": x }", "config.json: not valid JSON at line 2, column 10: 'x' is an invalid start of a value")]
    [InlineData("gpt2", "{\"model_type\":\"\\ud800\"}", "config.json: model_type is not valid Unicode")]
    public void A_broken_file_is_named(string name, string text, string expected) =>
        Assert.Contains(expected, new ForgedModel(name).WithRawConfig(text).LoadError(), StringComparison.Ordinal);

    [Fact]
    public void Too_deep_or_too_large_or_absent_files_are_named()
    {
        Assert.Contains("not valid JSON", new ForgedModel("gpt2").WithRawConfig(new string('[', 100000))
            .LoadError(), StringComparison.Ordinal);
        Assert.Contains("not a model's config", new ForgedModel("gpt2").WithRawConfig(new string(' ', 2 << 20))
            .LoadError(), StringComparison.Ordinal);
        Assert.Contains("config.json: no such file",
            Assert.Throws<EmergenceException>(() => ModelConfig.Read(TestData.TemporaryFolder())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_keys_are_listed_and_refused_on_request()
    {
        var forged = new ForgedModel("llama-gqa-rope3").Set("mystery", 1).Set("bos_token_id", 999999);
        forged.Config["rope_scaling"]!["beta_fast"] = 32;
        var folder = forged.Write();
        Assert.Equal(["mystery", "rope_scaling.beta_fast"], ModelConfig.Read(folder).UnknownKeys);
        var error = Assert.Throws<EmergenceException>(() => ModelConfig.Read(folder, strict: true));
        Assert.EndsWith("unknown keys mystery, rope_scaling.beta_fast: refused by --strict", error.Message, StringComparison.Ordinal);
        Assert.Empty(ModelConfig.Read(new ForgedModel("gpt2").Write(), strict: true).UnknownKeys);
    }

    [Fact]
    public void Older_and_newer_keys_say_the_same()
    {
        var older = new ForgedModel("llama-gqa-rope3");
        var newer = new ForgedModel("llama-gqa-rope3").Without("rope_scaling", "rope_theta", "torch_dtype").Set("dtype", "float32");
        var rope = older.Config["rope_scaling"]!.DeepClone().AsObject();
        rope["rope_theta"] = 500000.0;
        newer.Set("rope_parameters", rope);
        var read = ModelConfig.Read(newer.Write());
        Assert.Empty(read.UnknownKeys);
        Assert.Equal("float32", read.StoredType);
        Assert.Equal(older.Logits(), newer.Logits());
        rope["rope_theta"] = 10000.0;
        Assert.NotEqual(older.Logits(), newer.Logits());
    }

    [Fact]
    public void Without_head_size_heads_must_divide_the_width()
    {
        var forged = new ForgedModel("llama-gqa-rope3").Without("head_dim").Set("hidden_size", 68);
        Assert.Equal("config.json: hidden_size=68 is not a multiple of num_attention_heads=8", forged.LoadError());
    }

    [Fact]
    public void Config_alone_tells_sizes_and_memory()
    {
        var config = ModelConfig.Read(TestData.Large("models/smollm2-135m"));
        Assert.Equal(("llama", 30, 576, 49152, 8192),
            (config.ModelType, config.Layers, config.Width, config.VocabularySize, config.MaxPositions));

        // 49152 * 576 + 30 * (2 * 576^2 + 2 * 576 * 192 + 3 * 576 * 1536 + 2 * 576) + 576, two bytes each.
        Assert.Equal(134_515_008, config.Parameters);
        Assert.Equal(269_030_016, config.EstimateBytes);
        Assert.Empty(config.UnknownKeys);
    }

    [Theory]
    [InlineData("gelu", "gelu_pytorch_tanh", true)]
    [InlineData("silu", "gelu_pytorch_tanh", false)]
    public void Gemma_means_the_tanh_form_by_gelu(string written, string same, bool equal)
    {
        var folder = TestData.Large("golden/models/gemma");
        var left = ModelConfig.Read(WithValue(folder, "hidden_act", $"\"{written}\"")).Shape.Blocks[0].Inner!.Activation;
        var right = ModelConfig.Read(WithValue(folder, "hidden_act", $"\"{same}\"")).Shape.Blocks[0].Inner!.Activation;
        Assert.Equal(equal, left == right);
        var own = ModelConfig.Read(WithValue(WithValue(folder, "hidden_act", "\"silu\""), "hidden_activation", $"\"{same}\"")).Shape.Blocks[
            0].Inner!.Activation;
        Assert.Equal(right, own);
    }

    private static string Error(string model, string key, string json) => new ForgedModel(model).WithValue(key, json).LoadError();

    private static string FolderError(string folder) => Assert.Throws<EmergenceException>(() => ModelConfig.Read(folder)).Message;

    /// <summary>A folder with the config of another one, one value changed.</summary>
    private static string WithValue(string folder, string key, string json)
    {
        var config = JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")))!.AsObject();
        config[key] = JsonNode.Parse(json);
        var changed = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(changed, "config.json"), config.ToJsonString());
        return changed;
    }
}
