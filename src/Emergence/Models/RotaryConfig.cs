using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>How an architecture's config.json speaks of its rotation, and what holds if it says nothing.</summary>
internal sealed record RotaryConfig
{
    /// <summary>Key of the base beside "rope_scaling".</summary>
    public string Base { get; init; } = "rope_theta";

    public double DefaultBase { get; init; } = 10000;

    /// <summary>Key of the part of a head that turns.</summary>
    public string Fraction { get; init; } = "partial_rotary_factor";

    public double DefaultFraction { get; init; } = 1;

    public RotaryPairs Pairs { get; init; }

    /// <summary>The kind of layer whose own object in "rope_parameters" counts, if there is one.</summary>
    public string? Kind { get; init; }

    /// <summary>Only the object of its own kind is about this kind of layer, not what is said of the model.</summary>
    public bool OnlyOwn { get; init; }

    /// <summary>The base of the model is that of this kind of layer all the same.</summary>
    public bool OwnBase { get; init; }

    /// <summary>"alpha" of the kind dynamic raises the base (Hunyuan).</summary>
    public bool ReadsAlpha { get; init; }

    /// <summary>"short_mscale" and "long_mscale" of the kind longrope are the factors of cosines and sines (Phi-MoE).</summary>
    public bool ReadsFactors { get; init; }

    /// <summary>"original_max_position_embeddings" if neither object has it; 0: the model's length.</summary>
    public int DefaultOriginal { get; init; }

    /// <summary>
    /// Reads the rotation of one kind of layer: "rope_parameters" (flat, or an object for each kind of layer), or the older
    /// "rope_scaling" beside keys of the config itself, with "type" or "rope_type".
    /// </summary>
    /// <param name="config">The model's config.</param>
    /// <param name="headSize">Columns of a head.</param>
    /// <param name="positions">Longest sequence by the config.</param>
    public RotaryShape Read(ConfigReader config, int headSize, int positions)
    {
        var newer = config.Part("rope_parameters");
        var own = Kind == null ? null : newer?.Part(Kind);
        var scaled = OnlyOwn ? own : config.Part("rope_scaling") ?? own ?? newer;
        var ofModel = OnlyOwn && !OwnBase ? null : newer?.PositiveOrNull("rope_theta");
        var theta = scaled?.PositiveOrNull("rope_theta") ?? ReadBase(config) ?? ofModel ?? DefaultBase;
        var fraction = scaled?.PositiveOrNull("partial_rotary_factor", 1) ?? ReadFraction(config);
        var columns = (int)(headSize * fraction);
        var type = Type(scaled);
        if (type == "proportional")
        {
            var slowness = scaled!.AtLeastOne("factor", 1);
            return new(headSize, theta, Pairs, new ProportionalScaling((int)(fraction * headSize / 2), slowness));
        }

        if (columns < 2 || columns % 2 != 0)
            throw ConfigReader.Error($"rotary embedding of {columns} of {headSize} columns a head, expected an even number of 2 or more");
        return new(columns, theta, Pairs, ReadScaling(type, scaled, config, columns, positions));
    }

    private double? ReadBase(ConfigReader config)
    {
        var newer = OnlyOwn && !OwnBase ? null : config.PositiveOrNull("rope_theta");
        return config.PositiveOrNull(Base) ?? newer;
    }

    /// <summary>Files that were saved again have the older and the newer key: they must agree.</summary>
    private double ReadFraction(ConfigReader config)
    {
        var (own, newer) = (config.PositiveOrNull(Fraction, 1), config.PositiveOrNull("partial_rotary_factor", 1));
        if (own != null && newer != null && own != newer)
            throw ConfigReader.Error($"{Fraction} is {own}, expected {newer} as partial_rotary_factor says");
        return own ?? newer ?? DefaultFraction;
    }

    private static string Type(ConfigReader? scaled)
    {
        var older = scaled?.Text("type");
        return (scaled?.Text("rope_type") ?? older ?? "default") switch { "mrope" => "default", "su" => "longrope", var type => type };
    }

    private RotaryScaling? ReadScaling(string type, ConfigReader? scaled, ConfigReader config, int columns, int positions)
    {
        if (type == "default" || scaled == null)
        {
            // What the three axes of an image share; those of a text are one.
            _ = (scaled?.Find("mrope_section"), scaled?.Find("mrope_interleaved"));
            return null;
        }

        return type switch
        {
            "linear" => new LinearScaling(scaled.AtLeastOne("factor")),
            "dynamic" when ReadsAlpha && scaled.PositiveOrNull("alpha") is { } alpha => new BaseScaling(IgnoreFactor(alpha)),
            "dynamic" => new DynamicScaling(scaled.AtLeastOne("factor"), positions),
            "yarn" => Yarn(scaled, Original(), positions),
            "longrope" => Long(scaled, columns, Original(), positions),
            "llama3" => Llama3(scaled, Original()),
            _ =>
                throw ConfigReader.Error(
                $"rope_type {Printable.Quote(type)} is not supported (default, linear, dynamic, yarn, longrope, llama3, proportional and "
                + $"mrope are)"),
        };

        // The config's own key counts before the one of the object, as the program reads it that trained such models.
        int Original()
        {
            var own = scaled.WholeOrNull("original_max_position_embeddings", 1, int.MaxValue);
            return config.WholeOrNull("original_max_position_embeddings", 1, int.MaxValue) ?? own
                ?? (DefaultOriginal > 0 ? DefaultOriginal : positions);
        }

        double IgnoreFactor(double value)
        {
            foreach (var key in (string[])["factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim"])
                _ = scaled.Find(key);
            return value;
        }
    }

    private static YarnScaling Yarn(ConfigReader scaled, int original, int positions)
    {
        var slowness = scaled.AtLeastOne("factor", Math.Max(1, (double)positions / original));
        var (weight, allWeight) = (scaled.NumberOrNull("mscale"), scaled.NumberOrNull("mscale_all_dim"));
        var attention = scaled.PositiveOrNull("attention_factor")
            ?? (weight is > 0 && allWeight is > 0 ? YarnScaling.Mscale(slowness, weight.Value) / YarnScaling.Mscale(
                slowness, allWeight.Value) : YarnScaling.Mscale(slowness));
        var (fast, slow) = (scaled.PositiveOrNull("beta_fast") ?? 32, scaled.PositiveOrNull("beta_slow") ?? 1);
        if (fast <= slow)
            throw ConfigReader.Error($"beta_fast must be above beta_slow, found {fast} and {slow}");
        return new(slowness, original, fast, slow, scaled.Flag("truncate", true), attention, allWeight ?? 0);
    }

    private LongScaling Long(ConfigReader scaled, int columns, int original, int positions)
    {
        var slowness = scaled.PositiveOrNull("factor") ?? (double)positions / original;
        var attention = scaled.PositiveOrNull("attention_factor")
            ?? (slowness <= 1 ? 1 : Math.Sqrt(1 + Math.Log(slowness) / Math.Log(original)));
        var scaling = new LongScaling(
            scaled.Positives("short_factor", columns / 2), scaled.Positives("long_factor", columns / 2), original, attention);
        return !ReadsFactors ? scaling : scaling with
        {
            AttentionFactor = scaled.PositiveOrNull("short_mscale") ?? attention,
            LongAttentionFactor = scaled.PositiveOrNull("long_mscale") ?? attention,
        };
    }

    private static Llama3Scaling Llama3(ConfigReader scaled, int original)
    {
        var scaling = new Llama3Scaling(scaled.AtLeastOne("factor"), scaled.Positive("low_freq_factor"),
            scaled.Positive("high_freq_factor"), original);
        return scaling.HighFactor > scaling.LowFactor
            ? scaling
            : throw ConfigReader.Error(
                $"high_freq_factor must be above low_freq_factor, found {scaling.HighFactor} and {scaling.LowFactor}");
    }
}
