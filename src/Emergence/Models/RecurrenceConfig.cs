using System.Text.Json;
using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>How config.json speaks of recurrences.</summary>
internal static class RecurrenceConfig
{
    private const int MaximumHeads = 1 << 16;
    private const int MaximumWidth = 1 << 20;
    private const int MaximumTaps = 1 << 8;

    /// <summary>What layers may be, however they are called.</summary>
    private static readonly Dictionary<string, string> s_newNames = new()
    {
        ["attention"] = "full_attention",
        ["mamba"] = "linear_attention",
    };

    /// <summary>The Mamba-2 half of models that have attention too: its keys begin with "mamba_".</summary>
    public static ScanPart ReadMamba(ConfigReader config, int width, Activation activation, int? ownWidth = null)
    {
        var inner = ownWidth ?? config.Whole("mamba_expand", 1, 64) * width;
        var text = ownWidth == null ? $"mamba_expand times hidden_size, {inner}" : $"mamba_d_ssm={inner}";
        var heads = config.Whole("mamba_n_heads", 1, MaximumHeads);
        var size = WholeOrAuto(config, "mamba_d_head", inner / heads, MaximumWidth);
        if (heads * (long)size != inner)
            throw ConfigReader.Error($"mamba_n_heads={heads} heads of mamba_d_head={size} columns, expected as many as {text}");
        config.Pass("mamba_chunk_size", "mamba_expand");
        return ReadScan(config, heads, size, "mamba_n_groups", "mamba_d_state", "mamba_d_conv", activation) with
        {
            ConvolutionBias = config.Flag("mamba_conv_bias", true),
            InputBias = config.Flag("mamba_proj_bias", false),
            OutputBias = config.Flag("mamba_proj_bias", false),
        };
    }

    /// <summary>Sizes and the limits of steps.</summary>
    public static ScanPart ReadScan(
        ConfigReader config, int heads, int size, string groupKey, string stateKey, string tapsKey, Activation activation)
    {
        var groups = config.Whole(groupKey, 1, MaximumHeads);
        if (heads % groups != 0)
            throw ConfigReader.Error($"{groupKey} is {groups}, expected a divisor of {heads}, the number of heads of the recurrence");
        var (least, most) = ReadLimits(config);
        config.Pass("time_step_min", "time_step_max", "time_step_floor", "time_step_rank", "rescale_prenorm_residual", "residual_in_fp32");
        return new(heads, size, groups, config.Whole(stateKey, 1, MaximumWidth))
        {
            Taps = ReadTaps(config, tapsKey),
            Activation = activation,
            LeastStep = least,
            MostStep = most,
        };
    }

    /// <summary>The gated delta rule of Qwen.</summary>
    public static DeltaPart ReadDelta(ConfigReader config, double epsilon)
    {
        var (keys, values) = (config.Whole("linear_num_key_heads", 1, MaximumHeads),
            config.Whole("linear_num_value_heads", 1, MaximumHeads));
        if (values % keys != 0)
            throw ConfigReader.Error($"linear_num_value_heads={values} is not a multiple of linear_num_key_heads={keys}");
        var (keySize, valueSize) = (config.Whole("linear_key_head_dim", 1, MaximumWidth),
            config.Whole("linear_value_head_dim", 1, MaximumWidth));
        return new(keys, keySize, values, valueSize,
            new(Rms: true, epsilon)) { Taps = config.Whole("linear_conv_kernel_dim", 1, MaximumTaps) };
    }

    public static int ReadTaps(ConfigReader config, string key) => config.Whole(key, 1, MaximumTaps);

    /// <summary>The kinds of all layers, by their newer names; null if the config does not say.</summary>
    /// <param name="config">The model's config.</param>
    /// <param name="key">The key of the list.</param>
    /// <param name="layers">How many there are; null: as many as the list has.</param>
    /// <param name="known">What a layer may be.</param>
    public static string[]? ReadKinds(ConfigReader config, string key, int? layers, params string[] known)
    {
        if (config.Texts(key) is not { } kinds)
            return null;
        if (kinds.Length != (layers ?? kinds.Length))
            throw ConfigReader.Error($"{key} has {kinds.Length} items for {layers} layers");
        kinds = [.. kinds.Select(kind => s_newNames.GetValueOrDefault(kind, kind))];
        var wrong = Array.FindIndex(kinds, kind => !known.Contains(kind));
        return wrong < 0 ? kinds : throw ConfigReader.Error(
            $"{key}[{wrong}] is {Printable.Quote(kinds[wrong])}, expected {string.Join(" or ", known)}");
    }

    /// <summary>A whole number, or what follows from the others if it is "auto".</summary>
    public static int WholeOrAuto(ConfigReader config, string key, int automatic, int most)
    {
        if (config.Find(key) is not { } value || (value.ValueKind == JsonValueKind.String && value.GetString() == "auto"))
            return automatic;
        return value.ValueKind == JsonValueKind.Number ? config.Whole(key, 1, most)
            : throw config.Unexpected(key, $"a whole number from 1 to {most}, or auto", value);
    }

    /// <summary>"time_step_limit": the least and the most, which may be infinite.</summary>
    private static (double Least, double Most) ReadLimits(ConfigReader config)
    {
        const string Key = "time_step_limit";
        if (config.Find(Key) is not { } value)
            return (0, double.PositiveInfinity);
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2
            && Number(value[0]) is { } least && Number(value[1]) is { } most && least <= most)
            return (least, most);
        throw config.Unexpected(Key, "a list of two numbers, the lower one first", value);

        static double? Number(JsonElement item) => item.ValueKind switch
        {
            JsonValueKind.Number => item.GetDouble(),
            JsonValueKind.Object when item.TryGetProperty("__float__", out var word) => word.ValueKind == JsonValueKind.String
                ? word.GetString() switch
                {
                    "Infinity" => double.PositiveInfinity,
                    "-Infinity" => double.NegativeInfinity,
                    _ => null,
                } : null,
            _ => null,
        };
    }
}
