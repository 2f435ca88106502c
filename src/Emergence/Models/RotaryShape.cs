using Emergence.Devices;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>Rotary position embedding.</summary>
/// <param name="Columns">2r, the columns of a head that turn.</param>
/// <param name="Base">theta: pair i turns by position * theta^(-2i / 2r).</param>
/// <param name="Pairs">Which columns turn together.</param>
/// <param name="Scaling">Slower turning of the low frequencies, or none.</param>
internal sealed record RotaryShape(int Columns, double Base, RotaryPairs Pairs = RotaryPairs.Halves, Llama3Scaling? Scaling = null)
{
    /// <summary>
    /// Angle per position of each pair, (r). Rounded to single precision as the programs do that trained the published
    /// checkpoints, which at position 1,000 is a difference of 1e-4 in the angle.
    /// </summary>
    public float[] Frequencies()
    {
        var frequencies = new float[Columns / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            var frequency = Math.Pow(Base, -2.0 * i / Columns);
            frequencies[i] = (float)(Scaling?.Apply(frequency) ?? frequency);
        }

        return frequencies;
    }

    /// <summary>Cosines and sines of positions 0 .. positions - 1, each (positions, r) row-major.</summary>
    public (double[] Cosines, double[] Sines) Table(int positions)
    {
        var frequencies = Frequencies();
        var cosines = new double[(long)positions * frequencies.Length];
        var sines = new double[cosines.Length];
        for (var i = 0; i < cosines.Length; i++)
        {
            var angle = i / frequencies.Length * frequencies[i % frequencies.Length];
            (sines[i], cosines[i]) = Math.SinCos(angle);
        }

        return (cosines, sines);
    }

    /// <summary>
    /// Reads the rotation of one kind of layer: "rope_parameters" (for models with several kinds of layers one object a
    /// kind), or the older "rope_scaling" beside keys of the config itself.
    /// </summary>
    public static RotaryShape Read(ConfigReader config, int headSize, RotaryKeys? keys = null, string? kind = null)
    {
        keys ??= new();
        var parameters = config.Part("rope_parameters");
        if (kind != null && parameters?.Part(kind) is { } ofKind)
            parameters = ofKind;
        var theta = config.Positive(keys.Base, keys.DefaultBase);
        var fraction = keys.Fraction == null ? 1 : config.Positive(keys.Fraction, keys.DefaultFraction, 1);
        theta = parameters?.Positive("rope_theta", theta) ?? theta;
        fraction = parameters?.Positive("partial_rotary_factor", fraction, 1) ?? fraction;
        var columns = (int)(headSize * fraction);
        if (columns < 2 || columns % 2 != 0)
            throw ConfigReader.Error($"rotary embedding of {columns} of {headSize} columns a head, expected an even number of 2 or more");
        var scaling = Llama3Scaling.Read(parameters) ?? Llama3Scaling.Read(config.Part("rope_scaling"));
        return new(columns, theta, RotaryPairs.Halves, scaling);
    }
}

/// <summary>How older files of an architecture spell the settings of the rotation, and what holds where they are absent.</summary>
internal sealed record RotaryKeys(string Base = "rope_theta", double DefaultBase = 10000, string? Fraction = null, double DefaultFraction = 1);

/// <summary>The rotary scaling of Llama 3.1: wavelengths that do not fit into the original context are stretched.</summary>
internal sealed record Llama3Scaling(double Factor, double LowFactor, double HighFactor, double OriginalPositions)
{
    public double Apply(double frequency)
    {
        var turns = OriginalPositions * frequency / (2 * Math.PI);
        if (turns < LowFactor)
            return frequency / Factor;
        if (turns > HighFactor)
            return frequency;
        var share = (turns - LowFactor) / (HighFactor - LowFactor);
        return (1 - share) * frequency / Factor + share * frequency;
    }

    /// <summary>Null for the plain rotation; any other kind than llama3 is refused.</summary>
    public static Llama3Scaling? Read(ConfigReader? rope)
    {
        if (rope == null)
            return null;
        var older = rope.Text("type");
        var type = rope.Text("rope_type") ?? older ?? "default";
        if (type == "default")
            return null;
        if (type != "llama3")
            throw ConfigReader.Error($"rope_type {Printable.Quote(type)} is not supported (default and llama3 are)");
        var scaling = new Llama3Scaling(
            rope.Positive("factor"),
            rope.Positive("low_freq_factor"),
            rope.Positive("high_freq_factor"),
            rope.Positive("original_max_position_embeddings"));
        return scaling.HighFactor > scaling.LowFactor
            ? scaling
            : throw ConfigReader.Error($"high_freq_factor must be above low_freq_factor, found {scaling.HighFactor} and {scaling.LowFactor}");
    }
}
