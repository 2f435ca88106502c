namespace Emergence.Studies.InContext;

/// <summary>How well predicted classes fit true ones.</summary>
internal static class ClassScores
{
    /// <summary>
    /// Mean over the classes of 2 TP / (2 TP + FP + FN); a class that is neither true nor predicted anywhere counts 0.
    /// </summary>
    public static double MacroF1(IReadOnlyList<int> truth, IReadOnlyList<int> predicted, int classes)
    {
        var sum = 0.0;
        for (var c = 0; c < classes; c++)
        {
            var (hits, named) = (0, 0);
            for (var i = 0; i < truth.Count; i++)
            {
                hits += truth[i] == c && predicted[i] == c ? 1 : 0;
                named += (truth[i] == c ? 1 : 0) + (predicted[i] == c ? 1 : 0);
            }

            sum += named > 0 ? 2.0 * hits / named : 0;
        }

        return sum / classes;
    }

    public static double Accuracy(IReadOnlyList<int> truth, IReadOnlyList<int> predicted) =>
        truth.Zip(predicted, (a, b) => a == b ? 1.0 : 0).Average();
}
