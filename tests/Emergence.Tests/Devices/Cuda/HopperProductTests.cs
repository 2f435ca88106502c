using System.Runtime.InteropServices;
using Emergence.Devices;
using Emergence.Devices.Cuda;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Products by warpgroups and the copy engine, against sums in double of the same bf16 numbers.</summary>
public sealed class HopperProductTests : IDisposable
{
    private const double Epsilon = 1.1920929e-7, Bf16Epsilon = 1.0 / 256;
    private const int Parts = 3, Most = 4;

    private readonly CudaDevice _device = new(EmulatorFixture.Kernels, warpgroups: true);
    private readonly Random _random = new(11);

    /// <summary>All three widths of a tile, edges in each direction, several tiles in a row, a ring that wraps.</summary>
    public static TheoryData<string, int, int, int> SizesOf(string layouts)
    {
        (int M, int N, int K)[] sizes = [(1, 1, 1), (3, 33, 31), (130, 257, 70), (257, 190, 130), (129, 128, 450), (65, 384, 64), (257, 600, 70)];
        var data = new TheoryData<string, int, int, int>();
        foreach (var layout in layouts.Split(' '))
        {
            foreach (var (m, n, k) in sizes)
                data.Add(layout, m, n, k);
        }

        return data;
    }

    private HopperProducts Products => _device.Hopper!;

    public void Dispose() => _device.Dispose();

    [Theory]
    [MemberData(nameof(SizesOf), "NT NN TN")]
    public void Sums_with_bias_activation_and_residual(string layoutName, int m, int n, int k)
    {
        var layout = Enum.Parse<ProductLayout>(layoutName);
        var ((a, left), (b, right)) = Operands(layout, m, n, k);
        var (bias, residual) = (Values(n), Values(m * n));
        using Tensor biasRow = Upload(bias, 1, n), added = Upload(residual, m, n), y = _device.Allocate(m, n);
        using (left)
        using (right)
            Products.Launch(layout, left, right, y, ProductKind.Float, biasRow, Activation.Relu, added);
        var found = Floats(y);
        Each(m, n, (i, j) =>
        {
            var (sum, size) = Dot(layout, a, b, m, n, k, i, j);
            var expected = Math.Max(0, sum + bias[j]) + residual[i * n + j];
            Assert.InRange(found[i * n + j], expected - Bound(k, size + 2), expected + Bound(k, size + 2));
        });
    }

    [Theory]
    [MemberData(nameof(SizesOf), "NT NN")]
    public void Activations_in_bf16(string layoutName, int m, int n, int k)
    {
        var layout = Enum.Parse<ProductLayout>(layoutName);
        var ((a, left), (b, right)) = Operands(layout, m, n, k);
        var bias = Values(n);
        using Tensor biasRow = Upload(bias, 1, n), memory = _device.Allocate(DType.BFloat16, m, Stride(n));
        var y = memory.ColumnRange(0, n);
        using (left)
        using (right)
            Products.Launch(layout, left, right, y, ProductKind.Activated, biasRow, Activation.LeakyRelu);
        var found = Halves(memory);
        Each(m, n, (i, j) =>
        {
            var (sum, size) = Dot(layout, a, b, m, n, k, i, j);
            var expected = Leaky(sum + bias[j]);
            var bound = Bound(k, size + 1) + Bf16Epsilon * Math.Abs(expected);
            Assert.InRange(found[i * Stride(n) + j], expected - bound, expected + bound);
        });
        AssertPadding(found, m, n);
    }

    [Theory]
    [MemberData(nameof(SizesOf), "NN")]
    public void Deltas_take_the_place_of_activations(string layoutName, int m, int n, int k)
    {
        var layout = Enum.Parse<ProductLayout>(layoutName);
        var ((a, left), (b, right)) = Operands(layout, m, n, k);
        var activation = Rounded(m * Stride(n));
        activation[0] = 0;
        using var memory = UploadHalves(activation, m, Stride(n));
        using (left)
        using (right)
            Products.Launch(layout, left, right, memory.ColumnRange(0, n), ProductKind.Gradient);
        var found = Halves(memory);
        Each(m, n, (i, j) =>
        {
            var (sum, size) = Dot(layout, a, b, m, n, k, i, j);
            var expected = activation[i * Stride(n) + j] > 0 ? sum : 0.01 * sum;
            var bound = Bound(k, size) + Bf16Epsilon * Math.Abs(expected);
            Assert.InRange(found[i * Stride(n) + j], expected - bound, expected + bound);
        });
    }

    /// <summary>Signs lie as an instruction's results do: a word of each thread for 64 columns of 64 rows; those past the edges are noise.</summary>
    [Theory]
    [MemberData(nameof(SizesOf), "NN")]
    public void Deltas_by_signs_in_bits(string layoutName, int m, int n, int k)
    {
        var layout = Enum.Parse<ProductLayout>(layoutName);
        var ((a, left), (b, right)) = Operands(layout, m, n, k);
        var words = new uint[HopperProducts.SignWords(m, n)];
        _random.NextBytes(MemoryMarshal.AsBytes(words.AsSpan()));
        using Tensor signs = _device.Allocate(DType.Int32, words.Length / 128, 128), memory = _device.Allocate(DType.BFloat16, m, Stride(n));
        _device.Upload(MemoryMarshal.AsBytes(words.AsSpan()), signs);
        using (left)
        using (right)
            Products.Launch(layout, left, right, memory.ColumnRange(0, n), ProductKind.Masked, signs: signs);
        var found = Halves(memory);
        Each(m, n, (i, j) =>
        {
            var (sum, size) = Dot(layout, a, b, m, n, k, i, j);
            var thread = i % 64 / 16 * 32 + i % 8 * 4 + j % 8 / 2;
            var bit = j % 64 / 16 * 4 + j % 16 / 8 * 2 + i % 16 / 8 + j % 2 * 16;
            var word = words[(i / 64 * ((n + 63) / 64) + j / 64) * 128 + thread];
            var expected = (word >> bit & 1) == 1 ? sum : 0.01 * sum;
            var bound = Bound(k, size) + Bf16Epsilon * Math.Abs(expected);
            Assert.InRange(found[i * Stride(n) + j], expected - bound, expected + bound);
        });
        AssertPadding(found, m, n);
    }

    [Theory]
    [InlineData(5, 33, 64)]
    [InlineData(130, 200, 1500)]
    public void Parts_along_k_add_up(int m, int n, int k)
    {
        var ((a, left), (b, right)) = Operands(ProductLayout.TN, m, n, k);
        var (count, length) = Products.SplitOf(m, n, k, Most);
        Assert.True(k <= 64 || count > 1);
        Assert.InRange(k, (count - 1) * length + 1, count * length);
        using var y = _device.Allocate(count * m, n);
        using (left)
        using (right)
            Assert.Equal(count, Products.LaunchParts(left, right, y, m, n, Most));
        var found = Floats(y);
        Each(m, n, (i, j) =>
        {
            var (sum, size) = Dot(ProductLayout.TN, a, b, m, n, k, i, j);
            var total = Enumerable.Range(0, count).Sum(part => (double)found[(part * m + i) * n + j]);
            Assert.InRange(total, sum - Bound(k, size), sum + Bound(k, size));
        });
    }

    /// <summary>Six products of three parts each are as exact as fp32; one and two parts are not.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(Parts)]
    public void Numbers_in_three_parts_keep_24_bits(int bParts)
    {
        const int M = 70, N = 33, K = 96;
        var (a, b) = (Values(M * K), bParts == 1 ? Rounded(N * K) : Values(N * K));
        using Tensor left = Split(a, M, K, Parts), right = Split(b, N, K, bParts), y = _device.Allocate(M, N);
        Products.Launch(ProductLayout.NT, left, right, y, ProductKind.Float, aParts: Parts, bParts: bParts);
        var found = Floats(y);
        Each(M, N, (i, j) =>
        {
            var (sum, size) = Dot(ProductLayout.NT, a, b, M, N, K, i, j);

            // The parts left out are 2^-24 of a product, and six sums are one chain.
            Assert.InRange(found[i * N + j], sum - Bound(6 * K, size), sum + Bound(6 * K, size));
            Assert.InRange(Math.Abs(found[i * N + j] - sum), 0, 4e-6 * size);
        });
    }

    /// <summary>The op itself, in single precision: operands in parts, stored weights, a bias of another type.</summary>
    [Theory]
    [InlineData(true, DType.Float32)]
    [InlineData(true, DType.BFloat16)]
    [InlineData(false, DType.Float32)]
    public void MatMul_is_as_exact_as_single_precision(bool transposeB, DType stored)
    {
        const int M = 9, N = 72, K = 80;
        var (a, b, bias) = (Values(M * K), stored == DType.BFloat16 ? Rounded(N * K) : Values(N * K), Rounded(N));
        var (rows, columns) = transposeB ? (N, K) : (K, N);
        using Tensor left = Upload(a, M, K), right = stored == DType.BFloat16 ? UploadHalves(b, rows, columns) : Upload(b, rows, columns), biasRow = UploadHalves(bias, 1, N), y = _device.Allocate(M, N);
        _device.MatMul(left, right, y, transposeB: transposeB, bias: biasRow);
        var found = Floats(y);
        Each(M, N, (i, j) =>
        {
            var (sum, size) = Dot(transposeB ? ProductLayout.NT : ProductLayout.NN, a, b, M, N, K, i, j);
            Assert.InRange(found[i * N + j] - (sum + bias[j]), -4e-6 * (size + 1), 4e-6 * (size + 1));
        });
    }

    /// <summary>The op where a lies transposed: sums over some rows at a time, which add up before what is added to them.</summary>
    [Fact]
    public void MatMul_over_rows_is_as_exact_as_single_precision()
    {
        const int M = 66, N = 72, K = 700;
        var (a, b, bias, residual) = (Values(K * M), Values(K * N), Values(N), Values(M * N));
        using Tensor left = Upload(a, K, M), right = Upload(b, K, N), biasRow = Upload(bias, 1, N), y = Upload(residual, M, N);
        _device.MatMul(left, right, y, transposeA: true, bias: biasRow, activation: Activation.LeakyRelu, residual: y);
        var found = Floats(y);
        Each(M, N, (i, j) =>
        {
            var (sum, size) = Dot(ProductLayout.TN, a, b, M, N, K, i, j);
            var expected = (sum + bias[j] > 0 ? 1 : 0.01) * (sum + bias[j]) + residual[i * N + j];
            Assert.InRange(found[i * N + j] - expected, -4e-6 * (size + 1), 4e-6 * (size + 1));
        });
    }

    /// <summary>A row's bytes do not depend on what else is in the product.</summary>
    [Fact]
    public void A_row_is_the_same_alone()
    {
        const int M = 200, N = 96, K = 130;
        var ((_, left), (_, right)) = Operands(ProductLayout.NT, M, N, K);
        using Tensor all = _device.Allocate(M, N), one = _device.Allocate(1, N);
        using (left)
        using (right)
        {
            Products.Launch(ProductLayout.NT, left, right, all, ProductKind.Float);
            Products.Launch(ProductLayout.NT, left.RowRange(150, 1), right, one, ProductKind.Float);
        }

        Assert.Equal(Floats(all)[(150 * N)..(151 * N)], Floats(one));
    }

    /// <summary>A chain of k roundings, each of at most an epsilon of a partial sum (tensor cores may truncate).</summary>
    private static double Bound(int k, double size) => (k + 4) * Epsilon * size;

    private static double Leaky(double v) => v > 0 ? v : 0.01 * v;

    private static int Stride(int columns) => (columns + 7) / 8 * 8;

    private static void Each(int m, int n, Action<int, int> check)
    {
        for (var i = 0; i < m; i++)
        {
            for (var j = 0; j < n; j++)
                check(i, j);
        }
    }

    private static void AssertPadding(float[] found, int m, int n)
    {
        for (var i = 0; i < m; i++)
            Assert.All(found[(i * Stride(n) + n)..((i + 1) * Stride(n))], v => Assert.Equal(0, v));
    }

    private static (double Sum, double Size) Dot(ProductLayout layout, float[] a, float[] b, int m, int n, int k, int i, int j)
    {
        double sum = 0, size = 0;
        for (var at = 0; at < k; at++)
        {
            var product = (double)(layout == ProductLayout.TN ? a[at * m + i] : a[i * k + at]) * (layout == ProductLayout.NT ? b[j * k + at] : b[at * n + j]);
            (sum, size) = (sum + product, size + Math.Abs(product));
        }

        return (sum, size);
    }

    private ((float[] A, Tensor Left), (float[] B, Tensor Right)) Operands(ProductLayout layout, int m, int n, int k)
    {
        var (aRows, aColumns) = layout == ProductLayout.TN ? (k, m) : (m, k);
        var (bRows, bColumns) = layout == ProductLayout.NT ? (n, k) : (k, n);
        var (a, b) = (Rounded(aRows * aColumns), Rounded(bRows * bColumns));
        return ((a, Split(a, aRows, aColumns, 1)), (b, Split(b, bRows, bColumns, 1)));
    }

    private float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(2 * _random.NextDouble() - 1))];

    /// <summary>Numbers that bf16 holds exactly.</summary>
    private float[] Rounded(int count) =>
        [.. Values(count).Select(v => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(v) & 0xffff0000))];

    private Tensor Upload(float[] values, int rows, int columns)
    {
        var tensor = _device.Allocate(rows, columns);
        _device.Upload(values, tensor);
        return tensor;
    }

    private Tensor UploadHalves(float[] values, int rows, int columns)
    {
        var tensor = _device.Allocate(DType.BFloat16, rows, columns);
        _device.Upload(MemoryMarshal.AsBytes(values.Select(v => (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)).ToArray().AsSpan()), tensor);
        return tensor;
    }

    /// <summary>Parts of (rows, columns) behind each other, by the kernel that makes them; rows are padded to 16 bytes.</summary>
    private Tensor Split(float[] values, int rows, int columns, int parts)
    {
        using var source = Upload(values, rows, columns);
        var memory = _device.Allocate(DType.BFloat16, parts * rows, Stride(columns));
        _device.SplitParts(source, memory.ColumnRange(0, columns), parts);
        return memory.ColumnRange(0, columns);
    }

    private float[] Floats(Tensor tensor)
    {
        var values = new float[tensor.Count];
        _device.Download(tensor, values);
        return values;
    }

    private float[] Halves(Tensor tensor)
    {
        var bits = new ushort[tensor.Count];
        _device.Download(tensor, MemoryMarshal.AsBytes(bits.AsSpan()));
        return [.. bits.Select(v => BitConverter.UInt32BitsToSingle((uint)v << 16))];
    }
}
