using System.Text.Json;
using Emergence.Checkpoints;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>Keys of config.json that no architecture asks for.</summary>
internal static class KnownKeys
{
    /// <summary>About training, generation, tokenizers or other tasks; the residual stream does not depend on them.</summary>
    private static readonly HashSet<string> WithoutEffect =
    [
        "_name_or_path", "_num_labels", "output_past", "_attn_implementation", "_attn_implementation_autoset", "architectures",
            "attention_dropout", "attn_pdrop", "auto_map",
        "begin_suppress_tokens", "bos_token_id", "cache_implementation", "chunk_size_feed_forward", "classifier_dropout",
            "decoder_start_token_id",
        "dropout", "activation_dropout", "dtype", "embd_pdrop", "eos_token_id", "finetuning_task", "forced_bos_token_id",
            "forced_eos_token_id",
        "gradient_checkpointing", "hidden_dropout", "hidden_dropout_prob", "id2label", "init_std", "initializer_range", "is_decoder",
        "is_llama_config", "label2id", "layerdrop", "max_window_layers", "model_type", "n_ctx", "n_special",
            "original_max_position_embeddings",
        "output_attentions", "output_hidden_states", "pad_token_id", "predict_special_tokens", "prefix", "pretraining_tp", "problem_type",
            "router_aux_loss_coef", "router_jitter_noise", "input_jitter_noise", "aux_loss_alpha", "seq_aux", "ep_size",
        "reorder_and_upcast_attn", "resid_pdrop", "return_dict", "sep_token_id", "summary_activation", "summary_first_dropout",
        "summary_proj_to_labels", "summary_type", "summary_use_proj", "suppress_tokens", "task_specific_params", "tokenizer_class",
        "attention_softmax_in_fp32", "attn_implementation", "audio_config", "audio_token_id", "boi_token_id", "boi_token_index",
            "embed_dropout",
        "embedding_dropout", "emb_pdrop", "eod_token_id", "eoi_token_id", "eoi_token_index", "eos_token_index", "image_token_id",
            "image_token_index", "inference_softmax_fp32",
        "init_device", "max_sequence_length", "output_router_logits",
        "residual_dropout", "resid_dropout", "scale_attention_softmax_in_fp32", "seq_length", "slow_but_exact", "tokenizer_type",
        "torch_dtype", "torchscript", "transformers.js_config", "transformers_version", "unk_token_id", "use_bfloat16", "use_cache",
    ];

    /// <summary>Settings that change the result and are not supported, with the values (as JSON) that leave it as it is. Null always
    /// does.</summary>
    private static readonly Dictionary<string, string[]> Neutral = new()
    {
        ["add_cross_attention"] = ["false"],
        ["alibi"] = ["false"],
        ["attention_bias"] = ["false"],
        ["attention_multiplier"] = [],
        ["attn_logit_softcapping"] = [],
        ["clip_qkv"] = [],
        ["cross_attention_hidden_size"] = [],
        ["embedding_multiplier"] = ["1", "1.0"],
        ["final_logit_softcapping"] = [],
        ["is_encoder_decoder"] = ["false"],
        ["logit_scale"] = ["1", "1.0"],
        ["logits_scaling"] = ["1", "1.0"],
        ["mlp_bias"] = ["false"],
        ["moe_intermediate_size"] = [],
        ["n_routed_experts"] = ["0"],
        ["num_experts"] = ["0", "1"],
        ["num_local_experts"] = ["0"],
        ["partial_rotary_factor"] = ["1", "1.0"],
        ["pruned_heads"] = ["{}"],
        ["query_pre_attn_scalar"] = [],
        ["residual_multiplier"] = ["1", "1.0"],
        ["rotary"] = ["true"],
        ["rope_interleaved"] = ["false"],
        ["scale_attn_by_inverse_layer_idx"] = ["false"],
        ["scale_attn_weights"] = ["true"],
        ["sliding_window"] = [],
        ["use_alibi"] = ["false"],
        ["use_bidirectional_attention"] = ["false"],
        ["use_qk_norm"] = ["false"],
    };

    /// <summary>Refuses settings that would change the result; returns the keys that nothing is known about.</summary>
    public static IReadOnlyList<string> Sort(ConfigReader config)
    {
        var unknown = new List<string>();
        foreach (var (part, key) in config.Unasked.ToArray())
        {
            if (Neutral.TryGetValue(key, out var values))
                RequireNeutral(part, key, values);
            else if (key == "layer_types")
                RequireFullAttention(part);
            else if (!WithoutEffect.Contains(key))
                unknown.Add(part.FullName(key));
        }

        return unknown;
    }

    private static void RequireNeutral(ConfigReader config, string key, string[] values)
    {
        if (config.Find(key) is not { } value || values.Contains(value.GetRawText()))
            return;
        var found = value.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? "" : $"={Printable.Escape(value.GetRawText())}";
        throw ConfigReader.Error(
            $"{config.FullName(key)}{found} is not supported: it changes the result (expected "
            + $"{string.Join(" or ", values.Prepend("no such key"))})");
    }

    private static void RequireFullAttention(ConfigReader config)
    {
        if (config.Texts("layer_types")?.FirstOrDefault(type => type != "full_attention") is { } other)
            throw ConfigReader.Error(
                $"layer_types with {Printable.Quote(other)} are not supported for this architecture (full_attention is)");
    }
}
