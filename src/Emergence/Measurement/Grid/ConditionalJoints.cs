using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Devices.Tensors;
using Emergence.Information.Exact;
using Emergence.Models;

namespace Emergence.Measurement.Grid;

/// <summary>Both sides of the chain rule I(y; x | z) = I(y; x,z) - I(y; z) at one place.</summary>
/// <param name="Boundary">l: x is boundary l and y boundary l+1 of the whole prefix, z boundary l of its last token alone.</param>
/// <param name="Position">t.</param>
/// <param name="Whole">Of (x, z) and y.</param>
/// <param name="Alone">Of z and y.</param>
internal sealed record ConditionalJoint(int Boundary, int Position, JointClasses Whole, JointClasses Alone);

/// <summary>Joint classes for the information of the macro representation given the micro one.</summary>
internal static class ConditionalJoints
{
    public static IEnumerable<ConditionalJoint> Of(
        LanguageModel model, Dataset data, IReadOnlyCollection<int> boundaries, IReadOnlyList<int> positions,
        CancellationToken cancellation)
    {
        var passes = new MacroMicroPasses(data, model.Config, MicroPosition.Zero);
        int[][] macroRows = [.. positions.Select(t => passes.Macro[t].Rows.ToArray())];
        int[][] microRows = [.. positions.Select(t => MicroRows(passes, t))];
        double[][] counts = [.. positions.Select(t => passes.Macro[t].Counts.ToArray())];
        foreach (var (l, before, here) in new BoundaryPairs(model, passes, boundaries).OfBoth(Read, cancellation))
        {
            for (var i = 0; i < positions.Count; i++)
            {
                var y = new RowClasses(here[i].Macro, model.Width, counts[i]);
                var z = new RowClasses(before[i].Micro, model.Width, counts[i]);
                var both = new RowClasses(Beside(before[i].Macro, before[i].Micro, model.Width), 2 * model.Width, counts[i]);
                yield return new(l, positions[i], new JointClasses(both, y, data.IsEnumeration),
                    new JointClasses(z, y, data.IsEnumeration));
            }
        }

        (float[] Macro, float[] Micro)[] Read(Tensor macro, Tensor micro) =>
        [
            .. positions.Select((_, i) => (PositionClasses.Gather(model.Device, macro, macroRows[i]),
                PositionClasses.Gather(model.Device, micro, microRows[i]))),
        ];
    }

    /// <summary>For each distinct prefix of t + 1 tokens, the micro row of its last token.</summary>
    private static int[] MicroRows(MacroMicroPasses passes, int t)
    {
        var rows = new int[passes.Macro[t].Count];
        for (var n = 0; n < passes.Macro[t].OfSequence.Length; n++)
            rows[passes.Macro[t].OfSequence[n]] = passes.Micro[t].Rows[passes.Micro[t].OfSequence[n]];
        return rows;
    }

    /// <summary>(U, 2d) from two of (U, d).</summary>
    private static float[] Beside(float[] left, float[] right, int columns)
    {
        var both = new float[left.Length + right.Length];
        for (var row = 0; row < left.Length / columns; row++)
        {
            left.AsSpan(row * columns, columns).CopyTo(both.AsSpan(2 * row * columns));
            right.AsSpan(row * columns, columns).CopyTo(both.AsSpan((2 * row + 1) * columns));
        }

        return both;
    }
}
