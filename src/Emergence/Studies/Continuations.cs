using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Models;

namespace Emergence.Studies;

/// <summary>The model's own continuation behind chosen positions of all sequences; shared prefixes run once.</summary>
internal static class Continuations
{
    /// <summary>Told the scores behind a position, (V), and which sequences have this prefix.</summary>
    public delegate void Reader(int position, IReadOnlyList<int> sequences, ReadOnlySpan<float> logits);

    /// <param name="model">The model.</param>
    /// <param name="data">Its sequences.</param>
    /// <param name="positions">Behind which token, from 0.</param>
    /// <param name="read">Called for each distinct prefix.</param>
    /// <param name="cancellation">Ends the work soon.</param>
    public static void Read(LanguageModel model, Dataset data, IReadOnlyList<int> positions, Reader read, CancellationToken cancellation)
    {
        var first = data.BeginningOfSequence == null ? 0 : 1;
        var forest = PrefixForest.Macro([.. Enumerable.Range(0, data.Count)
            .Select(n => data.BeginningOfSequence is { } start ? [start, .. data[n]] : data[n].ToArray())], model.Config);
        using var stream = new BoundaryStream(model, forest);
        foreach (var boundary in stream.Run(cancellation))
        {
            if (boundary.Index < model.Layers)
                continue;
            foreach (var position in positions)
            {
                var prefixes = Enumerable.Range(0, data.Count).GroupBy(n => forest.Rows(n)[position + first]).OrderBy(group => group.Key)
                    .ToList();
                new OutputHead(model).Read(boundary.Rows, [.. prefixes.Select(group => group.Key)], (i, logits) =>
                    read(position, [.. prefixes[i]], logits), cancellation);
            }
        }
    }

    /// <summary>The most likely token; of equal scores the lowest id.</summary>
    public static int Best(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
            best = logits[i] > logits[best] ? i : best;
        return best;
    }

    /// <summary>The most likely of some tokens.</summary>
    public static int Best(ReadOnlySpan<float> logits, IReadOnlyList<int> among)
    {
        var best = among[0];
        foreach (var token in among)
            best = logits[token] > logits[best] ? token : best;
        return best;
    }
}
