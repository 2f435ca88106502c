using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices.Tensors;

public sealed class HostBufferTests
{
    /// <summary>From the C library, and straight from the kernel; both after memory of the same size was used and given up.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData((4 << 20) - 65)]
    [InlineData((4 << 20) - 1)]
    [InlineData(4 << 20)]
    [InlineData((4 << 20) + 1)]
    [InlineData((6 << 20) + 4097)]
    public void Memory_is_aligned_and_zero_at_the_start(int bytes)
    {
        for (var round = 0; round < 3; round++)
        {
            using var memory = new HostBuffer(bytes);
            Assert.Equal(0, memory.Address % 64);
            Assert.Equal(bytes, memory.ByteLength);
            Assert.Equal(-1, memory.Slice(0, bytes).IndexOfAnyExcept((byte)0));
            memory.Slice(0, bytes).Fill(7);
        }
    }

    [Fact]
    public void Many_buffers_do_not_overlap()
    {
        const int Count = 20, Bytes = (4 << 20) + 8192;
        var all = Enumerable.Range(0, Count).Select(_ => new HostBuffer(Bytes)).ToArray();
        for (var i = 0; i < Count; i++)
            all[i].Slice(0, Bytes).Fill((byte)(i + 1));
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(-1, all[i].Slice(0, Bytes).IndexOfAnyExcept((byte)(i + 1)));
            all[i].Dispose();
        }
    }

    [Fact]
    public void More_than_there_can_be_is_refused()
    {
        var error = Assert.Throws<EmergenceException>(() => new HostBuffer(1L << 50));
        Assert.Equal("out of host memory: needs 1,125,899,906,842,624 more bytes", error.Message);
        Assert.True(error.IsOutOfMemory);
    }
}
