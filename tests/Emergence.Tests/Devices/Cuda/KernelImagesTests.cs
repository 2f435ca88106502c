using Emergence.Devices;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;

namespace Emergence.Tests.Devices.Cuda;

public sealed class KernelImagesTests
{
    /// <summary>The emulator answers as a GPU of capability 9.0: code for it is what is embedded, or what a compiler makes.</summary>
    [Fact]
    public void Code_is_there_where_it_was_embedded()
    {
        using var context = new CudaContext(EmulatorFixture.Kernels);
        Assert.Equal(90, context.Capability);
        var isEmbedded = KernelImages.Resource("matmul.sm_80.ptx") != null;
        Assert.Equal(isEmbedded || NvrtcCompiler.Find(driverVersion: 12_000) != null, new KernelImages(context, null).HasCode);
    }

    /// <summary>Code for sm_90a runs on 9.0 only.</summary>
    [Theory]
    [InlineData(80, "matmul.sm_80.ptx")]
    [InlineData(89, "matmul.sm_80.ptx")]
    [InlineData(90, "matmul.sm_90a.ptx")]
    [InlineData(120, "matmul.sm_80.ptx")]
    public void A_GPU_gets_the_code_it_can_run(int capability, string name)
    {
        if (KernelImages.Resource("matmul.sm_80.ptx") == null)
            Assert.Skip("no PTX is embedded: CMake and clang 19 or newer make it");
        using var context = new CudaContext(EmulatorFixture.Kernels);
        Assert.Equal(new(name, KernelImages.Resource(name)!), new KernelImages(context, null).For("matmul", capability, () => null));
    }

    [Theory]
    [InlineData(75, "has compute capability 7.5: expected 8.0 or newer")]
    [InlineData(80, "this build has no embedded GPU code and found no NVRTC to make it: install it (apt install libnvrtc12, or pip install nvidia-cuda-nvrtc-cu12), let CUDA_HOME name a CUDA toolkit, give --nvrtc FILE, or build with clang 19 or newer and CMake")]
    public void A_GPU_without_code_is_told_what_is_missing(int capability, string expected)
    {
        using var context = new CudaContext(EmulatorFixture.Kernels);
        var error = Assert.Throws<EmergenceException>(() => new KernelImages(context, null).For("not_embedded", capability, () => null));
        Assert.Equal(capability < 80 ? $"{context.Name} {expected}" : expected, error.Message);
    }

    [Fact]
    public void Auto_takes_the_processor_where_there_is_no_driver()
    {
        if (CudaLibrary.HasDriver)
            Assert.Skip("this machine has a driver");
        Assert.False(CudaDevice.IsHere);
        Assert.Equal("cpu", DeviceTable.Find(DeviceTable.Auto).Name);
    }

    /// <summary>A driver for CUDA 12.4 and compilers in the order they are found.</summary>
    [Theory]
    [InlineData("12.8,12.4,12.0", "12.4")]
    [InlineData("12.3,12.4", "12.3")]
    [InlineData("13.0,12.8", "13.0")]
    [InlineData("", null)]
    public void A_compiler_is_chosen_that_the_driver_understands(string found, string? expected) =>
        Assert.Equal(expected, NvrtcCompiler.Choose(found.Split(',', StringSplitOptions.RemoveEmptyEntries), version => (int)Math.Round(1000 * double.Parse(version, System.Globalization.CultureInfo.InvariantCulture)), driverVersion: 12_400));
}
