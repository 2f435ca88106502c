namespace Emergence.Models;

/// <summary>One value of "rope_type": how fast the pairs of a rotation turn.</summary>
internal abstract record RotaryScaling
{
    /// <summary>The factor of cosines and sines in a sequence of that length.</summary>
    public virtual double Factor(int length) => 1;

    /// <summary>The factor of the scores that a model takes from its scaling (DeepSeek); else 1.</summary>
    public virtual double ScoreFactor => 1;

    /// <summary>theta^(-2i / columns).</summary>
    public static double Plain(int pair, int columns, double theta) => Math.Pow(theta, -2.0 * pair / columns);

    /// <summary>Angle per position of a pair in a sequence of that length.</summary>
    public abstract double Frequency(int pair, int columns, double theta, int length);

    /// <summary>The shortest length with the same frequencies as this one, or 0 for those of any short sequence.</summary>
    public virtual int LikeLength(int length) => 0;

    /// <summary>Longest sequence that the scaling is made for, if the model alone would take so many positions.</summary>
    public virtual double Reach(double positions) => positions;
}

/// <summary>All pairs turn slower.</summary>
internal sealed record LinearScaling(double Slowness) : RotaryScaling
{
    public override double Frequency(int pair, int columns, double theta, int length) => Plain(pair, columns, theta) / Slowness;

    public override double Reach(double positions) => Slowness * positions;
}

/// <summary>A base that grows with the sequence, once that is longer than the model was trained for.</summary>
internal sealed record DynamicScaling(double Growth, int Positions) : RotaryScaling
{
    public override double Frequency(int pair, int columns, double theta, int length)
    {
        var stretch = Growth * Math.Max(length, Positions) / Positions - (Growth - 1);
        return Plain(pair, columns, theta * Math.Pow(stretch, columns / (columns - 2.0)));
    }

    public override int LikeLength(int length) => length > Positions ? length : 0;

    public override double Reach(double positions) => double.PositiveInfinity;
}

/// <summary>A base that is larger by a setting, whatever the length (Hunyuan's "alpha").</summary>
internal sealed record BaseScaling(double Alpha) : RotaryScaling
{
    public override double Frequency(int pair, int columns, double theta, int length) =>
        Plain(pair, columns, theta * Math.Pow(Alpha, columns / (columns - 2.0)));
}

/// <summary>YaRN: pairs that turn seldom within the original length turn slower, those that turn often do not, with a ramp
/// between.</summary>
internal sealed record YarnScaling(double Slowness, double Original, double Fast, double Slow, bool Truncates, double AttentionFactor,
    double ScoreWeight) : RotaryScaling
{
    public override double Factor(int length) => AttentionFactor;

    public override double ScoreFactor => ScoreWeight > 0 ? Math.Pow(Mscale(Slowness, ScoreWeight), 2) : 1;

    public override double Frequency(int pair, int columns, double theta, int length)
    {
        var (low, high) = (PairOf(Fast, columns, theta), PairOf(Slow, columns, theta));
        if (Truncates)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, columns - 1));
        var ramp = Math.Clamp((pair - low) / (low == high ? 0.001 : high - low), 0, 1);
        var plain = Plain(pair, columns, theta);
        return plain / Slowness * ramp + plain * (1 - ramp);
    }

    public override double Reach(double positions) => Math.Max(positions, Slowness * Original);

    /// <summary>Growth of attention's entropy with the length, as the paper has it.</summary>
    public static double Mscale(double slowness, double weight = 1) => slowness <= 1 ? 1 : 0.1 * weight * Math.Log(slowness) + 1;

    /// <summary>The pair that turns so often within the original length.</summary>
    private double PairOf(double turns, int columns, double theta) =>
        columns * Math.Log(Original / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
}

/// <summary>A slowness of its own for each pair, from one of two lists, by the length of the sequence.</summary>
internal sealed record LongScaling(double[] Short, double[] Long, int Original, double AttentionFactor) : RotaryScaling
{
    /// <summary>The attention factor of sequences beyond the original length (Phi-MoE); null: the one of all.</summary>
    public double? LongAttentionFactor { get; init; }

    public override double Factor(int length) => length > Original ? LongAttentionFactor ?? AttentionFactor : AttentionFactor;

    public override double Frequency(int pair, int columns, double theta, int length) =>
        Plain(pair, columns, theta) / (length > Original ? Long : Short)[pair];

    public override int LikeLength(int length) => length > Original ? Original + 1 : 0;
}

/// <summary>Wavelengths that do not fit into the original length are stretched (Llama 3.1).</summary>
internal sealed record Llama3Scaling(double Slowness, double LowFactor, double HighFactor, double Original) : RotaryScaling
{
    public override double Frequency(int pair, int columns, double theta, int length)
    {
        var frequency = Plain(pair, columns, theta);
        var turns = Original * frequency / (2 * Math.PI);
        if (turns < LowFactor)
            return frequency / Slowness;
        if (turns > HighFactor)
            return frequency;
        var share = (turns - LowFactor) / (HighFactor - LowFactor);
        return (1 - share) * frequency / Slowness + share * frequency;
    }

    public override double Reach(double positions) => Math.Max(positions, Slowness * Original);
}

/// <summary>Only the first pairs of a head turn, as fast as if all did (Gemma 4).</summary>
internal sealed record ProportionalScaling(int Pairs, double Slowness) : RotaryScaling
{
    public override double Frequency(int pair, int columns, double theta, int length) =>
        pair < Pairs ? Plain(pair, columns, theta) / Slowness : 0;
}
