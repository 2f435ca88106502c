using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Information.Canonical;
using Emergence.Information.Exact;

namespace Emergence.Information.Critics;

/// <summary>What a frozen critic reads on pairs that training did not choose.</summary>
internal static class HeldOut
{
    /// <summary>Pairs whose sums are joined at a time, and scored at once if there is memory for it.</summary>
    private const int ScoredAtOnce = 1 << 17;

    /// <summary>The support, and either all pairs off it or fresh ones of their own random stream.</summary>
    /// <param name="joint">The data.</param>
    /// <param name="seed">Key of the random numbers.</param>
    /// <param name="cell">Separates those of cells with the same seed.</param>
    /// <param name="fresh">So many fresh ones, if there are more than four times as many pairs of classes.</param>
    /// <param name="stream">Names the random numbers.</param>
    /// <param name="near">Pairs that half of the fresh ones are drawn from, if any.</param>
    /// <param name="draw">Separates draws of the same stream.</param>
    public static IEnumerable<ClassPair> Pairs(WeightedPairs joint, ulong seed, uint cell, int fresh = 1 << 20,
        RandomStream stream = RandomStream.HeldOut, NearPairs? near = null, int draw = 0)
    {
        if (joint.GridSize <= 4L * fresh)
            return joint.AllPairs();
        var nearCount = near == null ? 0 : fresh / 2;
        var (source, weights) = SupportMine.OffSupport(joint, fresh - nearCount, stream, near, nearCount);
        var (a, b) = (new int[fresh], new int[fresh]);
        source.Draw(seed, cell, draw, a, b);
        return joint.Support.Concat(Enumerable.Range(0, fresh).Select(pair => new ClassPair(a[pair], b[pair], 0, weights[pair])));
    }

    /// <summary>The Donsker-Varadhan value of the training's critic over weighted pairs.</summary>
    public static double Bits(Device device, CriticTraining training, IEnumerable<ClassPair> pairs) =>
        Bits(Scores(device, training, pairs));

    /// <summary>The Donsker-Varadhan value of weighted pairs with their scores.</summary>
    public static double Bits(IEnumerable<(ClassPair[] Pairs, double[] Scores)> parts)
    {
        var (joint, largest, partition) = (0.0, double.NegativeInfinity, 0.0);
        foreach (var (part, scores) in parts)
        {
            var most = scores.Max();
            if (most > largest)
                (partition, largest) = (partition * Math.Exp(largest - most), most);
            for (var i = 0; i < part.Length; i++)
            {
                joint += part[i].Joint * scores[i];
                partition += part[i].Product * Math.Exp(scores[i] - largest);
            }
        }

        return (joint - largest - Math.Log(partition)) / Math.Log(2);
    }

    /// <summary>Pairs with the score of each, part by part.</summary>
    public static IEnumerable<(ClassPair[] Pairs, double[] Scores)> Scores(
        Device device, CriticTraining training, IEnumerable<ClassPair> pairs)
    {
        Critic? critic = null;
        try
        {
            foreach (var part in pairs.Chunk(ScoredAtOnce))
            {
                critic ??= Tiles.Fit(part.Length, rows => device.CreateCritic(training.Shape, training.X.Rows, training.Y.Rows, rows)).Made;
                yield return (part, Scores(device, training, critic, part));
            }
        }
        finally
        {
            critic?.Dispose();
        }
    }

    /// <summary>As many pairs at a time as the critic holds: the score of a pair does not depend on those beside it.</summary>
    private static double[] Scores(Device device, CriticTraining training, Critic critic, ClassPair[] pairs)
    {
        var scores = new double[pairs.Length];
        for (var start = 0; start < pairs.Length; start += critic.Pairs)
        {
            var tile = pairs.AsSpan(start, Math.Min(critic.Pairs, pairs.Length - start));
            var (rowsA, rowsB) = (new int[tile.Length], new int[tile.Length]);
            for (var i = 0; i < tile.Length; i++)
                (rowsA[i], rowsB[i]) = (tile[i].A, tile[i].B);
            using var a = device.AllocateIndices(rowsA);
            using var b = device.AllocateIndices(rowsB);
            training.Score(device, critic, a, b);
            device.Download(critic.Scores.RowRange(0, tile.Length), scores.AsSpan(start, tile.Length));
        }

        return scores;
    }
}
