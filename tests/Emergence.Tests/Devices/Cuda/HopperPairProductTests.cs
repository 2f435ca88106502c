using System.Runtime.InteropServices;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Products whose operand is formed from pairs of rows, against sums in double of the same bf16 numbers.</summary>
public sealed class HopperPairProductTests : IDisposable
{
    private const double Epsilon = 1.1920929e-7, Bf16Epsilon = 1.0 / 256;
    private const int Classes = 37;

    private readonly CudaDevice _device;
    private readonly Random _random = new(5);

    public HopperPairProductTests()
        : this(EmulatorFixture.Kernels)
    {
    }

    private HopperPairProductTests(CudaDriver driver) => _device = new(driver, warpgroups: true);

    public void Dispose() => _device.Dispose();

    /// <summary>Threads in reverse (1) and at random (2), in a library of its own, so that no other test runs in this order.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    [InlineData(2, 3)]
    [InlineData(2, 4)]
    [InlineData(2, 5)]
    [InlineData(2, 6)]
    public void Sums_stay_within_their_bounds_in_any_order(int order, int seed)
    {
        var driver = EmulatorFixture.Copy();
        EmulatorFixture.Order(driver, order, seed);
        using var ordered = new HopperPairProductTests(driver);
        ordered.By_rows_adds_parts_and_the_sums_of_columns(700, 136, 200);
        ordered.By_rows_adds_parts_and_the_sums_of_columns(130, 104, 72);
        ordered.Forward_forms_its_operand_and_keeps_the_signs(257, 200, 136);
        ordered.Forward_forms_its_operand_and_keeps_the_signs(600, 392, 136);
    }

    /// <summary>Both widths of a tile, edges in each direction, rings that wrap; 600 rows are three tiles for each of the emulator's clusters.</summary>
    [Theory]
    [InlineData(1, 8, 8)]
    [InlineData(130, 100, 72)]
    [InlineData(257, 200, 136)]
    [InlineData(65, 384, 64)]
    [InlineData(129, 392, 456)]
    [InlineData(600, 392, 136)]
    public void Forward_forms_its_operand_and_keeps_the_signs(int m, int n, int k)
    {
        var pairs = new Pairs(_random, m, k, isActivated: true);
        var (weight, bias) = (Bf16.Values(_random, n * k), Bf16.Values(_random, n));
        using var rows = pairs.Upload(_device);
        using Tensor w = Halves(weight, n, k), b = Floats(bias, 1, n), y = _device.Allocate(DType.BFloat16, m, Stride(n)), signs = _device.Allocate(DType.Int32, 1, (int)HopperProducts.SignWords(m, k));
        _device.HopperPairs!.Forward(rows.Rows, w, b, y.ColumnRange(0, n), signs);
        var (found, words) = (Read<ushort>(y), Read<uint>(signs));
        for (var i = 0; i < m; i++)
        {
            var row = pairs.Row(i);
            for (var j = 0; j < n; j++)
            {
                var (sum, size) = (bias[j], 1.0);
                for (var at = 0; at < k; at++)
                    (sum, size) = (sum + row[at] * weight[j * k + at], size + Math.Abs(row[at] * weight[j * k + at]));
                var expected = sum > 0 ? sum : 0.01 * sum;
                var value = (double)BitConverter.UInt32BitsToSingle((uint)found[i * Stride(n) + j] << 16);
                Assert.InRange(value, expected - Bound(k, size) - Bf16Epsilon * Math.Abs(expected), expected + Bound(k, size) + Bf16Epsilon * Math.Abs(expected));
            }

            for (var at = 0; at < k; at++)
                Assert.Equal(row[at] > 0, Sign(words, i, at, k));
        }
    }

    [Theory]
    [InlineData(1, 8, 8)]
    [InlineData(130, 104, 72)]
    [InlineData(700, 136, 200)]
    [InlineData(1500, 120, 190)]
    public void By_rows_adds_parts_and_the_sums_of_columns(int k, int m, int n)
    {
        foreach (var (isActivated, isTransposed) in new[] { (true, true), (false, false) })
        {
            var pairs = new Pairs(_random, k, m, isActivated);
            var x = Bf16.Values(_random, k * n);
            const int Most = 4;
            using var rows = pairs.Upload(_device);
            using Tensor right = Halves(x, k, n), parts = _device.Allocate(1, Most * m * n), sums = _device.Allocate(1, Most * m);
            var count = _device.HopperPairs!.ByRows(rows.Rows, right, parts, isTransposed, isTransposed ? null : sums, Most);
            Assert.True(k < 1000 || count > 1);
            var (found, totals) = (Read<float>(parts), Read<float>(sums));
            var formed = Enumerable.Range(0, k).Select(pairs.Row).ToArray();
            for (var i = 0; i < m; i++)
            {
                for (var j = 0; j < n; j++)
                {
                    var (sum, size) = (0.0, 0.0);
                    for (var at = 0; at < k; at++)
                        (sum, size) = (sum + formed[at][i] * x[at * n + j], size + Math.Abs(formed[at][i] * x[at * n + j]));
                    var total = Enumerable.Range(0, count).Sum(part => (double)found[part * m * n + (isTransposed ? j * m + i : i * n + j)]);
                    Assert.InRange(total, sum - Bound(k, size), sum + Bound(k, size));
                }

                if (!isTransposed)
                {
                    // Summed before they are rounded to bf16.
                    var (sum, size) = (formed.Sum(row => row[i]), formed.Sum(row => Math.Abs(row[i])));
                    Assert.InRange(Enumerable.Range(0, count).Sum(part => (double)totals[part * m + i]), sum - Bf16Epsilon * size, sum + Bf16Epsilon * size);
                }
            }
        }
    }

    /// <summary>A chain of k roundings, each of at most an epsilon of a partial sum (tensor cores may truncate).</summary>
    private static double Bound(int k, double size) => (k + 4) * Epsilon * size;

    private static int Stride(int columns) => (columns + 7) / 8 * 8;

    /// <summary>As kernels/sm90 lay them out: of 64 rows and 64 columns the words of a warpgroup's threads, bits as fragments have the elements.</summary>
    private static bool Sign(uint[] words, int row, int column, int columns)
    {
        var word = (row / 64 * ((columns + 63) / 64) + column / 64) * 128 + row % 64 / 16 * 32 + row % 8 * 4 + column % 8 / 2;
        var bit = column % 64 / 16 * 4 + column % 16 / 8 * 2 + row % 16 / 8 + column % 2 * 16;
        return (words[word] >> bit & 1) != 0;
    }

    private Tensor Halves(double[] values, int rows, int columns) => Bf16.Upload(_device, values, rows, columns);

    private Tensor Floats(double[] values, int rows, int columns)
    {
        var tensor = _device.Allocate(rows, columns);
        _device.Upload(values, tensor);
        return tensor;
    }

    private T[] Read<T>(Tensor tensor)
        where T : unmanaged
    {
        var values = new T[tensor.Count];
        _device.Download(tensor, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>Rows of two matrices, and which of them meet.</summary>
    private sealed class Pairs(Random random, int count, int columns, bool isActivated)
    {
        private readonly double[] _p = Bf16.Values(random, Classes * columns), _q = Bf16.Values(random, Classes * columns);
        private readonly int[] _a = [.. Enumerable.Range(0, count).Select(_ => random.Next(Classes))], _b = [.. Enumerable.Range(0, count).Select(_ => random.Next(Classes))];

        /// <summary>As the operand has it.</summary>
        public double[] Row(int i) => [.. Enumerable.Range(0, columns).Select(at =>
        {
            var sum = (float)Bf16.Round((float)_p[_a[i] * columns + at] + (float)_q[_b[i] * columns + at]);
            return Bf16.Round(isActivated && sum <= 0 ? 0.01f * sum : sum);
        })];

        public Operand Upload(CudaDevice device) =>
            new(new(Bf16.Upload(device, _p, Classes, columns), device.AllocateIndices(_a), Bf16.Upload(device, _q, Classes, columns), device.AllocateIndices(_b), isActivated));
    }

    private sealed record Operand(PairRows Rows) : IDisposable
    {
        public void Dispose()
        {
            foreach (var tensor in new[] { Rows.P, Rows.A, Rows.Q, Rows.B })
                tensor.Dispose();
        }
    }
}
