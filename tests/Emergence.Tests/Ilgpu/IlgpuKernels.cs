using System.Reflection;
using Emergence.Ilgpu.Kernels;
using Emergence.Lab.Listings;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;

namespace Emergence.Tests.Ilgpu;

/// <summary>All kernels of the device, and their PTX, which takes no GPU to make.</summary>
internal static class IlgpuKernels
{
    /// <summary>A kernel has one argument, a structure, and returns nothing.</summary>
    public static IReadOnlyList<MethodInfo> All { get; } =
    [
        .. typeof(Elementwise).Assembly.GetTypes().Where(type => type.Namespace == typeof(Elementwise).Namespace)
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(method => method.ReturnType == typeof(void) && method.GetParameters() is [{ ParameterType.IsValueType: true }])
            .OrderBy(method => method.Name, StringComparer.Ordinal),
    ];

    /// <summary>Threads of a group, as the launches have them.</summary>
    public static int Threads(MethodInfo kernel) => kernel.Name switch
    {
        nameof(Norms.LayerNorm) or nameof(Norms.RmsNorm) or nameof(Paths.Attention) or nameof(Sums.Segments) => 64,
        _ => 256,
    };

    public static string Ptx(Context context, MethodInfo kernel, CudaArchitecture architecture)
    {
        using var backend = new PTXBackend(
            context, new CudaCapabilityContext(architecture), architecture, CudaInstructionSet.ISA_80, null!);
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(kernel);
        return ((PTXCompiledKernel)backend.Compile(entry, default)).PTXAssembly;
    }

    /// <summary>What ptxas makes of a kernel, under the name of its method.</summary>
    public static (KernelFigures Figures, IReadOnlyList<string> Complaints) Assemble(
        CudaTools tools, Context context, MethodInfo kernel, CudaArchitecture architecture, string gpu)
    {
        var (report, listing) = tools.Assemble($"{kernel.Name}.ptx", Ptx(context, kernel, architecture), gpu);
        var (assembled, sass) = (Assert.Single(AssemblyReport.Parse(report)), Assert.Single(SassListing.Parse(listing)));
        return (
            new(kernel.DeclaringType!.Name, gpu, Threads(kernel), assembled with { Kernel = kernel.Name }, 0, sass.MainLoop,
                sass.Whole.Local),
            AssemblyReport.Complaints(report));
    }
}
