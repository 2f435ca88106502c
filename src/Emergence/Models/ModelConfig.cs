using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Emergence.Checkpoints;
using Emergence.Checkpoints.Stored;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>A checked config.json: what a model is and needs, without its weights.</summary>
public sealed class ModelConfig
{
    private const string FileName = "config.json";
    private const int MaximumBytes = 1 << 20;

    private readonly RotaryScaling[] _scalings;

    private ModelConfig(JsonElement root, string sha256)
    {
        var outer = new ConfigReader(root);
        var (key, text, type) = NestedConfigs.Find(root, outer.Text("model_type"));
        Architecture = ArchitectureTable.Find(type, root);
        var config = new ConfigReader(text, key == null ? "" : $"{key}.", Architecture.DefaultValues);
        IsNested = key != null || type != outer.Text("model_type");
        Shape = Architecture.Read(config);
        if (key != null)
            Shape = Shape with { Head = Head(Shape.Head, outer) };
        StoredType = config.Text("dtype") ?? config.Text("torch_dtype") ?? outer.Text("dtype") ?? outer.Text("torch_dtype");
        StoredForm = StoredFormTable.Read(config) ?? (key == null ? null : StoredFormTable.Read(outer));
        UnknownKeys = KnownKeys.Sort(config);
        Sha256 = sha256;
        _scalings = [.. Shape.Blocks.Select(block => block.Attention?.Rotary?.Scaling).OfType<RotaryScaling>().Distinct()];
    }

    /// <summary>"model_type" of the language model, e.g. "llama".</summary>
    public string ModelType => Architecture.Name;

    /// <summary>L, the number of blocks; there are L + 1 boundaries.</summary>
    public int Layers => Shape.Layers;

    /// <summary>d, the width of the residual stream.</summary>
    public int Width => Shape.Width;

    public int VocabularySize => Shape.VocabularySize;

    /// <summary>Longest sequence the model takes.</summary>
    public int MaxPositions => Shape.MaxPositions;

    /// <summary>Whether there is a norm between the last boundary and the logits.</summary>
    public bool HasFinalNorm => Shape.Names.FinalNorm != null;

    /// <summary>The language model is a part of one that reads images or sounds too.</summary>
    public bool IsNested { get; }

    /// <summary>Type of the stored weights as the config says, e.g. "bfloat16"; the files decide.</summary>
    public string? StoredType { get; }

    /// <summary>Keys of the config that nothing is known about; they are not taken into account.</summary>
    public IReadOnlyList<string> UnknownKeys { get; }

    /// <summary>SHA-256 of config.json, lower-case hex.</summary>
    public string Sha256 { get; }

    /// <summary>Number of weights.</summary>
    public long Parameters => WeightPlan.Of(this).Sum(weight => (long)weight.Rows * weight.Columns);

    /// <summary>
    /// Memory of the weights in the type the config says (4 bytes a weight if it says none), or of the packed ones with the
    /// largest of them unpacked.
    /// </summary>
    public long EstimateBytes => WeightSizes.Of(this).Resident;

    /// <summary>One line for people.</summary>
    public string Summary
    {
        get
        {
            var attention = Shape.Blocks.Select(block => block.Attention).OfType<AttentionPart>().FirstOrDefault();
            var recurrent = Shape.Blocks.Count(block => block.Recurrence != null);
            var halves = attention == null ? "" : string.Create(CultureInfo.InvariantCulture,
                $", {attention.Heads} heads ({attention.KeyHeads} of keys) of {attention.HeadSize}");
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{ModelType}, {Layers} layers{(recurrent > 0 ? $" ({recurrent} recurrent)" : "")}, width {Width}{halves}, vocabulary "
                    + $"{VocabularySize}, {Parameters:N0} weights{(Quantization is { } form ? $" ({form})" : "")}");
        }
    }

    /// <summary>Whether what a prefix is to the model depends on how long its sequence will be.</summary>
    public bool DependsOnLength => LikeLength(MaxPositions) != 0;

    /// <summary>How matrices are packed, e.g. "gptq, 4 bits, groups of 128"; null if all weights are stored plain.</summary>
    public string? Quantization => StoredForm?.Words;

    internal StoredForm? StoredForm { get; }

    internal Architecture Architecture { get; }

    internal ModelShape Shape { get; }

    /// <summary>
    /// Tells sequences apart whose rotation depends on their length: those with the same number share their prefixes. 0
    /// for all sequences of most models.
    /// </summary>
    public int LikeLength(int length) => _scalings.Select(scaling => scaling.LikeLength(length)).DefaultIfEmpty(0).Max();

    /// <summary>Reads and checks config.json of a model folder; with <paramref name="strict"/> an unknown key is an error.</summary>
    public static ModelConfig Read(string folder, bool strict = false)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path) && ForeignFormat.OfFolder(folder) is { } foreign)
            throw new EmergenceException($"{Printable.Escape(folder)}: {foreign}");
        using var file = CheckpointFile.Open(path);
        if (file.Length > MaximumBytes)
            throw file.Error($"{file.Length} bytes, expected at most {MaximumBytes}: not a model's config");
        var bytes = new byte[file.Length];
        file.Read(0, bytes, "the config");
        try
        {
            using var json = JsonDocument.Parse(ConfigText.Plain(bytes), new() { MaxDepth = 64, AllowDuplicateProperties = false });
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw file.Error("expected a JSON object");
            var result = new ModelConfig(json.RootElement, Convert.ToHexStringLower(SHA256.HashData(bytes)));
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

    /// <summary>The outer and the inner config may both speak of a tied head; if they differ, the file decides.</summary>
    private static HeadWeights Head(HeadWeights inner, ConfigReader outer)
    {
        if (!outer.Has("tie_word_embeddings"))
            return inner;
        var tied = outer.Flag("tie_word_embeddings", false);
        return tied == (inner == HeadWeights.Tied) ? inner : HeadWeights.TiedUnlessStored;
    }
}
