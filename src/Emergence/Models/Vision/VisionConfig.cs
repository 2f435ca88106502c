using System.Text.Json;
using Emergence.Checkpoints;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Models.Vision;

/// <summary>
/// A checked config.json of a CLIP vision model (Radford et al. 2021), alone ("clip_vision_model") or as the part
/// "vision_config" of a whole CLIP model ("clip").
/// </summary>
internal sealed class VisionConfig
{
    private const int MaximumSide = 1 << 14;
    private const int MaximumWidth = 1 << 17;

    private static readonly JsonElement s_defaults = JsonDocument.Parse("""
        {
          "hidden_size": 768, "intermediate_size": 3072, "projection_dim": 512, "num_hidden_layers": 12, "num_attention_heads": 12,
          "num_channels": 3, "image_size": 224, "patch_size": 32, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5
        }
        """).RootElement;

    private static readonly WeightNames s_names = new()
    {
        Prefix = "vision_model.",
        Embedding = "embeddings.position_embedding",
        EmbeddingNorm = "pre_layrnorm", // as every checkpoint spells it
        FinalNorm = "post_layernorm",
        Block = "encoder.layers.",
        AttentionInputNorm = "layer_norm1",
        InnerInputNorm = "layer_norm2",
        QueryKeyValue = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        AttentionOutput = "self_attn.out_proj",
        Inner = ["mlp.fc1"],
        InnerOutput = "mlp.fc2",
    };

    private VisionConfig(ConfigReader outer, ConfigReader config)
    {
        var keys = DimensionKeys.Llama;
        ImageSize = config.Whole("image_size", 1, MaximumSide);
        PatchSize = config.Whole("patch_size", 1, MaximumSide);
        Channels = config.Whole("num_channels", 1, 16);
        if (PatchSize > ImageSize)
            throw ConfigReader.Error($"patch_size={PatchSize} is over image_size={ImageSize}");
        var whole = outer.WholeOrNull("projection_dim", 1, MaximumWidth);
        Projection = whole ?? config.Whole("projection_dim", 1, MaximumWidth);
        var width = CommonConfig.ReadWidth(config, keys.Width);
        var attention = CommonConfig.ReadHeads(config, keys, width) with { QueryKeyValueBias = true, OutputBias = true };
        var activation = CommonConfig.ReadActivation(config, "hidden_act");
        var inner = new InnerPart(CommonConfig.ReadInner(config, keys.Inner), activation, Bias: true);
        Shape = new()
        {
            Keys = keys,
            Names = s_names,
            Width = width,
            VocabularySize = Places,
            MaxPositions = Places,
            Norm = new(Rms: false, config.Positive("layer_norm_eps", most: 1)),
            Blocks = [.. Enumerable.Repeat(new BlockShape(attention, inner), config.Whole(keys.Layers, 1, 1 << 10))],
            Head = HeadWeights.Tied, // never asked
        };
    }

    /// <summary>Pixels of a side.</summary>
    public int ImageSize { get; }

    /// <summary>Pixels of a patch's side.</summary>
    public int PatchSize { get; }

    public int Channels { get; }

    /// <summary>Width of what the model yields, if the checkpoint has the projection.</summary>
    public int Projection { get; }

    /// <summary>Patches along a side; pixels beyond the last whole one are not seen.</summary>
    public int PatchesAlong => ImageSize / PatchSize;

    /// <summary>T: the class token and the patches.</summary>
    public int Places => PatchesAlong * PatchesAlong + 1;

    public ModelShape Shape { get; }

    /// <summary>One line for people.</summary>
    public string Summary =>
        $"CLIP vision model, {Shape.Layers} layers, width {Shape.Width}, {Shape.FirstAttention.Heads} heads, images of {ImageSize} x "
        + $"{ImageSize} in patches of {PatchSize}";

    public static VisionConfig Read(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        using var json = UserFile.ReadJson(path, new() { AllowDuplicateProperties = false });
        if (json.RootElement.ValueKind != JsonValueKind.Object)
            throw new EmergenceException($"{Printable.Escape(path)}: expected a JSON object", ExitCode.Usage);
        var root = json.RootElement.Clone();
        var outer = new ConfigReader(root);
        return outer.Text("model_type") switch
        {
            "clip_vision_model" => new(outer, new(root, "", s_defaults)),
            "clip" => new(outer, new(Inner(root), "vision_config.", s_defaults)),
            var other => throw ConfigReader.Error(
                $"model_type {Printable.Quote(other ?? "")} is no vision model that is known here: expected clip_vision_model or clip"),
        };
    }

    private static JsonElement Inner(JsonElement root)
    {
        if (root.TryGetProperty("vision_config", out var inner) && inner.ValueKind == JsonValueKind.Object)
            return inner;
        throw ConfigReader.Error("model_type clip, but vision_config is missing: expected an object");
    }
}
