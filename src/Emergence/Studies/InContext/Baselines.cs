using Emergence.Capture;
using Emergence.Measurement.Grid;
using Emergence.Models;

namespace Emergence.Studies.InContext;

/// <summary>What classifiers make of the same demonstrations that have nothing but them.</summary>
internal static class Baselines
{
    /// <summary>Penalty of logistic regression on counts of words.</summary>
    public const double CountPenalty = 1;

    /// <summary>Penalty of least squares on embeddings, which are centred and of length 1 on average.</summary>
    public const double EmbeddingPenalty = 0.1;

    /// <summary>Classes by logistic regression on how often each word of the demonstrations occurs.</summary>
    public static int[] BagOfWords(InContextTask task, IReadOnlyList<TaskRow> examples, IReadOnlyList<TaskRow> queries)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in examples.SelectMany(task.TextWords))
            places.TryAdd(word, places.Count);
        return LinearClassifiers.Logistic(
            [.. examples.Select(Counts)], [.. examples.Select(row => row.Class)], [.. queries.Select(Counts)], task.Labels.Count,
                CountPenalty);

        double[] Counts(TaskRow row)
        {
            var counts = new double[places.Count];
            foreach (var word in task.TextWords(row))
            {
                if (places.TryGetValue(word, out var place))
                    counts[place]++;
            }

            return counts;
        }
    }

    /// <summary>Classes by least squares on the mean of the model's own token embeddings over the text.</summary>
    public static int[] Embeddings(InContextTask task, LanguageModel model, IReadOnlyList<TaskRow> examples, IReadOnlyList<TaskRow> queries,
        CancellationToken cancellation)
    {
        var means = Means(model, [.. examples.Concat(queries).Select(task.TextTokens)], cancellation);
        var (width, centre) = (means[0].Length, new double[means[0].Length]);
        foreach (var mean in means.Take(examples.Count))
        {
            for (var i = 0; i < width; i++)
                centre[i] += mean[i] / examples.Count;
        }

        foreach (var mean in means)
        {
            for (var i = 0; i < width; i++)
                mean[i] -= centre[i];
        }

        var length = Math.Sqrt(means.Take(examples.Count).Average(mean => mean.Sum(x => x * x)));
        var scaled = means.Select(mean => mean.Select(x => x / Math.Max(length, double.Epsilon)).ToArray()).ToArray();
        return LinearClassifiers.LeastSquares(
            scaled[..examples.Count], [.. examples.Select(row => row.Class)], scaled[examples.Count..], task.Labels.Count,
                EmbeddingPenalty);
    }

    /// <summary>(texts, d): mean of boundary 0 over the tokens of a text, each token alone.</summary>
    private static double[][] Means(LanguageModel model, int[][] texts, CancellationToken cancellation)
    {
        for (var n = 0; n < texts.Length; n++)
            model.RequireValid(texts[n], $"text {n}");
        var forest = PrefixForest.Micro(texts, config: model.Config);
        using var stream = new BoundaryStream(model, forest);
        var embeddings = PositionClasses.Gather(
            model.Device, stream.Run(cancellation).First().Rows, [.. Enumerable.Range(0, forest.Count)]);
        var means = new double[texts.Length][];
        for (var n = 0; n < texts.Length; n++)
        {
            means[n] = new double[model.Width];
            foreach (var row in forest.Rows(n))
            {
                for (var i = 0; i < model.Width; i++)
                    means[n][i] += embeddings[row * model.Width + i] / (double)texts[n].Length;
            }
        }

        return means;
    }
}
