using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Listings;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>NVIDIA's assembler and run-time compiler, or a skipped test.</summary>
internal static class CudaCheckers
{
    private static readonly Lazy<NvrtcCompiler> s_nvrtc = new(() => NvrtcCompiler.Open(Tools.Nvrtc));

    public static CudaTools Tools
    {
        get
        {
            if (CudaTools.Find() is { } tools)
                return tools;
            Assert.Skip($"{CudaTools.Variable} names no folder with ptxas: native/get-cuda-checkers.sh FOLDER fills one");
            return null!;
        }
    }

    public static NvrtcCompiler Nvrtc()
    {
        _ = Tools;
        return s_nvrtc.Value;
    }
}
