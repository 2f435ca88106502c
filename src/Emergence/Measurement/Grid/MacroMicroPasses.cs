using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Models;

namespace Emergence.Measurement.Grid;

/// <summary>The two passes of a data set through a model, and which rows of them belong to each position.</summary>
internal sealed class MacroMicroPasses
{
    public MacroMicroPasses(Dataset data, ModelConfig config, MicroPosition microPosition)
    {
        var sequences = new int[data.Count][];
        for (var n = 0; n < sequences.Length; n++)
            sequences[n] = data.BeginningOfSequence is { } bos ? [bos, .. data[n]] : data[n].ToArray();

        // What stands before every sequence is part of every pass, but not a position.
        var first = data.BeginningOfSequence == null ? 0 : 1;
        MacroForest = PrefixForest.Macro(sequences, config);
        Macro = [.. Enumerable.Range(first, data.Length)
            .Select(t => new PositionClasses([.. Enumerable.Range(0, data.Count).Select(n => MacroForest.Rows(n)[t])]))];
        if (data.BeginningOfSequence is { } start)
            (MicroForest, Micro) = AfterStart(sequences, config, start, data.Length);
        else
        {
            MicroForest = PrefixForest.Micro(sequences, microPosition, config);
            Micro = [.. Enumerable.Range(0, data.Length)
                .Select(t => new PositionClasses([.. Enumerable.Range(0, data.Count).Select(n => MicroForest.Rows(n)[t])]))];
        }

        SameMicro = [.. Micro.Select(units => Array.FindIndex(Micro, units.IsSameAs))];
    }

    public PrefixForest MacroForest { get; }

    public PrefixForest MicroForest { get; }

    /// <summary>(T): units of each position of the macro pass.</summary>
    public PositionClasses[] Macro { get; }

    /// <summary>(T): units of each position of the micro pass.</summary>
    public PositionClasses[] Micro { get; }

    /// <summary>(T): the first position whose micro cells are the same problem.</summary>
    public int[] SameMicro { get; }

    /// <summary>"Alone" is then a sequence of two: what every sequence starts with, and the token.</summary>
    private static (PrefixForest Forest, PositionClasses[] Classes) AfterStart(int[][] sequences, ModelConfig config, int start, int length)
    {
        int[] tokens = [.. sequences.SelectMany(sequence => sequence.Skip(1)).Distinct().Order()];
        var forest = PrefixForest.Macro([.. tokens.Select(token => new[] { start, token })], config);
        var rows = tokens.Index().ToDictionary(entry => entry.Item, entry => forest.Rows(entry.Index)[1]);
        return (forest, [.. Enumerable.Range(1, length)
            .Select(t => new PositionClasses([.. sequences.Select(sequence => rows[sequence[t]])]))]);
    }
}
