using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>
/// Rows of a forest in depth-first order: the row that each continues, and the place in which its state waits for its
/// children. The last child of a row takes its parent's place, so that a chain needs one and a forest as many as
/// branchings lie on one path: no state is kept longer than a row to come reads it.
/// </summary>
public sealed class ForestPaths : IDisposable
{
    private readonly Lazy<(Tensor Rows, int Count)> _places;

    /// <param name="device">Holds the rows.</param>
    /// <param name="parents">(N) row that each continues, smaller than the own one; -1 at a start.</param>
    public ForestPaths(Device device, ReadOnlySpan<int> parents)
    {
        ArgumentNullException.ThrowIfNull(device);
        var copy = parents.ToArray();
        _places = new(() =>
        {
            var places = Assign(copy);
            return (device.AllocateIndices(places), Count(places));
        });
        Parents = device.AllocateIndices(parents);
    }

    /// <summary>(N, 1) Int32.</summary>
    public Tensor Parents { get; }

    /// <summary>
    /// (N, 1) Int32, each in 0 .. <see cref="PlaceCount"/> - 1. Made when a state is first to wait: attention needs none, and takes
    /// rows in any order.
    /// </summary>
    public Tensor Places => _places.Value.Rows;

    /// <summary>States that are kept at a time.</summary>
    public int PlaceCount => _places.Value.Count;

    /// <summary>States that are kept at a time along the paths of a forest; fewer or as many along those of a part of its rows.</summary>
    public static int CountPlaces(ReadOnlySpan<int> parents) => Count(Assign(parents));

    public void Dispose()
    {
        Parents.Dispose();
        if (_places.IsValueCreated)
            _places.Value.Rows.Dispose();
    }

    private static int Count(int[] places) => places.Length == 0 ? 0 : places.Max() + 1;

    /// <summary>Throws if a row is not depth-first: its parent's state would have been overwritten.</summary>
    private static int[] Assign(ReadOnlySpan<int> parents)
    {
        var children = new int[parents.Length];
        foreach (var parent in parents)
        {
            if (parent >= 0)
                children[parent]++;
        }

        var (places, held) = (new int[parents.Length], new List<int>());
        for (var row = 0; row < parents.Length; row++)
        {
            var parent = parents[row];
            if (parent >= 0)
            {
                if (parent >= row || held[places[parent]] != parent)
                    throw new ArgumentException($"row {row} continues row {parent}: expected rows in depth-first order", nameof(parents));
                places[row] = --children[parent] == 0 ? places[parent] : places[parent] + 1;
            }

            if (places[row] == held.Count)
                held.Add(row);
            else
                held[places[row]] = row;
        }

        return places;
    }
}
