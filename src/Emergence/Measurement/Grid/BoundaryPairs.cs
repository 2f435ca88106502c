using Emergence.Capture;
using Emergence.Devices.Tensors;
using Emergence.Models;

namespace Emergence.Measurement.Grid;

/// <summary>What was read of a boundary and of the next: x and y of the cells between them.</summary>
/// <param name="Index">l: x is boundary l, y is l + 1.</param>
/// <param name="X">Read of boundary l.</param>
/// <param name="Y">Read of boundary l + 1.</param>
internal readonly record struct BoundaryPair<T>(int Index, T X, T Y);

/// <summary>
/// The walk through a model from which every measurement of neighbours reads: boundary by boundary, in both passes at once or in
/// the macro pass alone. A boundary is read once, and only if a pair needs it; the walk ends behind the last pair.
/// </summary>
/// <param name="model">The model, loaded.</param>
/// <param name="passes">Rows of the data in both passes.</param>
/// <param name="boundaries">The l of every pair.</param>
internal sealed class BoundaryPairs(LanguageModel model, MacroMicroPasses passes, IReadOnlyCollection<int> boundaries)
{
    /// <param name="read">Takes what is needed of the rows of the macro and the micro pass, which stay until the pair after next.</param>
    /// <param name="cancellation">Ends the walk between two chunks of a block.</param>
    public IEnumerable<BoundaryPair<T>> OfBoth<T>(Func<Tensor, Tensor, T> read, CancellationToken cancellation)
    {
        using var macro = new BoundaryStream(model, passes.MacroForest);
        using var micro = new BoundaryStream(model, passes.MicroForest);
        var run = macro.Run(cancellation).Zip(micro.Run(cancellation));
        foreach (var pair in Of(run, both => both.First.Index, both => read(both.First.Rows, both.Second.Rows)))
            yield return pair;
    }

    /// <param name="read">Takes what is needed of the rows of the macro pass; the micro pass is not run.</param>
    /// <param name="cancellation">Ends the walk between two chunks of a block.</param>
    public IEnumerable<BoundaryPair<T>> OfMacro<T>(Func<Tensor, T> read, CancellationToken cancellation)
    {
        using var macro = new BoundaryStream(model, passes.MacroForest);
        foreach (var pair in Of(macro.Run(cancellation), boundary => boundary.Index, boundary => read(boundary.Rows)))
            yield return pair;
    }

    private IEnumerable<BoundaryPair<T>> Of<TRows, T>(IEnumerable<TRows> run, Func<TRows, int> index, Func<TRows, T> read)
    {
        var last = boundaries.Max() + 1;
        var before = default(T);
        foreach (var rows in run)
        {
            var l = index(rows);
            var isY = boundaries.Contains(l - 1);
            var here = isY || boundaries.Contains(l) ? read(rows) : default;
            if (isY)
                yield return new(l - 1, before!, here!);
            if (l == last)
                yield break;
            before = here;
        }
    }
}
