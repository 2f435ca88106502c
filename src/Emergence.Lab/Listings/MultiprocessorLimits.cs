using Emergence.Devices;

namespace Emergence.Lab.Listings;

/// <summary>What one multiprocessor holds at a time (CUDA C++ Programming Guide, technical specifications by compute capability).</summary>
/// <param name="Name">The GPU it is of.</param>
/// <param name="SharedBytes">Shared memory for all its blocks.</param>
internal sealed record MultiprocessorLimits(string Name, int SharedBytes)
{
    private const int Warp = 32, Warps = 64, Blocks = 32, Registers = 65_536;
    private const int RegisterUnit = 256, WarpUnit = 4, SharedUnit = 128, SharedOfSystem = 1024;

    public static readonly MultiprocessorLimits A100 = new("A100", 164 * 1024);
    public static readonly MultiprocessorLimits H100 = new("H100", 228 * 1024);

    /// <summary>The GPU that code for sm_80, sm_90 or sm_90a is judged by.</summary>
    public static MultiprocessorLimits Of(string gpu) => gpu.StartsWith("sm_9", StringComparison.Ordinal) ? H100 : A100;

    /// <summary>
    /// Blocks at a time: registers come in units of a warp, warps in fours, shared memory in units and with a reserve for each block.
    /// </summary>
    public int BlocksOf(int threads, int registers, int sharedBytes)
    {
        var warps = Ceiling.Multiple(threads, Warp) / Warp;
        var byWarps = Warps / warps;
        var byRegisters = Registers / Ceiling.Multiple(registers * Warp, RegisterUnit) / WarpUnit * WarpUnit / warps;
        var byShared = SharedBytes / Ceiling.Multiple(sharedBytes + SharedOfSystem, SharedUnit);
        return Math.Min(Math.Min(Blocks, byWarps), Math.Min(byRegisters, byShared));
    }
}
