using System.Text;
using Emergence.Devices.Cuda.Driver;

namespace Emergence.Devices.Cuda;

/// <summary>A kernel ready to launch.</summary>
internal sealed record CudaKernel(KernelRow Row, nint Function);

/// <summary>Loads the module of a kernel file when its first kernel is asked for.</summary>
internal sealed unsafe class CudaKernels(CudaContext context, KernelImages images)
{
    private const int DefaultSharedBytes = 48 * 1024;
    private const int MaxDynamicSharedBytes = 8; // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    private const int ErrorLog = 5, ErrorLogBytes = 6; // CU_JIT_ERROR_LOG_BUFFER and its size
    private const int LogBytes = 8192;
    private const int UnsupportedCode = 222; // CUDA_ERROR_UNSUPPORTED_PTX_VERSION

    private readonly Dictionary<string, nint> _modules = [];
    private readonly Dictionary<KernelRow, CudaKernel> _kernels = [];

    public CudaKernel this[KernelRow row]
    {
        get
        {
            lock (_kernels)
                return _kernels.TryGetValue(row, out var kernel) ? kernel : Load(row);
        }
    }

    /// <summary>Blocks of the kernel that one multiprocessor holds at a time.</summary>
    public int BlocksPerMultiprocessor(KernelRow row)
    {
        context.Enter();
        int blocks;
        var driver = context.Driver;
        driver.Check(driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, this[row].Function, row.Threads, (nuint)row.SharedBytes));
        return blocks;
    }

    private CudaKernel Load(KernelRow row)
    {
        context.Enter();
        if (!_modules.TryGetValue(row.File, out var module))
            _modules[row.File] = module = LoadModule(images.For(row.File));
        var driver = context.Driver;
        nint function;
        fixed (byte* name = Terminated(row.Name))
            driver.Check(driver.cuModuleGetFunction(&function, module, name), $"cuModuleGetFunction({row.Name})");
        if (row.SharedBytes > DefaultSharedBytes)
            driver.Check(driver.cuFuncSetAttribute(function, MaxDynamicSharedBytes, row.SharedBytes));
        return _kernels[row] = new CudaKernel(row, function);
    }

    private nint LoadModule(KernelImage image)
    {
        var driver = context.Driver;
        var log = stackalloc byte[LogBytes];
        var options = stackalloc int[2] { ErrorLog, ErrorLogBytes };
        var values = stackalloc nint[2] { (nint)log, LogBytes };
        nint module;
        int result;
        fixed (byte* text = Terminated(image.Text))
            result = driver.cuModuleLoadDataEx(&module, text, 2, options, values);
        if (result == 0)
            return module;
        if (result == UnsupportedCode)
            throw driver.Failure(
                result, nameof(driver.cuModuleLoadDataEx),
                $"{image.Name} is of a compiler newer than this driver, which is for CUDA " +
                $"{driver.Version / 1000}.{driver.Version % 1000 / 10}: update the driver, or name an older compiler by --nvrtc FILE");
        var length = new ReadOnlySpan<byte>(log, LogBytes).IndexOf((byte)0);
        var lines = Encoding.UTF8.GetString(
            log, Math.Max(0, length)).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        throw driver.Failure(
            result, nameof(driver.cuModuleLoadDataEx), lines.Length > 0 ? $"{image.Name}: {string.Join("; ", lines.Take(3))}" : null);
    }

    private static byte[] Terminated(string text) => [.. Encoding.UTF8.GetBytes(text), 0];
}
