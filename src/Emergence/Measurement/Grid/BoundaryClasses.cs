using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Information.Exact;

namespace Emergence.Measurement.Grid;

/// <summary>The vectors of one boundary as classes, for every position of both passes: y of one cell and x of the next.</summary>
internal sealed class BoundaryClasses
{
    private readonly Func<int, RowClasses> _macro;

    /// <param name="device">Holds the rows.</param>
    /// <param name="passes">Of the data.</param>
    /// <param name="macro">Rows of the macro pass.</param>
    /// <param name="micro">Rows of the micro pass.</param>
    /// <param name="keeps">Whether classes of the macro pass are made once and kept; else they are made whenever they are asked for, as
    /// long as the rows are there.</param>
    public BoundaryClasses(Device device, MacroMicroPasses passes, Tensor macro, Tensor micro, bool keeps = true)
    {
        if (keeps)
        {
            RowClasses[] all = [.. passes.Macro.Select(units => units.Classes(device, macro))];
            _macro = t => all[t];
        }
        else
        {
            _macro = t => passes.Macro[t].Classes(device, macro);
        }

        Micro = new RowClasses[passes.Micro.Length];
        for (var t = 0; t < Micro.Length; t++)
            Micro[t] = passes.SameMicro[t] < t ? Micro[passes.SameMicro[t]] : passes.Micro[t].Classes(device, micro);
    }

    /// <summary>(T); positions with the same problem share one.</summary>
    public RowClasses[] Micro { get; }

    /// <summary>Of position t.</summary>
    public RowClasses Macro(int t) => _macro(t);
}
