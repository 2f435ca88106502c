using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Reference;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>What only this device has: pieces that a grid, a chunk or a path of 32 positions ends, and thread order.</summary>
public sealed class CudaDeviceTests
{
    private const double Epsilon = 1.1920929e-7;

    private readonly Random _random = new(4);

    /// <summary>Sums cut along k, here into 5 parts, are right and independent of the number of rows.</summary>
    [Fact]
    public void Long_sums_are_cut_and_added_in_order()
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels);
        const int K = 10_000, M = 5, N = 3;
        var (a, b) = (Values(K * M), Values(K * N));
        using Tensor left = Upload(device, a, K, M), right = Upload(device, b, K, N), y = device.Allocate(M, N), first = device.Allocate(1, N);
        device.MatMul(left, right, y, transposeA: true);
        device.MatMul(left.ColumnRange(0, 1), right, first, transposeA: true);
        var found = Download(device, y);
        for (var i = 0; i < M; i++)
        {
            for (var j = 0; j < N; j++)
            {
                double sum = 0, size = 0;
                for (var k = 0; k < K; k++)
                {
                    var product = (double)a[k * M + i] * b[k * N + j];
                    (sum, size) = (sum + product, size + Math.Abs(product));
                }

                // A part is a chain of 2,048 roundings, each of at most half an epsilon of a partial sum.
                Assert.InRange(found[i * N + j], sum - 2048 * Epsilon * size, sum + 2048 * Epsilon * size);
            }
        }

        Assert.Equal(found[..N], Download(device, first));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1023)]
    [InlineData(1025)]
    [InlineData(3000)]
    public void Sums_of_rows_cross_chunks(int rows)
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels);
        var x = Values(rows * 33);
        using Tensor matrix = Upload(device, x, rows, 33), sums = device.Allocate(1, 33);
        device.SumRows(matrix, sums);
        var found = Download(device, sums);
        for (var c = 0; c < 33; c++)
        {
            var column = Enumerable.Range(0, rows).Select(r => (double)x[r * 33 + c]).ToArray();
            Assert.InRange(found[c] - column.Sum(), -140 * Epsilon * column.Sum(Math.Abs), 140 * Epsilon * column.Sum(Math.Abs));
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1000, 3)]
    [InlineData(257, 300)]
    public void Sums_by_index_keep_the_order_of_the_rows(int rows, int classes)
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels);
        var (x, index) = (Values(rows * 5), Enumerable.Range(0, rows).Select(_ => _random.Next(classes)).ToArray());
        using Tensor matrix = Upload(device, x, rows, 5), classOf = device.AllocateIndices(index), sums = device.Allocate(classes, 5);
        device.SumByIndex(matrix, classOf, sums);
        var expected = new float[classes * 5];
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < 5; c++)
                expected[index[r] * 5 + c] += x[r * 5 + c];
        }

        Assert.Equal(expected, Download(device, sums));
    }

    /// <summary>Paths of 31, 32, 33 and 70 positions, with and without a window, against the reference in double.</summary>
    [Theory]
    [InlineData(31, 0)]
    [InlineData(33, 0)]
    [InlineData(70, 0)]
    [InlineData(70, 40)]
    public void Attention_goes_on_after_32_positions(int length, int window)
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels);
        using var reference = new ReferenceDevice();
        var shape = new AttentionShape(new HeadLayout(4, 40, 40), new HeadLayout(2, 40, 40), 0.3f, window, 20);
        float[] q = Values(length * 160), k = Values(length * 80), v = Values(length * 80);
        int[] parents = [.. Enumerable.Range(-1, length)];
        var (found, expected) = (Attend(device), Attend(reference));
        for (var i = 0; i < found.Length; i++)
            Assert.InRange(found[i] - expected[i], -100 * Epsilon, 100 * Epsilon);

        float[] Attend(Device on)
        {
            using Tensor tq = Upload(on, q, length, 160), tk = Upload(on, k, length, 80), tv = Upload(on, v, length, 80), before = on.AllocateIndices(parents), y = on.Allocate(length, 160);
            on.Attention(tq, tk, tv, before, y, shape);
            return Download(on, y);
        }
    }

    /// <summary>Whatever order the threads of a block run in, a step of training gives the same bytes.</summary>
    [Fact]
    public void Thread_order_does_not_matter()
    {
        var seen = new List<float[]>();
        try
        {
            foreach (var (order, seed) in ((int, int)[])[(0, 1), (1, 1), (2, 1), (2, 2)])
            {
                EmulatorFixture.Order(EmulatorFixture.Kernels, order, seed);
                seen.Add(OneStep());
            }
        }
        finally
        {
            EmulatorFixture.Order(EmulatorFixture.Kernels, 0);
        }

        Assert.All(seen, values => Assert.Equal(MemoryMarshal.AsBytes<float>(seen[0]), MemoryMarshal.AsBytes<float>(values)));
        Assert.DoesNotContain(seen[0], float.IsNaN);

        static float[] OneStep()
        {
            using var device = new CudaDevice(EmulatorFixture.Kernels);
            var shape = new CriticShape(7, 5, 33, 10, 1);
            var random = new Random(9);
            float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.5f)];
            int[] Rows(int count, int below) => [.. Enumerable.Range(0, count).Select(_ => random.Next(below))];
            const int Pairs = 67;
            double[] weights = [.. Enumerable.Repeat(1.0 / Pairs, Pairs)];
            using Tensor x = Upload(device, Draw(9 * 7), 9, 7), y = Upload(device, Draw(8 * 5), 8, 5);
            using var training = new CriticTraining(device, shape, x, y, Rows(Pairs, 9), Rows(Pairs, 8), weights, weights, Emergence.Devices.Critics.PairSource.None, Draw(shape.ParameterCount)) { Rate = _ => 0.01 };
            training.Take(device, 3);
            return [.. Download(device, training.Parameters), (float)training.Values[^1].Bits];
        }
    }

    [Fact]
    public void A_machine_without_a_driver_is_told_so()
    {
        if (CudaLibrary.HasDriver)
            Assert.Skip("this machine has an NVIDIA driver");
        var error = Assert.Throws<EmergenceException>(() => DeviceTable.Create("cuda", new DeviceOptions()));
        Assert.StartsWith("no NVIDIA driver: libcuda.so.1 was not found", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_sizes_are_refused()
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels);
        using var matrix = device.Allocate(2, 3);
        Assert.Throws<ArgumentException>(() => device.Upload(new byte[5], matrix));
        Assert.Throws<ArgumentException>(() => device.Download(matrix, new byte[5]));
    }

    private static Tensor Upload(Device device, float[] values, int rows, int columns)
    {
        var tensor = device.Allocate(rows, columns);
        device.Upload(values, tensor);
        return tensor;
    }

    private static float[] Download(Device device, Tensor tensor)
    {
        var values = new float[tensor.Count];
        device.Download(tensor, values);
        return values;
    }

    private float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)_random.NextDouble() - 0.5f)];
}
