using Emergence.Information.Statistics;

namespace Emergence.Studies.Composites;

/// <summary>One kind of features and one way to pool them, over all seeds.</summary>
/// <param name="Feature">Feature of <see cref="CompositeTrial"/>.</param>
/// <param name="Pooling">How cells become one row.</param>
/// <param name="Scores">One a seed.</param>
/// <param name="Singles">One a seed.</param>
internal sealed record CompositeRun(string Feature, Pooling Pooling, IReadOnlyList<CompositeScore> Scores,
    IReadOnlyList<SingleScore> Singles)
{
    public string Name => $"{Feature} {CompositeTrial.Word(Pooling)}";

    /// <summary>Share of successes over all test images of all seeds.</summary>
    public Proportion Share => new((long)Scores.Sum(score => score.Hits), (long)Scores.Sum(score => score.Trials));

    public double Loss => Mean(score => score.Loss);

    public double HeldOutLoss => Mean(score => score.HeldOutLoss);

    public double SingleAccuracy => Singles.Average(single => single.Accuracy);

    /// <summary>I(features of the whole; the set of digits) - mean over cells of I(features of one cell; its digit), one a seed.</summary>
    public double[] Emergence => [.. Scores.Zip(Singles, (score, single) => score.SetBits - single.Bits)];

    public double Mean(Func<CompositeScore, double> value) => Scores.Average(value);
}

/// <summary>One point of a curve.</summary>
/// <param name="Run">Whose.</param>
/// <param name="At">Training images, or cells.</param>
/// <param name="Score">Score of the first seed.</param>
internal sealed record CurvePoint(CompositeRun Run, int At, CompositeScore Score)
{
    public Proportion Share => new((long)Score.Hits, (long)Score.Trials);
}
