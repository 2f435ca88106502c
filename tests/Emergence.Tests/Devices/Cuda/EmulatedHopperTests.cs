using System.Runtime.InteropServices;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>
/// Blocks of a cluster reach each other's memory, the copy engine works beside the threads; what the emulator finds there is
/// proven by kernels that are wrong in one way (clusters.cu and tensors.cu in native/emulator/tests).
/// </summary>
[Collection("emulator tests")]
public sealed unsafe class EmulatedHopperTests : IDisposable
{
    private const int Tile = 64, Steps = 5, K = Steps * Tile, SharedBytes = (4 * 8192) + 32;

    /// <summary>The bf16 of bytes 3f 3f.</summary>
    private const float Bytes3F = 0.74609375f;

    private readonly CudaDriver _driver = EmulatorFixture.Tests;
    private readonly CudaContext _context;
    private readonly CudaStream _stream;
    private readonly CudaKernels _kernels;

    public EmulatedHopperTests()
    {
        EmulatorFixture.Memory(_driver, 1L << 30);
        EmulatorFixture.Order(_driver, 0);
        _context = new CudaContext(_driver);
        _stream = new CudaStream(_context);
        _kernels = new CudaKernels(_context, new KernelImages(_context, null));
    }

    public static TheoryData<string, int, string> Mistakes
    {
        get
        {
            (int Wrong, string Expected)[] mistakes =
            [
                (1, "was its address masked by 0x3ffff?"),
                (2, "a tensor load writes where another one in flight does|a product in flight reads|was not released since|mbarrier: more arrivals than its count"),
                (3, "of the cluster where a product in flight reads|of the cluster what a product read there and was not released since"),
                (4, "without a cluster barrier since it was initialised"),
                (5, "leaves without having waited for those who arrive at its mbarriers|which has left"),
                (6, "no fence.mbarrier_init between its initialisation and the other blocks"),
                (7, "leaves while a tensor load into its memory is in flight"),
                (8, "hang: the threads only poll barriers"),
                (9, "deadlock, no thread can go on: 512 alive, 2 of them at __syncthreads, 510 at the barrier of the cluster"),
                (10, "barrier.cluster.arrive a second time without barrier.cluster.wait"),
                (11, "barrier.cluster.wait without barrier.cluster.arrive"),
            ];
            var data = new TheoryData<string, int, string>();
            foreach (var (wrong, expected) in mistakes)
            {
                data.Add("cluster_k_major", wrong, expected);
                data.Add("cluster_mn_major", wrong, expected);
            }

            return data;
        }
    }

    public void Dispose()
    {
        EmulatorFixture.Order(_driver, 0);
        _stream.Dispose();
        _driver.Check(_driver.cuDevicePrimaryCtxReset_v2(0));
        _context.Dispose();
    }

    /// <summary>Whole numbers, so that sums are exact in any order.</summary>
    [Theory]
    [InlineData("cluster_k_major", 1)]
    [InlineData("cluster_k_major", 3)]
    [InlineData("cluster_mn_major", 1)]
    [InlineData("cluster_mn_major", 3)]
    public void Two_blocks_share_what_they_load(string kernel, int clusters)
    {
        var (a, b) = (Values(2 * Tile), Values(Tile));
        var expected = new float[2 * Tile * Tile];
        for (var at = 0; at < expected.Length; at++)
            expected[at] = Enumerable.Range(0, K).Sum(k => a[at / Tile, k] * b[at % Tile, k]);
        foreach (var (order, seed) in ((int, int)[])[(0, 1), (1, 1), (2, 1), (2, 2), (2, 3)])
        {
            EmulatorFixture.Order(_driver, order, seed);
            Assert.Equal(expected, Multiply(kernel, a, b, 0, clusters));
        }
    }

    /// <summary>In whatever order the threads run: what is found is who can know of what, not what happens to go wrong.</summary>
    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_between_blocks_is_found_and_named(string kernel, int wrong, string expected)
    {
        var (a, b) = (Values(2 * Tile), Values(Tile));
        foreach (var (order, seed) in ((int, int)[])[(0, 1), (1, 1), (2, 1), (2, 2), (2, 3)])
        {
            EmulatorFixture.Order(_driver, order, seed);
            var error = Assert.Throws<EmergenceException>(() => Multiply(kernel, a, b, wrong, 1));
            Assert.StartsWith("CUDA_ERROR_LAUNCH_FAILED in ", error.Message, StringComparison.Ordinal);
            Assert.True(expected.Split('|').Any(text => error.Message.Contains(text, StringComparison.Ordinal)), $"order {order}: {error.Message}");
            _driver.Check(_driver.cuDevicePrimaryCtxReset_v2(0));
        }
    }

    [Theory]
    [InlineData(1, "reads what thread 0 wrote without a fence.proxy.async since")]
    [InlineData(2, "a tensor load writes where a tensor store still reads")]
    [InlineData(3, "stmatrix writes where a tensor store still reads")]
    [InlineData(4, "a tensor load writes where a tensor store still reads")]
    [InlineData(5, "a tensor load writes where another one in flight does")]
    [InlineData(6, "mbarrier: not initialised")]
    [InlineData(7, "mbarrier: something else was written over it")]
    [InlineData(8, "there is no block 1 in a cluster of 1")]
    [InlineData(10, "block 0 of the cluster leaves while a tensor store reads its memory")]
    public void A_mistake_beside_the_copy_engine_is_found_and_named(int wrong, string expected)
    {
        foreach (var order in (int[])[0, 1, 2])
        {
            EmulatorFixture.Order(_driver, order);
            var error = Assert.Throws<EmergenceException>(() => Store(wrong));
            Assert.Contains($"store_a_tile: {expected}", error.Message, StringComparison.Ordinal);
            _driver.Check(_driver.cuDevicePrimaryCtxReset_v2(0));
        }
    }

    [Fact]
    public void A_tile_arrives_in_its_matrix()
    {
        foreach (var order in (int[])[0, 1, 2])
        {
            EmulatorFixture.Order(_driver, order);
            Assert.All(Store(0), bits => Assert.Equal(0x3f80, bits));
        }
    }

    /// <summary>A stage that copies fill again is free once every warp that read it has said so itself.</summary>
    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "cp.async writes what warp")]
    [InlineData(2, "cp.async writes what warp 2 used by ldmatrix or stmatrix and did not release since")]
    [InlineData(3, "cp.async writes where a tensor store still reads")]
    public void A_stage_that_is_filled_too_early_is_found_and_named(int wrong, string expected)
    {
        foreach (var (order, seed) in ((int, int)[])[(0, 1), (1, 1), (2, 1), (2, 2), (2, 3)])
        {
            EmulatorFixture.Order(_driver, order, seed);
            if (wrong == 0)
            {
                Assert.Equal(Enumerable.Range(0, 96).Select(thread => thread < 32 ? 0f : 6 * 4 * Bytes3F), Refill(wrong));
                continue;
            }

            var error = Assert.Throws<EmergenceException>(() => Refill(wrong));
            Assert.Contains($"refill_stages: {expected}", error.Message, StringComparison.Ordinal);
            _driver.Check(_driver.cuDevicePrimaryCtxReset_v2(0));
        }
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(9, "wgmma: bits of the descriptor 4000004000018040 are set between its fields")]
    public void Bits_beside_the_fields_of_a_descriptor_are_found(int wrong, string expected)
    {
        using var output = new CudaBuffer(_context, sizeof(float) * 128);
        _stream.Launch(_kernels[new KernelRow("multiply_a_tile", "tensors", 128, SharedBytes: 8192)], new Grid(1), output, wrong);
        var error = Record.Exception(_stream.Synchronize);
        Assert.Equal(expected.Length > 0, error != null);
        Assert.Contains(expected, error?.Message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_grid_that_is_not_made_of_clusters_is_refused()
    {
        using var output = new CudaBuffer(_context, 4);
        var error = Assert.Throws<EmergenceException>(() => _stream.Launch(Kernel("cluster_k_major"), new Grid(3), 2, [default, default], [output, Steps, 0]));
        Assert.Equal("CUDA_ERROR_INVALID_CLUSTER_SIZE in cuLaunchKernelEx: cluster_k_major: grid 3,1,1 cannot be made of clusters 2,1,1", error.Message);
    }

    /// <summary>(16, 64) in bf16 as a tensor store has left it.</summary>
    private ushort[] Store(int wrong)
    {
        using var matrix = new Tensor(new CudaBuffer(_context, 16 * 64 * sizeof(ushort)), DType.BFloat16, 16, 64);
        _stream.Launch(_kernels[new KernelRow("store_a_tile", "tensors", 32, SharedBytes: 2048 + 8)], new Grid(1), 1, [CudaTensorMap.Of(_driver, matrix, 16, 1)], [wrong]);
        var values = new ushort[16 * 64];
        fixed (ushort* to = values)
            _driver.Check(_driver.cuMemcpyDtoHAsync_v2(to, (ulong)matrix.Address, (nuint)(sizeof(ushort) * values.Length), _stream.Handle));
        _stream.Synchronize();
        return values;
    }

    /// <summary>What each of 96 threads counted.</summary>
    private float[] Refill(int wrong)
    {
        using var matrix = new Tensor(new CudaBuffer(_context, 16 * 64 * sizeof(ushort)), DType.BFloat16, 16, 64);
        using CudaBuffer output = new(_context, sizeof(float) * 96), input = new(_context, 512);
        _driver.Check(_driver.cuMemsetD8Async((ulong)input.Address, 0x3f, 512, _stream.Handle));
        _stream.Launch(_kernels[new KernelRow("refill_stages", "tensors", 96, SharedBytes: (2 * 2048) + 32)], new Grid(1), 1, [CudaTensorMap.Of(_driver, matrix, 16, 1)], [output, input, wrong]);
        var values = new float[96];
        fixed (float* to = values)
            _driver.Check(_driver.cuMemcpyDtoHAsync_v2(to, (ulong)output.Address, (nuint)(sizeof(float) * values.Length), _stream.Handle));
        _stream.Synchronize();
        return values;
    }

    private CudaKernel Kernel(string name) => _kernels[new KernelRow(name, "clusters", 256, SharedBytes: SharedBytes)];

    private static float[,] Values(int rows)
    {
        var (random, values) = (new Random(rows), new float[rows, K]);
        for (var i = 0; i < rows * K; i++)
            values[i / K, i % K] = random.Next(-8, 9);
        return values;
    }

    /// <summary>(128, 64): a by b transposed. All clusters write the same.</summary>
    private float[] Multiply(string kernel, float[,] a, float[,] b, int wrong, int clusters)
    {
        var isWide = kernel == "cluster_mn_major";
        using Tensor left = Upload(a, isWide), right = Upload(b, isWide);
        using var output = new CudaBuffer(_context, sizeof(float) * 2 * Tile * Tile);
        ReadOnlySpan<CudaTensorMap> maps = [CudaTensorMap.Of(_driver, left, Tile, 1), CudaTensorMap.Of(_driver, right, isWide ? Tile : Tile / 2, 1)];
        _stream.Launch(Kernel(kernel), new Grid(2 * clusters), 2, maps, [output, Steps, wrong]);
        var values = new float[2 * Tile * Tile];
        fixed (float* to = values)
            _driver.Check(_driver.cuMemcpyDtoHAsync_v2(to, (ulong)output.Address, (nuint)(sizeof(float) * values.Length), _stream.Handle));
        _stream.Synchronize();
        return values;
    }

    /// <summary>In bf16: (rows, K), or (K, rows).</summary>
    private Tensor Upload(float[,] values, bool isTransposed)
    {
        var rows = values.GetLength(0);
        var bits = new ushort[rows * K];
        for (var i = 0; i < rows; i++)
        {
            for (var k = 0; k < K; k++)
                bits[isTransposed ? (k * rows) + i : (i * K) + k] = (ushort)(BitConverter.SingleToUInt32Bits(values[i, k]) >> 16);
        }

        var tensor = new Tensor(new CudaBuffer(_context, sizeof(ushort) * bits.Length), DType.BFloat16, isTransposed ? K : rows, isTransposed ? rows : K);
        fixed (void* from = MemoryMarshal.AsBytes(bits.AsSpan()))
            _driver.Check(_driver.cuMemcpyHtoDAsync_v2((ulong)tensor.Address, from, (nuint)(sizeof(ushort) * bits.Length), _stream.Handle));
        return tensor;
    }
}
