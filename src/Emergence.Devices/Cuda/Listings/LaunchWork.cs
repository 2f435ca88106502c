namespace Emergence.Devices.Cuda.Listings;

/// <summary>What one launch of a kernel has to do.</summary>
/// <param name="Kernel">Which.</param>
/// <param name="Bytes">Least traffic: every operand once.</param>
/// <param name="TensorFlops">On tensor cores.</param>
/// <param name="Flops">Beside them, in single precision; 0 where bytes are all that counts.</param>
internal readonly record struct LaunchWork(KernelRow Kernel, double Bytes, double TensorFlops = 0, double Flops = 0);

/// <summary>Launches that belong together, in their order.</summary>
/// <param name="Name">As tables show it.</param>
/// <param name="About">At which sizes.</param>
/// <param name="Launches">On a GPU of one kind.</param>
internal sealed record PassWork(string Name, string About, IReadOnlyList<LaunchWork> Launches)
{
    /// <summary>Every kernel is in one of these; a kernel of several shows in the first.</summary>
    /// <param name="warpgroups">Products by Hopper's instructions.</param>
    public static IReadOnlyList<PassWork> All(bool warpgroups) => [StepWork.Published(warpgroups), ForwardWork.Block, SingleStepWork.Published(warpgroups), ForwardWork.Ops, SingleStepWork.Others];

    public double SecondsOn(GpuRoof roof) => Launches.Sum(roof.SecondsOf);
}
