using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Information.Exact;

namespace Emergence.Measurement.Grid;

/// <summary>The vectors of one boundary as classes, for every position of both passes: y of one cell and x of the next.</summary>
internal sealed class BoundaryClasses
{
    public BoundaryClasses(Device device, TokenPasses passes, Tensor macro, Tensor micro)
    {
        Macro = [.. passes.Macro.Select(units => units.Classes(device, macro))];
        Micro = new RowClasses[passes.Micro.Length];
        for (var t = 0; t < Micro.Length; t++)
            Micro[t] = passes.SameMicro[t] < t ? Micro[passes.SameMicro[t]] : passes.Micro[t].Classes(device, micro);
    }

    /// <summary>(T).</summary>
    public RowClasses[] Macro { get; }

    /// <summary>(T); positions with the same problem share one.</summary>
    public RowClasses[] Micro { get; }
}
