using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;
using Emergence.Information.Exact;

namespace Emergence.Information.Critics;

/// <summary>What a frozen critic reads on pairs that training did not choose.</summary>
internal static class HeldOut
{
    /// <summary>Up to this many pairs of classes are all looked at.</summary>
    private const long GridLimit = 1L << 22;

    /// <summary>Above, this many are drawn.</summary>
    private const int Fresh = 1 << 20;

    /// <summary>Pairs whose sums are joined at a time, and scored at once where there is memory for it.</summary>
    private const int ScoredAtOnce = 1 << 17;

    /// <summary>The support, and either all pairs off it or fresh ones of their own random stream.</summary>
    public static IEnumerable<ClassPair> Pairs(JointClasses joint, ulong seed, uint cell)
    {
        if (joint.GridSize <= GridLimit)
            return joint.AllPairs();
        var source = SupportMine.OffSupport(joint, Fresh, RandomStream.HeldOut);
        var (a, b) = (new int[Fresh], new int[Fresh]);
        source.Draw(seed, cell, 0, a, b);
        var weight = (1 - joint.SupportProduct) / Fresh;
        return joint.Support.Concat(Enumerable.Range(0, Fresh).Select(pair => new ClassPair(a[pair], b[pair], 0, weight)));
    }

    /// <summary>The Donsker-Varadhan value of the training's critic over weighted pairs.</summary>
    public static double Bits(Device device, CriticTraining training, IEnumerable<ClassPair> pairs)
    {
        var (joint, largest, partition) = (0.0, double.NegativeInfinity, 0.0);
        CriticWorkspace? workspace = null;
        try
        {
            foreach (var part in pairs.Chunk(ScoredAtOnce))
            {
                workspace ??= Tiles.Fit(part.Length, rows => device.CreateCriticWorkspace(training.Shape, training.X.Rows, training.Y.Rows, rows)).Made;
                var scores = Scores(device, training, workspace, part);
                var most = scores.Max();
                if (most > largest)
                    (partition, largest) = (partition * Math.Exp(largest - most), most);
                for (var i = 0; i < part.Length; i++)
                {
                    joint += part[i].Joint * scores[i];
                    partition += part[i].Product * Math.Exp(scores[i] - largest);
                }
            }
        }
        finally
        {
            workspace?.Dispose();
        }

        return (joint - largest - Math.Log(partition)) / Math.Log(2);
    }

    /// <summary>As many pairs at a time as the workspace holds: the score of a pair does not depend on those beside it.</summary>
    private static double[] Scores(Device device, CriticTraining training, CriticWorkspace workspace, ClassPair[] pairs)
    {
        var scores = new double[pairs.Length];
        for (var start = 0; start < pairs.Length; start += workspace.Pairs)
        {
            var tile = pairs.AsSpan(start, Math.Min(workspace.Pairs, pairs.Length - start));
            var (rowsA, rowsB) = (new int[tile.Length], new int[tile.Length]);
            for (var i = 0; i < tile.Length; i++)
                (rowsA[i], rowsB[i]) = (tile[i].A, tile[i].B);
            using var a = device.AllocateIndices(rowsA);
            using var b = device.AllocateIndices(rowsB);
            device.CriticForward(workspace, training.Parameters, training.X, training.Y, a, b);
            device.Download(workspace.Scores.RowRange(0, tile.Length), scores.AsSpan(start, tile.Length));
        }

        return scores;
    }
}
