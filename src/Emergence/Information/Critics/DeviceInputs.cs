using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Information.Canonical;
using Emergence.Information.Exact;

namespace Emergence.Information.Critics;

/// <summary>
/// Critic inputs in device memory, shared by all trainings that read them: other seeds, and the neighbouring boundary's
/// cell.
/// </summary>
internal sealed class DeviceInputs(Device device) : IDisposable
{
    /// <summary>In place of a start: what else than raw columns of a side it is.</summary>
    private const int StandardisedPart = -1, WhitenedPart = -2, XPart = -3, YPart = -4;

    /// <summary>By what they are of, and by which part or form of it.</summary>
    private readonly Dictionary<(object Of, int Start, int Count), Tensor> _tensors = [];

    /// <summary>(K, columns kept), standardised.</summary>
    public Tensor Standardised(RowClasses rows)
    {
        var key = (rows, StandardisedPart, 0);
        if (_tensors.TryGetValue(key, out var tensor))
            return tensor;
        var (values, columns) = rows.Standardise();
        return Shared(key, rows.Count, columns, to => device.Upload(values, to));
    }

    /// <summary>(K, count), raw columns start .. start + count - 1.</summary>
    public Tensor Slice(RowClasses rows, int start, int count) =>
        Shared((rows, start, count), rows.Count, count, tensor => device.Upload(rows.Slice(start, count), tensor));

    /// <summary>(Kx, R) and (Ky, R), and how much their columns are worth: the leading canonical pairs of the two sides.</summary>
    public (Tensor X, Tensor Y, IReadOnlyList<double> Correlations) Canonical(JointClasses joint, int most)
    {
        var pairs = joint.CanonicalPairs(most, device.ShareOnHost);
        return (
            Shared((joint, XPart, most), joint.X.Count, pairs.Count, tensor => device.Upload(pairs.OfX(device.ShareOnHost), tensor)),
            Shared((joint, YPart, most), joint.Y.Count, pairs.Count, tensor => device.Upload(pairs.OfY(device.ShareOnHost), tensor)),
            pairs.Correlations);
    }

    /// <summary>Pairs off the support that lie near each other in the coordinates of <see cref="Canonical"/>; null if there are
    /// none.</summary>
    public NearPairs? Near(JointClasses joint, int most)
    {
        var near = joint.CanonicalPairs(most, device.ShareOnHost).Near ??= new(joint, Nearest(joint, most, byTrees: false));
        return near.Weights == null ? null : near;
    }

    /// <summary>For every class of x the classes of y that lie nearest in the coordinates of <see cref="Canonical"/>.</summary>
    public NearestClasses Nearest(JointClasses joint, int most, bool byTrees)
    {
        var (x, y, correlations) = Canonical(joint, most);
        return joint.CanonicalPairs(most, device.ShareOnHost).Nearest ??= byTrees
            ? NearestClasses.ByTrees(joint, Values(x), Values(y), correlations, device.ShareOnHost)
            : NearestClasses.OfAll(joint, Values(x), Values(y), correlations, device.ShareOnHost);
    }

    /// <summary>What a tensor holds, on the host.</summary>
    private float[] Values(Tensor tensor)
    {
        var values = new float[tensor.Count];
        device.Download(tensor, values);
        return values;
    }

    /// <summary>(K, coordinates), whitened.</summary>
    public Tensor Whitened(RowClasses rows)
    {
        var whitening = rows.Whitening(device.ShareOnHost);
        var columns = whitening.Count;
        return Shared((rows, WhitenedPart, columns), rows.Count, columns, tensor => device.Upload(
            whitening.Project(device.ShareOnHost, columns, whitening.FillMapColumn, isLower: true), tensor));
    }

    /// <summary>Frees all but these; says whether there was something to free.</summary>
    public bool KeepOnly(IEnumerable<Tensor> inUse)
    {
        var used = inUse.ToHashSet();
        var free = _tensors.Where(entry => !used.Contains(entry.Value)).ToList();
        foreach (var (key, tensor) in free)
        {
            _tensors.Remove(key);
            tensor.Dispose();
        }

        return free.Count > 0;
    }

    public void Dispose() => KeepOnly([]);

    private Tensor Shared((object Of, int Start, int Count) key, int rows, int columns, Action<Tensor> fill)
    {
        if (_tensors.TryGetValue(key, out var tensor))
            return tensor;
        tensor = _tensors[key] = device.Allocate(rows, columns);
        fill(tensor);
        return tensor;
    }
}
