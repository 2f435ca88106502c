using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Information.Exact;

namespace Emergence.Measurement.Grid;

/// <summary>The units that the classes of a cell are made of: the distinct rows of a pass at one position, with counts.</summary>
internal sealed class PositionClasses
{
    private readonly int[] _rows;
    private readonly double[] _counts;

    /// <param name="rowOfSequence">(N): row of each sequence at the position.</param>
    public PositionClasses(int[] rowOfSequence)
    {
        var counts = new Dictionary<int, int>();
        foreach (var row in rowOfSequence)
            CollectionsMarshal.GetValueRefOrAddDefault(counts, row, out _)++;
        _rows = [.. counts.Keys.Order()];
        _counts = [.. _rows.Select(row => (double)counts[row])];
        OfSequence = [.. rowOfSequence.Select(row => Array.BinarySearch(_rows, row))];
    }

    /// <summary>(N): unit of each sequence.</summary>
    public int[] OfSequence { get; }

    public int Count => _rows.Length;

    /// <summary>Row of each unit in its forest.</summary>
    public IReadOnlyList<int> Rows => _rows;

    /// <summary>How many sequences each unit has.</summary>
    public IReadOnlyList<double> Counts => _counts;

    /// <summary>Whether the other has these rows, each as often: it then is the same problem.</summary>
    public bool IsSameAs(PositionClasses other) =>
        _rows.AsSpan().SequenceEqual(other._rows) && _counts.AsSpan().SequenceEqual(other._counts);

    /// <summary>Brings the units' vectors to the host and sorts them into classes.</summary>
    public RowClasses Classes(Device device, Tensor boundary)
    {
        var values = Gather(device, boundary, _rows);
        return new RowClasses(values, boundary.Columns, _counts);
    }

    /// <summary>(rows, d): rows of a boundary on the host.</summary>
    public static float[] Gather(Device device, Tensor boundary, int[] rows)
    {
        using var indices = device.AllocateIndices(rows);
        using var gathered = device.Allocate(rows.Length, boundary.Columns);
        device.GatherRows(boundary, indices, gathered);
        var values = new float[checked(rows.Length * boundary.Columns)];
        device.Download(gathered, values);
        return values;
    }
}
