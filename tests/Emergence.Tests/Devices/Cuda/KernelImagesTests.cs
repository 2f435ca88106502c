using Emergence.Devices;
using Emergence.Devices.Cuda;

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
        Assert.Equal(isEmbedded || NvrtcCompiler.Find() != null, new KernelImages(context, null).HasCode);
    }

    [Fact]
    public void Auto_takes_the_processor_where_there_is_no_driver()
    {
        if (CudaLibrary.HasDriver)
            Assert.Skip("this machine has a driver");
        Assert.False(CudaDevice.IsHere);
        Assert.Equal("cpu", DeviceTable.Find(DeviceTable.Auto).Name);
    }
}
