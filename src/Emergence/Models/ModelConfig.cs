using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>A checked config.json: what a model is and needs, without its weights.</summary>
public sealed class ModelConfig
{
    private const string FileName = "config.json";
    private const int MaximumBytes = 1 << 20;

    private ModelConfig(Architecture architecture, ConfigReader config, string sha256)
    {
        Architecture = architecture;
        Shape = architecture.Read(config);
        StoredType = config.Text("dtype") ?? config.Text("torch_dtype");
        UnknownKeys = KnownKeys.Sort(config);
        Sha256 = sha256;
    }

    /// <summary>"model_type", e.g. "llama".</summary>
    public string ModelType => Architecture.Name;

    /// <summary>L, the number of blocks; there are L + 1 boundaries.</summary>
    public int Layers => Shape.Layers;

    /// <summary>d, the width of the residual stream.</summary>
    public int Width => Shape.Width;

    public int VocabularySize => Shape.VocabularySize;

    /// <summary>Longest sequence the model takes.</summary>
    public int MaxPositions => Shape.MaxPositions;

    /// <summary>Whether there is a norm between the last boundary and the logits.</summary>
    public bool HasFinalNorm => Architecture.Names.FinalNorm != null;

    /// <summary>Type of the stored weights as the config says, e.g. "bfloat16"; the files decide.</summary>
    public string? StoredType { get; }

    /// <summary>Keys of the config that nothing is known about; they are not taken into account.</summary>
    public IReadOnlyList<string> UnknownKeys { get; }

    /// <summary>Of config.json, lower-case hex.</summary>
    public string Sha256 { get; }

    /// <summary>Number of weights.</summary>
    public long Parameters => WeightPlan.Of(this).Sum(weight => (long)weight.Rows * weight.Columns);

    /// <summary>Memory of the weights in the type the config says (4 bytes a weight where it says none).</summary>
    public long EstimateBytes => Parameters * (StoredType is "bfloat16" or "float16" ? 2 : StoredType == "float64" ? 8 : 4);

    /// <summary>One line for people.</summary>
    public string Summary => string.Create(
        CultureInfo.InvariantCulture,
        $"{ModelType}, {Layers} layers, width {Width}, {Shape.Heads} heads ({Shape.KeyHeads} of keys) of {Shape.HeadSize}, vocabulary {VocabularySize}, {Parameters:N0} weights");

    internal Architecture Architecture { get; }

    internal ModelShape Shape { get; }

    /// <summary>Reads and checks config.json of a model folder; with <paramref name="strict"/> an unknown key is an error.</summary>
    public static ModelConfig Read(string folder, bool strict = false)
    {
        using var file = CheckpointFile.Open(Path.Combine(folder, FileName));
        if (file.Length > MaximumBytes)
            throw file.Error($"{file.Length} bytes, expected at most {MaximumBytes}: not a model's config");
        var bytes = new byte[file.Length];
        file.Read(0, bytes, "the config");
        try
        {
            using var json = JsonDocument.Parse(bytes, new() { MaxDepth = 64, AllowDuplicateProperties = false });
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw file.Error("expected a JSON object");
            var config = new ConfigReader(json.RootElement);
            var result = new ModelConfig(ArchitectureTable.Find(config.Text("model_type")), config, Convert.ToHexStringLower(SHA256.HashData(bytes)));
            if (strict && result.UnknownKeys.Count > 0)
                throw file.Error($"unknown keys {Printable.Escape(string.Join(", ", result.UnknownKeys))}: refused by --strict");
            return result;
        }
        catch (JsonException error)
        {
            throw file.Error(JsonMistake.Words(error, bytes.Length), error);
        }
        catch (InvalidOperationException error)
        {
            throw file.Error("not valid JSON: has a text that is not valid Unicode", error);
        }
    }
}
