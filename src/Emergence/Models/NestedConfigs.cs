using System.Text.Json;

namespace Emergence.Models;

/// <summary>
/// Models that read more than text: their config.json holds that of the language model as an object, or beside the keys of
/// the towers, and it alone is run.
/// </summary>
internal static class NestedConfigs
{
    private static readonly string[] Keys = ["text_config", "llm_config", "language_config"];

    /// <summary>"model_type" of the language model if the inner object has none, or has that of the whole.</summary>
    private static readonly Dictionary<string, string> Inner = new()
    {
        ["aya_vision"] = "cohere2",
        ["cohere2_vision"] = "cohere2",
        ["gemma3"] = "gemma3_text",
        ["gemma4"] = "gemma4_text",
        ["got_ocr2"] = "qwen2",
        ["granite_speech"] = "granite",
        ["idefics2"] = "mistral",
        ["idefics3"] = "llama",
        ["internvl"] = "qwen2",
        ["llava"] = "llama",
        ["llava_next"] = "llama",
        ["llava_next_video"] = "llama",
        ["llava_onevision"] = "qwen2",
        ["mistral3"] = "mistral",
        ["paligemma"] = "gemma",
        ["pixtral"] = "mistral",
        ["qwen2_5_vl"] = "qwen2_5_vl_text",
        ["qwen2_audio"] = "qwen2",
        ["qwen2_vl"] = "qwen2_vl_text",
        ["qwen3_5"] = "qwen3_5_text",
        ["qwen3_5_moe"] = "qwen3_5_moe_text",
        ["qwen3_vl"] = "qwen3_vl_text",
        ["smolvlm"] = "llama",
        ["video_llava"] = "llama",
        ["vipllava"] = "llama",
        ["voxtral"] = "llama",
    };

    /// <summary>Parts of names that belong to what is not the language model.</summary>
    private static readonly HashSet<string> TowerNames =
    [
        "audio_model", "audio_tower", "audio_encoder", "connector", "embed_audio", "embed_vision", "image_newline", "mm_projector",
            "modality_projection",
        "multi_modal_projector", "vision_embedder", "vision_encoder", "vision_model", "vision_projection", "vision_tower", "visual",
    ];

    /// <summary>The object of the language model with its key, and its "model_type".</summary>
    public static (string? Key, JsonElement Text, string? Type) Find(JsonElement root, string? outer)
    {
        foreach (var key in Keys)
        {
            if (root.TryGetProperty(key, out var text) && text.ValueKind == JsonValueKind.Object)
            {
                var own = text.TryGetProperty("model_type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString()
                    : outer;
                return (key, text, own == null ? null : Inner.GetValueOrDefault(own, own));
            }
        }

        return (null, root, outer == null ? null : Inner.GetValueOrDefault(outer, outer));
    }

    public static bool IsTower(string name) => name.Split('.').Any(TowerNames.Contains);
}
