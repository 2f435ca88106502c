using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>A critic's passes on the processor.</summary>
internal abstract class CpuWorkspace(CriticShape shape, int xRows, int yRows, int pairs) : CriticWorkspace(shape, xRows, yRows, pairs)
{
    /// <summary>As <see cref="Device.CriticForward"/>.</summary>
    public abstract void Forward(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b);

    /// <summary>As <see cref="Device.CriticBackward"/>.</summary>
    public abstract void Backward(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient);
}
