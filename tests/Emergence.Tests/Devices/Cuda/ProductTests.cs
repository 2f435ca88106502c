using Emergence.Devices;
using Emergence.Devices.Cuda;
using Emergence.Devices.Reference;
using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>Products on tensor cores against sums in double of the same bf16 operands.</summary>
public sealed class ProductTests
{
    private readonly Random _random = new(6);

    public static TheoryData<string, int, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int, int>();
            foreach (var layout in Enum.GetNames<ProductLayout>())
            {
                foreach (var (m, n, k) in new[] { (1, 1, 1), (3, 31, 33), (31, 33, 257), (33, 257, 3), (257, 3, 31), (129, 96, 65), (130, 192, 40) })
                    cases.Add(layout, m, n, k);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Products_of_every_kind(string name, int m, int n, int k)
    {
        using var device = Bf16.Device();
        using var c = new Case(device, _random, Enum.Parse<ProductLayout>(name), m, n, k);
        float[] bias = [.. OpCase.Values(_random, n).Select(v => (float)v)], added = [.. OpCase.Values(_random, m * n).Select(v => (float)v)];
        using Tensor b = device.Allocate(1, n), wide = device.Allocate(m, n + 3), y = Bf16.Upload(device, Bf16.Values(_random, m * n), m, n);
        device.Upload(bias, b);

        device.ProductActivated(c.Layout, c.A, c.B, y, b, Activation.LeakyRelu);
        Check(Bf16.Download(device, y), i => ReferenceFunctions.Apply(Activation.LeakyRelu, c.Sum[i] + bias[i % n]), (i, value) => Error(i) + Bf16.Unit * Math.Abs(value));
        Assert.True(Bf16.IsUntouchedBehind(device, y));

        var before = Bf16.Download(device, y);
        device.ProductGradient(c.Layout, c.A, c.B, y);
        Check(Bf16.Download(device, y), i => c.Sum[i] * (before[i] > 0 ? 1 : 0.01), (i, value) => Error(i) + Bf16.Unit * Math.Abs(value));

        // Three columns to the right of it: no row starts at a multiple of 16 bytes.
        var target = wide.ColumnRange(3, n);
        using var residual = device.Allocate(m, n);
        device.Upload(added, residual);
        device.ProductFloat(c.Layout, c.A, c.B, target, b, Activation.GeluErf, residual);
        var found = new double[m * n];
        device.Download(target, found);
        Check(found, i => ReferenceFunctions.Apply(Activation.GeluErf, c.Sum[i] + bias[i % n]) + added[i], (i, value) => 1.2 * Error(i) + 4 * Bf16.Step * (Math.Abs(value) + Math.Abs(added[i])));

        // k products, exact in single precision, and the bias.
        double Error(int i) => (k + 2) * Bf16.Step * (c.Size[i] + Math.Abs(bias[i % n]));
    }

    [Theory]
    [InlineData(1024, 3, 5)]
    [InlineData(3000, 33, 31)]
    [InlineData(2049, 1, 130)]
    public void Long_sums_are_cut_and_added_in_order(int k, int m, int n)
    {
        using var device = Bf16.Device();
        using var c = new Case(device, _random, ProductLayout.TN, m, n, k);
        using Tensor y = device.Allocate(m, n), first = device.Allocate(1, n);
        device.ProductSplit(c.A, c.B, y);
        var found = OpCase.Read(device, y);
        Check(found, i => c.Sum[i], (i, _) => 1030 * Bf16.Step * c.Size[i]);
        device.ProductSplit(c.A.ColumnRange(0, 1), c.B, first);
        Assert.Equal(found[..n], OpCase.Read(device, first));
    }

    /// <summary>A row's bytes do not depend on the rows beside it, nor a column's on the tile it falls into.</summary>
    [Theory]
    [InlineData("NT")]
    [InlineData("NN")]
    public void Rows_and_columns_stand_for_themselves(string name)
    {
        using var device = Bf16.Device();
        using var c = new Case(device, _random, Enum.Parse<ProductLayout>(name), 131, 128, 70);
        using Tensor all = device.Allocate(131, 128), some = device.Allocate(2, 40);
        device.ProductFloat(c.Layout, c.A, c.B, all, null, Activation.None, null);
        device.ProductFloat(c.Layout, c.A.RowRange(129, 2), c.Layout == ProductLayout.NT ? c.B.RowRange(0, 40) : c.B.ColumnRange(0, 40), some, null, Activation.None, null);
        Assert.Equal(OpCase.Read(device, all.RowRange(129, 2).ColumnRange(0, 40)), OpCase.Read(device, some));
    }

    /// <summary>Every piece of shared memory is waited for: any order of a block's threads gives the same bytes.</summary>
    [Fact]
    public void Thread_order_does_not_matter()
    {
        using var device = Bf16.Device();
        using Tensor y = device.Allocate(70, 130);
        using var c = new Case(device, _random, ProductLayout.TN, 70, 130, 200);
        var seen = new List<double[]>();
        try
        {
            foreach (var (order, seed) in ((int, int)[])[(0, 1), (1, 1), (2, 1), (2, 2)])
            {
                EmulatorFixture.Order(EmulatorFixture.Kernels, order, seed);
                device.ProductFloat(c.Layout, c.A, c.B, y, null, Activation.None, null);
                seen.Add(OpCase.Read(device, y));
            }
        }
        finally
        {
            EmulatorFixture.Order(EmulatorFixture.Kernels, 0);
        }

        Assert.All(seen, values => Assert.Equal(seen[0], values));
        Assert.DoesNotContain(seen[0], double.IsNaN);
    }

    /// <summary>The op MatMul in bf16: both operands are rounded, weights that are stored in bf16 are used as they lie.</summary>
    [Theory]
    [InlineData(DType.Float32, true)]
    [InlineData(DType.Float32, false)]
    [InlineData(DType.BFloat16, true)]
    [InlineData(DType.Float16, true)]
    public void MatMul_rounds_its_operands(DType type, bool transpose)
    {
        const int M = 5, N = 33, K = 70;
        using var device = Bf16.Device();
        var (a, b, bias) = (OpCase.Values(_random, M * K), Bf16.Values(_random, N * K), Bf16.Values(_random, N));
        using Tensor left = device.Allocate(M, K), y = device.Allocate(M, N), row = Bf16.Upload(device, bias, 1, N), right = Right();
        device.Upload(a, left);
        device.MatMul(left, right, y, transposeB: transpose, bias: row);
        var found = OpCase.Read(device, y);
        for (var i = 0; i < found.Length; i++)
        {
            double sum = bias[i % N], size = Math.Abs(sum);
            for (var k = 0; k < K; k++)
            {
                var product = Bf16.Round(a[i / N * K + k]) * b[transpose ? i % N * K + k : k * N + i % N];
                (sum, size) = (sum + product, size + Math.Abs(product));
            }

            Assert.InRange(found[i] - sum, -(K + 2) * Bf16.Step * size, (K + 2) * Bf16.Step * size);
        }

        Tensor Right()
        {
            var (rows, columns) = transpose ? (N, K) : (K, N);
            if (type == DType.BFloat16)
                return Bf16.Upload(device, b, rows, columns);
            var tensor = device.Allocate(type, rows, columns);
            if (type == DType.Float32)
                device.Upload(b, tensor);
            else
                device.Upload(System.Runtime.InteropServices.MemoryMarshal.AsBytes(b.Select(v => (Half)v).ToArray().AsSpan()), tensor);
            return tensor;
        }
    }

    private static void Check(double[] found, Func<int, double> expected, Func<int, double, double> tolerance)
    {
        for (var i = 0; i < found.Length; i++)
        {
            var value = expected(i);
            Assert.True(Math.Abs(found[i] - value) <= tolerance(i, value), $"element {i}: expected {value}, found {found[i]}, tolerance {tolerance(i, value)}");
        }
    }

    private sealed class Case : IDisposable
    {
        public Case(Device device, Random random, ProductLayout layout, int m, int n, int k)
        {
            Layout = layout;
            var (a, b) = (Bf16.Values(random, m * k), Bf16.Values(random, n * k));
            A = layout == ProductLayout.TN ? Bf16.Upload(device, a, k, m) : Bf16.Upload(device, a, m, k);
            B = layout == ProductLayout.NT ? Bf16.Upload(device, b, n, k) : Bf16.Upload(device, b, k, n);
            (Sum, Size) = (new double[m * n], new double[m * n]);
            for (var i = 0; i < m * n; i++)
            {
                for (var t = 0; t < k; t++)
                {
                    var product = a[layout == ProductLayout.TN ? t * m + i / n : i / n * k + t] * b[layout == ProductLayout.NT ? i % n * k + t : t * n + i % n];
                    (Sum[i], Size[i]) = (Sum[i] + product, Size[i] + Math.Abs(product));
                }
            }
        }

        public ProductLayout Layout { get; }

        public Tensor A { get; }

        public Tensor B { get; }

        /// <summary>Sum of the products, and of their sizes.</summary>
        public double[] Sum { get; }

        public double[] Size { get; }

        public void Dispose()
        {
            A.Buffer.Dispose();
            B.Buffer.Dispose();
        }
    }
}
