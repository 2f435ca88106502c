using Emergence.Checkpoints.Stored;
using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// Brings checked weights into a device's memory: matrices in the type they are stored in, vectors (norms and biases) in
/// the type the device computes with, which changes no value of a narrower type.
/// </summary>
/// <param name="device">Holds them.</param>
/// <param name="files">Where they come from.</param>
/// <param name="unpacked">Where packed matrices are unpacked.</param>
internal sealed class WeightLoader(Device device, WeightFiles files, UnpackedMatrices unpacked) : ILoadedWeights
{
    private readonly List<Tensor> _loaded = [];
    private readonly List<StoredMatrix> _packed = [];
    private readonly List<NeededRows> _needed = [];

    /// <summary>What has been read already; null: weights are read as they are asked for.</summary>
    public StagedBlock? Staged { get; init; }

    /// <summary>Where matrices are read one after the other when they are multiplied with; null: they are kept.</summary>
    public PassingMatrix? Passing { get; init; }

    /// <summary>Where matrices of experts are read when rows first pass them, freed with the weights; null: as all others.</summary>
    public NeededMatrices? OfExperts { get; init; }

    /// <summary>Whether of tables only the rows that occur are read.</summary>
    public bool ReadsNeededRows { get; init; }

    /// <summary>Frees all weights.</summary>
    public void Dispose()
    {
        _loaded.ForEach(tensor => tensor.Dispose());
        _packed.ForEach(matrix => matrix.Dispose());
        OfExperts?.Dispose();
        ReleaseNeededRows();
    }

    /// <summary>Gives up the rows of tables that were read.</summary>
    public void ReleaseNeededRows() => _needed.ForEach(rows => rows.Release());

    public bool Has(ExpectedWeight weight) => files.Has(weight);

    public RowTable Table(ExpectedWeight weight)
    {
        if (!ReadsNeededRows)
            return new WholeTable(Matrix(weight));
        _needed.Add(new(device, files, weight));
        return new NeededTable(_needed[^1], 0, weight.Columns);
    }

    public Tensor Matrix(ExpectedWeight weight, int[]? order = null)
    {
        var stored = Keep(Load(weight));
        return order == null ? stored : Ordered(stored, order);
    }

    public Matrix Layer(ExpectedWeight weight, bool inputMajor, int[]? order = null)
    {
        var needed = weight.IsOfExperts ? OfExperts : null;
        RowMemory? read = needed ?? (RowMemory?)Passing;
        if (files.FindPacked(weight) is not { } packed)
            return read == null ? new(Matrix(weight, order), inputMajor)
                : new(new ReadRows(weight, order, 0, weight.Rows), read, inputMajor);
        if (read != null)
            return ReadWhenUsed(packed, weight.Layer!.Parts, order, stays: needed != null);
        _packed.Add(packed);
        if (Staged == null)
            packed.Load(files.AllowNonFinite, once: files.OutgrowCache);
        else
            Staged.Place(packed);
        return new(new PackedRows(packed, order, 0, packed.Rows), unpacked);
    }

    public Tensor Vector(ExpectedWeight weight, double offset = 0, int[]? order = null)
    {
        var stored = Keep(Load(weight));
        if (order != null)
            stored = Ordered(stored.Reshape(stored.Columns, 1), order).Reshape(1, stored.Columns);
        if (stored.Type == device.ComputeType && offset == 0)
            return stored;
        var computed = Keep(device.Allocate(stored.Rows, stored.Columns));
        using var rows = device.AllocateIndices([.. Enumerable.Range(0, stored.Rows)]);
        device.Embed(rows, stored, 1, computed);
        Release(stored);
        if (offset == 0)
            return computed;
        var values = new double[computed.Count];
        device.Download(computed, values);
        device.Upload(Array.ConvertAll(values, value => offset + value), computed);
        return computed;
    }

    public double Number(ExpectedWeight weight)
    {
        var value = new double[1];
        var stored = Vector(weight);
        device.Download(stored, value);
        Release(stored);
        return value[0];
    }

    public Tensor Computed(int rows, int columns, Func<double[]> values)
    {
        var computed = Keep(device.Allocate(rows, columns));
        device.Upload(values(), computed);
        return computed;
    }

    private Tensor Load(ExpectedWeight weight) => Staged?.Load(weight) ?? files.Load(device, weight);

    private Matrix ReadWhenUsed(StoredMatrix packed, int parts, int[]? order, bool stays)
    {
        StoredMatrix[] each = parts > 1 && packed.Part(0, parts) != null
            ? [.. Enumerable.Range(0, parts).Select(part => packed.Part(part, parts)!)] : [packed];
        if (stays)
            _packed.AddRange(each);
        return each.Length > 1 ? Models.Matrix.Below(each, unpacked, stays)
            : new(new PackedRows(packed, order, 0, packed.Rows) { Stays = stays }, unpacked);
    }

    private Tensor Ordered(Tensor stored, int[] order)
    {
        var ordered = Keep(device.Allocate(stored.Type, order.Length, stored.Columns));
        using var rows = device.AllocateIndices(order);
        device.GatherRows(stored, rows, ordered);
        Release(stored);
        return ordered;
    }

    private Tensor Keep(Tensor tensor)
    {
        _loaded.Add(tensor);
        return tensor;
    }

    /// <summary>Frees what has been copied; a view is found by the buffer it is of.</summary>
    private void Release(Tensor tensor)
    {
        var owner = _loaded.Find(kept => ReferenceEquals(kept.Buffer, tensor.Buffer))!;
        _loaded.Remove(owner);
        owner.Dispose();
    }
}
