using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Information.Exact;

namespace Emergence.Information.Critics;

/// <summary>
/// Critic inputs in device memory, shared by all trainings that read them: other seeds, and the neighbouring boundary's
/// cell.
/// </summary>
internal sealed class DeviceInputs(Device device) : IDisposable
{
    private readonly Dictionary<(RowClasses Rows, int Start, int Count), Tensor> _tensors = [];

    /// <summary>(K, columns kept), standardised.</summary>
    public Tensor Standardised(RowClasses rows)
    {
        if (_tensors.TryGetValue((rows, 0, 0), out var tensor))
            return tensor;
        var (values, columns) = rows.Standardise();
        tensor = _tensors[(rows, 0, 0)] = device.Allocate(rows.Count, columns);
        device.Upload(values, tensor);
        return tensor;
    }

    /// <summary>(K, count), raw columns start .. start + count - 1.</summary>
    public Tensor Slice(RowClasses rows, int start, int count)
    {
        if (_tensors.TryGetValue((rows, start, count), out var tensor))
            return tensor;
        tensor = _tensors[(rows, start, count)] = device.Allocate(rows.Count, count);
        device.Upload(rows.Slice(start, count), tensor);
        return tensor;
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
}
