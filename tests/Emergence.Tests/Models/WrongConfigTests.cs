using System.Text.Json.Nodes;
using Emergence.Devices.Reference;
using Emergence.Models;
using Emergence.Tests.Cli;

namespace Emergence.Tests.Models;

/// <summary>Values of the keys of positions, norms and nested configs that cannot be, each with its one line.</summary>
public sealed class WrongConfigTests
{
    [Theory]
    [InlineData("rope-linear", "rope_parameters.factor", "0.5", "rope_parameters.factor is 0.5, expected a number from 1")]
    [InlineData("rope-linear", "rope_parameters.factor", "\"4\"", "rope_parameters.factor is \"4\", expected a number from 1")]
    [InlineData("rope-linear", "rope_parameters.factor", "null", "rope_parameters.factor is missing: expected a number from 1")]
    [InlineData("rope-linear", "rope_parameters.factor", "Infinity",
        "rope_parameters.factor is {\"__float__\":\"Infinity\"}, expected a number from 1")]
    [InlineData("rope-linear", "rope_parameters.rope_type", "\"ntk\"",
        "rope_type 'ntk' is not supported (default, linear, dynamic, yarn, longrope, llama3, proportional and mrope are)")]
    [InlineData("rope-linear", "rope_parameters.rope_type", "3", "rope_parameters.rope_type is 3, expected a text")]
    [InlineData("rope-linear", "rope_parameters.rope_theta", "-1",
        "rope_parameters.rope_theta is -1, expected a number above 0 and up to 1000000000000")]
    [InlineData("rope-linear", "rope_parameters", "[]", "rope_parameters is [], expected an object")]
    [InlineData("rope-linear", "max_position_embeddings", "0", "max_position_embeddings is 0, expected a whole number from 1 to 16777216")]
    [InlineData("rope-dynamic", "rope_scaling.factor", "0.99", "rope_scaling.factor is 0.99, expected a number from 1")]
    [InlineData("rope-dynamic", "rope_scaling.factor", "[2]", "rope_scaling.factor is [2], expected a number from 1")]
    [InlineData("rope-yarn", "rope_parameters.factor", "0", "rope_parameters.factor is 0, expected a number from 1")]
    [InlineData("rope-yarn", "rope_parameters.original_max_position_embeddings", "0",
        "rope_parameters.original_max_position_embeddings is 0, expected a whole number from 1 to 2147483647")]
    [InlineData("rope-yarn", "rope_parameters.beta_fast", "0.5", "beta_fast must be above beta_slow, found 0.5 and 1")]
    [InlineData("rope-yarn", "rope_parameters.beta_slow", "-2",
        "rope_parameters.beta_slow is -2, expected a number above 0 and up to 1000000000000")]
    [InlineData("rope-yarn", "rope_parameters.attention_factor", "0",
        "rope_parameters.attention_factor is 0, expected a number above 0 and up to 1000000000000")]
    [InlineData("rope-yarn-full", "rope_scaling.truncate", "1", "rope_scaling.truncate is 1, expected true or false")]
    [InlineData("rope-yarn-full", "rope_scaling.mscale", "\"x\"", "rope_scaling.mscale is \"x\", expected a number")]
    [InlineData("rope-longrope-long", "rope_scaling.long_factor", "[1,2]",
        "rope_scaling.long_factor has 2 numbers, expected 6, one for each pair of columns that turns")]
    [InlineData("rope-longrope-long", "rope_scaling.short_factor", "[1,1,1,1,1,-1]",
        "rope_scaling.short_factor is [1,1,1,1,1,-1], expected a list of 6 numbers above 0")]
    [InlineData("rope-longrope-long", "rope_scaling.long_factor", "null",
        "rope_scaling.long_factor is missing: expected a list of 6 numbers above 0")]
    [InlineData("rope-longrope-short", "rope_parameters.partial_rotary_factor", "2",
        "rope_parameters.partial_rotary_factor is 2, expected a number above 0 and up to 1")]
    [InlineData("apertus", "rope_parameters.low_freq_factor", "8", "high_freq_factor must be above low_freq_factor, found 4 and 8")]
    [InlineData("codegen", "rotary_dim", "7", "rotary_dim=7 must be even")]
    [InlineData("codegen", "n_head", "2", "n_head=2, expected a multiple of 4")]
    [InlineData("mpt", "attn_config.alibi", "false", "attn_config.alibi=false is not supported (true is)")]
    [InlineData("mpt", "attn_config.clip_qkv", "-3", "attn_config.clip_qkv is -3, expected a number above 0 and up to 1000000000000")]
    [InlineData("mpt", "attn_config.attn_type", "\"multiquery_attention\"",
        "attn_config.attn_type 'multiquery_attention' is not supported (multihead_attention is)")]
    [InlineData("mpt", "norm_type", "\"rmsnorm\"", "norm_type 'rmsnorm' is not supported (low_precision_layernorm is)")]
    [InlineData("mpt", "no_bias", "false", "no_bias=false is not supported (true is)")]
    [InlineData("mpt", "attn_config.alibi_bias_max", "0",
        "attn_config.alibi_bias_max is 0, expected a number above 0 and up to 1000000000000")]
    [InlineData("mpt", "expansion_ratio", "0", "expansion_ratio is 0, expected a whole number from 1 to 64")]
    [InlineData("phi", "head_dim", "7", "rotary embedding of 3 of 7 columns a head, expected an even number of 2 or more")]
    [InlineData("hunyuan-dense", "num_experts", "2",
        "num_experts=2 is not supported: it changes the result (expected no such key or 0 or 1)")]
    [InlineData("hunyuan-dense", "num_experts", "1", "")]
    [InlineData("hunyuan-dense", "use_cla", "true", "use_cla=true is not supported (false is)")]
    [InlineData("xglm", "attention_heads", "5", "d_model=48 is not a multiple of attention_heads=5")]
    [InlineData("stablelm", "partial_rotary_factor", "0", "partial_rotary_factor is 0, expected a number above 0 and up to 1")]
    [InlineData("falcon-grouped", "num_kv_heads", "3", "num_attention_heads=8 is not a multiple of num_kv_heads=3")]
    [InlineData("falcon-grouped", "parallel_attn", "false", "parallel_attn=false is not supported with new_decoder_architecture=true")]
    [InlineData("falcon-mqa", "num_ln_in_parallel_attn", "2",
        "num_ln_in_parallel_attn=2 is not supported without new_decoder_architecture")]
    [InlineData("gpt-neo", "attention_layers", "[\"global\",\"local\"]", "attention_layers has 2 items for 4 layers")]
    [InlineData("gpt-neo", "attention_layers", "[\"global\",\"local\",\"near\",\"local\"]",
        "attention_layers[2] is 'near', expected global or local")]
    [InlineData("gpt-neo", "window_size", "0", "window_size is 0, expected a whole number from 1 to 2147483647")]
    [InlineData("smollm3", "no_rope_layers", "[1,0]", "no_rope_layers has 2 items for 5 layers")]
    [InlineData("smollm3", "no_rope_layers", "[1,0,2,1,1]", "no_rope_layers is [1,0,2,1,1], expected a list of 0 and 1")]
    [InlineData("cohere2", "layer_types", "[\"sliding_attention\"]", "layer_types has 1 items for 5 layers")]
    [InlineData("cohere2", "layer_types",
        "[\"full_attention\",\"full_attention\",\"linear_attention\",\"full_attention\",\"full_attention\"]",
        "layer_types[2] is 'linear_attention', expected full_attention or sliding_attention")]
    [InlineData("cohere", "logit_scale", "0", "logit_scale is 0, expected a number above 0 and up to 1000000000000")]
    [InlineData("exaone4", "sliding_window_pattern", "\"LLXG\"", "sliding_window_pattern is 'LLXG', expected a number, or letters L and G")]
    [InlineData("granite", "residual_multiplier", "0", "residual_multiplier is 0, expected a number above 0 and up to 1000000000000")]
    [InlineData("nanochat", "final_logit_softcapping", "-15",
        "final_logit_softcapping is -15, expected a number above 0 and up to 1000000000000")]
    [InlineData("olmo", "clip_qkv", "0", "clip_qkv is 0, expected a number above 0 and up to 1000000000000")]
    [InlineData("gemma4", "num_kv_shared_layers", "6", "num_kv_shared_layers is 6, expected a whole number from 0 to 5")]
    [InlineData("gemma4", "num_kv_shared_layers", "5",
        "num_kv_shared_layers=5: no layer before the last 5 is of the same kind as one of them")]
    [InlineData("gemma4-moe", "top_k_experts", "5", "top_k_experts is 5, expected 1 .. 4, as num_experts says")]
    [InlineData("gemma4-moe", "num_experts", "null", "num_experts is missing: expected a whole number from 1 to 4096")]
    [InlineData("gemma4-moe", "moe_intermediate_size", "0", "moe_intermediate_size is 0, expected a whole number from 1 to 1048576")]
    [InlineData("mixtral", "num_experts_per_tok", "5", "num_experts_per_tok is 5, expected 1 .. 4, as num_local_experts says")]
    [InlineData("mixtral", "num_experts_per_tok", "0", "num_experts_per_tok is 0, expected a whole number from 1 to 4096")]
    [InlineData("mixtral", "num_local_experts", "5000", "num_local_experts is 5000, expected a whole number from 1 to 4096")]
    [InlineData("deepseek-v3", "n_group", "3", "n_routed_experts=8 is not a multiple of n_group=3")]
    [InlineData("deepseek-v3", "topk_group", "5", "topk_group is 5, expected 1 .. 4, as n_group says")]
    [InlineData("deepseek-v3", "n_group", "8", "n_group=8 leaves 1 of n_routed_experts=8 in a group, expected 2 or more")]
    [InlineData("deepseek-v3", "num_experts_per_tok", "5",
        "num_experts_per_tok is 5, expected at most 4: the experts of topk_group=2 groups")]
    [InlineData("deepseek-v3", "routed_scaling_factor", "0",
        "routed_scaling_factor is 0, expected a number above 0 and up to 1000000000000")]
    [InlineData("deepseek-v3", "num_nextn_predict_layers", "-1", "num_nextn_predict_layers is -1, expected a whole number from 0 to 64")]
    [InlineData("deepseek-v3", "norm_topk_prob", "1", "norm_topk_prob is 1, expected true or false")]
    [InlineData("deepseek-v2", "topk_method", "\"best\"", "topk_method 'best' is not supported (greedy and group_limited_greedy are)")]
    [InlineData("deepseek-v2", "num_key_value_heads", "2",
        "num_key_value_heads is 2, expected 4 as num_attention_heads: all heads come out of one narrow row")]
    [InlineData("qwen3-moe", "mlp_only_layers", "[-1]", "mlp_only_layers is [-1], expected a list of whole numbers from 0 to 2147483647")]
    [InlineData("qwen3-moe", "decoder_sparse_step", "0", "decoder_sparse_step is 0, expected a whole number from 1 to 2147483647")]
    [InlineData("phimoe", "num_experts_per_tok", "3", "num_experts_per_tok is 3, expected 2 for phimoe")]
    [InlineData("gpt-oss", "swiglu_alpha", "2", "swiglu_alpha is 2, expected 1.702")]
    [InlineData("gpt-oss", "swiglu_limit", "0", "swiglu_limit is 0, expected a number above 0 and up to 1000000000000")]
    [InlineData("llama4-text", "moe_layers", "[7]", "moe_layers is [7], expected a list of whole numbers from 0 to 3")]
    [InlineData("llama4-text", "no_rope_layers", "[1]", "no_rope_layers has 1 items for 4 layers")]
    [InlineData("llama4-text", "attention_chunk_size", "0", "attention_chunk_size is 0, expected a whole number from 1 to 2147483647")]
    [InlineData("ernie4_5-moe", "moe_layer_interval", "0", "moe_layer_interval is 0, expected a whole number from 1 to 2147483647")]
    [InlineData("minimax-m2", "use_qk_norm", "false", "use_qk_norm=false is not supported (true is)")]
    [InlineData("gemma4", "rope_parameters.full_attention.factor", "0.25",
        "rope_parameters.full_attention.factor is 0.25, expected a number from 1")]
    [InlineData("mamba", "state_size", "0", "state_size is 0, expected a whole number from 1 to 65536")]
    [InlineData("mamba", "conv_kernel", "1000", "conv_kernel is 1000, expected a whole number from 1 to 256")]
    [InlineData("mamba", "time_step_rank", "\"half\"", "time_step_rank is \"half\", expected a whole number from 1 to 65536, or auto")]
    [InlineData("mamba", "intermediate_size", "95", "intermediate_size is 95, expected 96: expand times hidden_size")]
    [InlineData("mamba", "expand", "0", "expand is 0, expected a number above 0 and up to 64")]
    [InlineData("mamba2", "num_heads", "7", "num_heads=7 heads of head_dim=12 columns, expected 96: expand times hidden_size")]
    [InlineData("mamba2", "n_groups", "3", "n_groups is 3, expected a divisor of 8, the number of heads of the recurrence")]
    [InlineData("mamba2", "time_step_limit", "[1,0]", "time_step_limit is [1,0], expected a list of two numbers, the lower one first")]
    [InlineData("mamba2", "time_step_limit", "0.5", "time_step_limit is 0.5, expected a list of two numbers, the lower one first")]
    [InlineData("mamba2", "hidden_act", "\"snake\"",
        "hidden_act 'snake' is not supported (gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, silu, relu, relu2, leaky_relu, tanh, sigmoid "
        + "and linear are)")]
    [InlineData("lfm2", "layer_types", "[\"conv\"]", "layer_types has 1 items for 3 layers")]
    [InlineData("lfm2", "layer_types", "[\"conv\",\"conv\",\"mamba\"]",
        "layer_types[2] is 'linear_attention', expected conv or full_attention")]
    [InlineData("lfm2", "full_attn_idxs", "[3]", "full_attn_idxs is [3], expected a list of whole numbers from 0 to 2")]
    [InlineData("lfm2", "conv_L_cache", "0", "conv_L_cache is 0, expected a whole number from 1 to 256")]
    [InlineData("qwen3_5", "linear_num_value_heads", "3", "linear_num_value_heads=3 is not a multiple of linear_num_key_heads=2")]
    [InlineData("qwen3_5", "layer_types", "[\"a\",\"b\",\"c\",\"d\"]",
        "layer_types[0] is 'a', expected linear_attention or full_attention")]
    [InlineData("qwen3_5", "attn_output_gate", "false", "attn_output_gate=false is not supported (true is)")]
    [InlineData("qwen3_5-moe", "num_experts_per_tok", "7", "num_experts_per_tok is 7, expected 1 .. 6, as num_experts says")]
    [InlineData("granite-hybrid", "position_embedding_type", "\"alibi\"",
        "position_embedding_type is 'alibi', expected rope, nope or null")]
    [InlineData("granite-hybrid", "mamba_d_head", "13",
        "mamba_n_heads=8 heads of mamba_d_head=13 columns, expected as many as mamba_expand times hidden_size, 96")]
    [InlineData("granite-hybrid", "mamba_conv_bias", "1", "mamba_conv_bias is 1, expected true or false")]
    [InlineData("falcon-h1", "ssm_multipliers", "[1,2]", "ssm_multipliers is [1,2], expected a list of 5 numbers")]
    [InlineData("falcon-h1", "mlp_multipliers", "[1,\"2\"]", "mlp_multipliers is [1,\"2\"], expected a list of 2 numbers")]
    [InlineData("falcon-h1", "mamba_d_ssm", "50", "mamba_n_heads=4 heads of mamba_d_head=12 columns, expected as many as mamba_d_ssm=50")]
    [InlineData("nemotron-h", "layers_block_type", "[\"mamba\",\"moe\",\"dense\"]",
        "layers_block_type[2] is 'dense', expected linear_attention or full_attention or mlp or moe")]
    [InlineData("nemotron-h", "mlp_hidden_act", "3", "mlp_hidden_act is 3, expected a text")]
    [InlineData("nested-gemma3", "text_config.hidden_size", "0", "text_config.hidden_size is 0, expected a whole number from 1 to 131072")]
    [InlineData("nested-gemma3", "text_config.rope_parameters.full_attention.rope_theta", "null", "")]
    [InlineData("nested-mistral3", "tie_word_embeddings", "\"yes\"", "tie_word_embeddings is \"yes\", expected true or false")]
    [InlineData("nested-mistral3", "quantization_config", "{\"bits\":4}",
        "quantization_config.quant_method is missing: it says how the weights are stored")]
    public void A_wrong_value_is_named(string folder, string path, string json, string expected)
    {
        var changed = Changed(FamilyTests.Folder(folder), path, json);
        if (expected.Length == 0)
        {
            _ = ModelConfig.Read(changed);
            return;
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var message = Assert.Throws<EmergenceException>(() => ModelConfig.Read(changed)).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
        Assert.Equal($"config.json: {expected}", message);
        Assert.DoesNotContain('\n', message);
    }

    /// <summary>Sizes that only the files of the weights contradict: nothing of such a size is asked for.</summary>
    [Theory]
    [InlineData("rope-linear", "hidden_size", "131072")]
    [InlineData("q-gptq", "intermediate_size", "1048576")]
    [InlineData("bloom", "vocab_size", "16777216")]
    public void A_wrong_size_takes_little_memory(string folder, string key, string json)
    {
        const long Most = 300L << 20;
        var from = TestData.Large($"golden/families/{folder}");
        var changed = Changed(from, key, json);
        File.Copy(Path.Combine(from, "model.safetensors"), Path.Combine(changed, "model.safetensors"));
        File.WriteAllText(Path.Combine(changed, "ids.json"), "[[1,2,3]]");
        using var child = Child.Start("capture", changed, "--input-ids", Path.Combine(changed, "ids.json"),
            "-o", Path.Combine(changed, "out.safetensors"));
        var peak = 0L;
        while (!child.WaitForExit(2))
        {
            child.Refresh();
            try
            {
                peak = Math.Max(peak, child.PeakWorkingSet64);
            }
            catch (InvalidOperationException)
            {
                // It has just ended.
            }
        }

        var (code, _, error) = Child.Finish(child);
        Assert.NotEqual(0, code);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.InRange(peak, 1, Most);
    }

    [Fact]
    public void A_setting_that_transformers_passes_over_is_told()
    {
        var from = TestData.Large("golden/families/mpt");
        var changed = Changed(from, "attn_config.alibi_bias_max", "16");
        File.Copy(Path.Combine(from, "model.safetensors"), Path.Combine(changed, "model.safetensors"));
        using var device = new ReferenceDevice();
        using var model = LanguageModel.Load(changed, device);
        Assert.Equal(
            ["attn_config.alibi_bias_max=16 is not taken into account, as in transformers: slopes are those of 8"], model.Warnings);
    }

    [Fact]
    public void An_unknown_model_is_answered_with_the_nearest_and_what_to_ask_for()
    {
        var folder = Changed(FamilyTests.Folder("arcee"), "model_type", "\"qwen7\"");
        var message = Assert.Throws<EmergenceException>(() => ModelConfig.Read(folder)).Message;
        Assert.StartsWith("config.json: model_type 'qwen7' is not supported; nearest known: qwen2, qwen3, ", message,
            StringComparison.Ordinal);
        Assert.Contains("no auto_map: the folder brings no code of its own", message, StringComparison.Ordinal);
        Assert.EndsWith(
            "open an issue with these two lines: (1) \"Support model_type qwen7 (ArceeForCausalLM)\" (2) \"Published as ORG/NAME; its "
            + "config.json is attached\"", message, StringComparison.Ordinal);
        message = Assert.Throws<EmergenceException>(() =>
            ModelConfig.Read(Changed(folder, "auto_map", "{\"AutoModel\":\"modeling_x.X\"}"))).Message;
        Assert.Contains("auto_map says that the folder brings its own code, which is never run", message, StringComparison.Ordinal);
        message = Assert.Throws<EmergenceException>(() => ModelConfig.Read(Changed(folder, "model_type", "null"))).Message;
        Assert.StartsWith("config.json: model_type is missing: expected one of apertus, arcee, bloom, ", message, StringComparison.Ordinal);
    }

    /// <summary>A folder with the config of another one, one value changed; numbers that JSON does not know as Python writes
    /// them.</summary>
    internal static string Changed(string folder, string path, string json)
    {
        const string Mark = "\"INFINITY\"";
        var config = JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")))!.AsObject();
        var keys = path.Split('.');
        var part = keys[..^1].Aggregate(config, (node, key) => node[key]!.AsObject());
        part[keys[^1]] = JsonNode.Parse(json == "Infinity" ? Mark : json);
        var changed = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(changed, "config.json"), config.ToJsonString().Replace(Mark, "Infinity", StringComparison.Ordinal));
        return changed;
    }
}
