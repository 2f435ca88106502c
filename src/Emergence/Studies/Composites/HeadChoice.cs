using Emergence.Devices;

namespace Emergence.Studies.Composites;

/// <summary>Examples of a head: rows of features with the digit that is told.</summary>
internal sealed record HeadExamples(double[][] Features, int[] Labels)
{
    public static HeadExamples Join(HeadExamples first, HeadExamples second) =>
        new([.. first.Features, .. second.Features], [.. first.Labels, .. second.Labels]);
}

/// <summary>A head whose penalty a part of the training examples chose that it had not seen; test examples have no say.</summary>
/// <param name="Head">Head of all training examples.</param>
/// <param name="Candidate">Head of all training examples but the part.</param>
/// <param name="L2">The penalty.</param>
/// <param name="HeldOutLoss">Mean -ln p of the part under <paramref name="Candidate"/>.</param>
internal sealed record HeadChoice(SoftmaxRegression Head, SoftmaxRegression Candidate, double L2, double HeldOutLoss)
{
    /// <summary>Tried, the strongest first: of equal losses it is the one.</summary>
    private static readonly double[] s_penalties = [1e-1, 1e-2, 1e-3];

    public static HeadChoice Make(Device device, HeadExamples training, HeadExamples heldOut, CancellationToken cancellation)
    {
        var (heads, losses) = (new SoftmaxRegression[s_penalties.Length], new double[s_penalties.Length]);
        device.ShareOnHost(s_penalties.Length, i =>
        {
            heads[i] = Fit(training, s_penalties[i]);
            losses[i] = Loss(heads[i].LogProbabilities(heldOut.Features), heldOut.Labels);
        });
        var best = Array.IndexOf(losses, losses.Min());
        return new(Fit(HeadExamples.Join(training, heldOut), s_penalties[best]), heads[best], s_penalties[best], losses[best]);

        SoftmaxRegression Fit(HeadExamples examples, double l2) =>
            SoftmaxRegression.Fit(examples.Features, examples.Labels, DigitImages.Classes, l2, cancellation);
    }

    /// <summary>Mean -ln p of the labels.</summary>
    public static double Loss(double[][] logProbabilities, int[] labels) =>
        -labels.Select((label, i) => logProbabilities[i][label]).Average();

    /// <summary>Digits by their scores, the highest first; of equal ones the smaller digit.</summary>
    public static int[] Ranking(double[] scores) =>
        [.. Enumerable.Range(0, scores.Length).OrderByDescending(digit => scores[digit]).ThenBy(digit => digit)];
}
