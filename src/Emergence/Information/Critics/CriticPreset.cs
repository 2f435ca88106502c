using System.Globalization;

namespace Emergence.Information.Critics;

/// <summary>Learning rate of each step; the text is part of a result's identity.</summary>
public sealed record LearningRate(string Text, Func<int, double> At)
{
    /// <summary>
    /// The published schedule: 1e-4 s/5 for s &lt; 5, then 1e-8 + (1e-4 - 1e-8) (1 - (s-5)/9995)^3 over 10,000 steps.
    /// </summary>
    public static LearningRate Published { get; } = new("1e-4, published schedule", PublishedAt);

    public static LearningRate Constant(double rate) =>
        new(rate.ToString("0.###e0", CultureInfo.InvariantCulture) + " constant", _ => rate);

    /// <summary>Up to <paramref name="rate"/> in so many equal steps, then constant: Adam's first steps are as long as its rate
    /// whatever the gradient, and would throw away what a good start has.</summary>
    public static LearningRate Rising(double rate, int steps) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{rate:0.###e0} from step {steps} on, rising to there"), step =>
            rate * Math.Min(1, (step + 1.0) / steps));

    /// <summary>From <paramref name="rate"/> in a straight line to 0.</summary>
    public static LearningRate Falling(double rate, int steps) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{rate:0.###e0} falling to 0 at step {steps}"), step =>
            rate * Math.Max(0, 1 - (double)step / steps));

    private static double PublishedAt(int step)
    {
        const double First = 1e-4, Last = 1e-8;
        if (step < 5)
            return First * step / 5;
        var left = Math.Max(0, 1 - (step - 5) / 9995.0);
        return Last + (First - Last) * left * left * left;
    }
}

/// <summary>How large a training is. All of it decides about the result, so all of it is in <see cref="Identity"/>.</summary>
public sealed record CriticPreset
{
    /// <summary>Every training is judged each so many steps.</summary>
    public const int CheckEvery = 50;

    /// <summary>For a CPU.</summary>
    public static CriticPreset Small { get; } = new()
    {
        Name = "small",
        Sequences = 2_000,
        Widths = [64, 32, 16, 1],
        Pairs = 8_192,
        PairsAtScale = 8_192,
        Rate = LearningRate.Constant(1e-3),
        StepLimit = 2_000,
    };

    /// <summary>The published sizes.</summary>
    public static CriticPreset Paper { get; } = new()
    {
        Name = "paper",
        Sequences = 300_000,
        Widths = [768, 384, 192, 96, 48, 24, 12, 6, 3, 1],
        Pairs = 50_000,
        PairsAtScale = 300_000,
        Rate = LearningRate.Published,
        StepLimit = 10_000,
    };

    /// <summary>For a first look within a minute: few pairs and few, fast steps, so that high information is read too low.</summary>
    public static CriticPreset Demo { get; } = Small
        with { Name = "demo", Pairs = 2_048, PairsAtScale = 2_048, Rate = LearningRate.Falling(5e-3, 800), StepLimit = 800 };

    /// <summary>From the coordinates in which the two sides correspond: a critic that starts where others end.</summary>
    public static CriticPreset Canonical { get; } = new()
    {
        Name = "canonical",
        Sequences = 2_000,
        CanonicalColumns = 64,
        Widths = [128, 32, 16, 1],
        Pairs = 2_048,
        PairsPerClass = 1,
        NearPairs = 1_024,
        WideFactor = 3,
        FarRate = 3,
        BatchPairs = 2_048,
        PairsAtScale = 2_048,
        AtScale = 8_193,
        Rate = LearningRate.Rising(1e-3, 10),
        StepLimit = 2_000,
        LookEvery = 5,
        HeldOutPairs = 1 << 15,
    };

    public static IReadOnlyList<CriticPreset> All { get; } = [Canonical, Small, Paper, Demo];

    public required string Name { get; init; }

    /// <summary>Sequences drawn from a data set unless the user says otherwise.</summary>
    public required int Sequences { get; init; }

    /// <summary>Outputs of the critic's layers.</summary>
    public required IReadOnlyList<int> Widths { get; init; }

    /// <summary>R, leading canonical pairs that the critic reads; 0 if it reads standardised columns from a usual start.</summary>
    public int CanonicalColumns { get; init; }

    /// <summary>Steps from one judgement of a training to the next; <see cref="CheckEvery"/> is a multiple.</summary>
    public int LookEvery { get; init; } = CheckEvery;

    /// <summary>Pairs off the support that judge a frozen critic, if there are many more.</summary>
    public int HeldOutPairs { get; init; } = 1 << 20;

    /// <summary>P, pairs off the support a step, with fewer than <see cref="AtScale"/> classes.</summary>
    public required int Pairs { get; init; }

    /// <summary>P is this times the pairs that occur if that is more, with fewer than <see cref="AtScale"/> of them.</summary>
    public int PairsPerClass { get; init; }

    /// <summary>How many of P are drawn among pairs that lie near each other in canonical coordinates, if sides can be compared; half
    /// of them where P grows.</summary>
    public int NearPairs { get; init; }

    /// <summary>P is so many times as large if near pairs hold less than half of the partition off the support at the start, or the start
    /// less than half of what there is: then no pair is drawn for being near.</summary>
    public int WideFactor { get; init; } = 1;

    /// <summary>The rate is so many times as high if the start holds less than half of what there is.</summary>
    public int FarRate { get; init; } = 1;

    /// <summary>P with <see cref="AtScale"/> classes and more.</summary>
    public required int PairsAtScale { get; init; }

    /// <summary>Classes from which on there are many.</summary>
    public int AtScale { get; init; } = 100_000;

    /// <summary>Where <see cref="AtScale"/> pairs occur or more, a step takes so many of them; 0: it takes all.</summary>
    public int BatchPairs { get; init; }

    public required LearningRate Rate { get; init; }

    /// <summary>A multiple of <see cref="CheckEvery"/>.</summary>
    public required int StepLimit
    {
        get;
        init => field = value > 0 && value % CheckEvery == 0
            ? value
            : throw new EmergenceException($"expected a step limit that is a positive multiple of {CheckEvery}, found {value}",
                ExitCode.Usage);
    }

    /// <summary>
    /// Whether a training whose curve has levelled goes on to the step limit. Where one step says little, as at 1e-3 with many layers,
    /// two windows can have the same mean by chance.
    /// </summary>
    public bool GoesOnWhenLevel { get; init; }

    public string Identity =>
        string.Create(CultureInfo.InvariantCulture,
        $"{Name}: {Start}critic {string.Join('-', Widths)}, {Pairs} pairs off the support{PerClass}{Near} "
        + $"({Scale}), Adam "
        + $"{Rate.Text}{(CanonicalColumns > 0 ? " but for back-offs" : "")}, at most {StepLimit} "
        + $"steps{(GoesOnWhenLevel ? ", level or not" : "")}");

    /// <summary>By name; else canonical for s-mine, small for resolved, which is defined by it, and for others paper on a large
    /// device and small elsewhere.</summary>
    public static CriticPreset Find(string? name, Estimator estimator, bool isLarge)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        var isSupportMine = estimator.Name == SupportMine.EstimatorName;
        var isResolved = estimator.Name == Resolved.EstimatorName;
        var preset = Find(name ?? (isSupportMine ? Canonical : isLarge && !isResolved ? Paper : Small).Name);
        if (isResolved && preset != Small)
            throw new EmergenceException($"preset '{preset.Name}' is not for estimator '{estimator.Name}': expected {Small.Name}",
                ExitCode.Usage);
        if (preset.CanonicalColumns > 0 && estimator.Name == PublishedMine.EstimatorName)
            throw new EmergenceException(
                $"preset '{preset.Name}' is not for estimator '{estimator.Name}': expected "
                + $"{string.Join(", ", All.Where(row => row.CanonicalColumns == 0).Select(row => row.Name))}", ExitCode.Usage);
        return preset;
    }

    public static CriticPreset Find(string name) => All.FirstOrDefault(preset => preset.Name == name)
        ?? throw new EmergenceException($"unknown preset '{name}': choose {string.Join(", ", All.Select(preset => preset.Name))}",
            ExitCode.Usage);

    private string Near => NearPairs > 0
        ? $", {NearPairs} of them near, {WideFactor} times as many where those hold less than half; where the start does, "
            + $"none near and {FarRate} times the rate"
        : "";

    private string Start => CanonicalColumns > 0 ? $"a distance in {CanonicalColumns} canonical pairs and a linear term, " : "";

    private string PerClass => PairsPerClass > 0 ? ", as many as occur if those are more" : "";

    private string Scale => BatchPairs > 0
        ? $"from {AtScale} pairs that occur, batches of {BatchPairs}"
        : $"{PairsAtScale} from {AtScale} classes";

    internal int PairsFor(int classes) => classes < AtScale ? Math.Max(Pairs, PairsPerClass * classes) : PairsAtScale;

    /// <summary>P with so many classes at most, once it was widened.</summary>
    internal int MostPairsFor(int classes) =>
        classes < AtScale ? Math.Max(Pairs * WideFactor, PairsPerClass * classes) : PairsAtScale;

    /// <summary>How many of <see cref="PairsFor"/> are drawn among near ones: half at most.</summary>
    internal int NearOf(int classes) =>
        NearPairs == 0 ? 0 : Math.Min(Math.Max(NearPairs, PairsPerClass * classes / 2), PairsFor(classes) / 2);

    /// <summary>Whether a critic is trained on batches of so many pairs that occur.</summary>
    internal bool TakesBatches(int pairs) => BatchPairs > 0 && pairs >= AtScale;
}
