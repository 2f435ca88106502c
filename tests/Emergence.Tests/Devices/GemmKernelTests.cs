using Emergence.Devices.Cpu;

namespace Emergence.Tests.Devices;

/// <summary>All widths, those that this machine has no instructions for too: the runtime then takes shorter vectors.</summary>
public unsafe class GemmKernelTests
{
    [Theory]
    [InlineData(1, 6)]
    [InlineData(7, 6)]
    [InlineData(33, 1)]
    [InlineData(257, 5)]
    [InlineData(31, 7)]
    [InlineData(1, 11)]
    [InlineData(1, 12)]
    [InlineData(257, 12)]
    public void A_tile_is_one_chain_of_fused_multiply_adds_per_element(int k, int rows)
    {
        var random = new Random(k);
        float[] a = [.. OpCase.Values(random, rows * k).Select(v => (float)v)];
        float[] b = [.. OpCase.Values(random, k * GemmKernel.MaxColumns).Select(v => (float)v)];
        foreach (var kernel in GemmKernel.Table)
        {
            Assert.Contains(kernel.Rows, new[] { GemmKernel.LowRows, GemmKernel.MaxRows });
            var found = new float[GemmKernel.MaxRows * GemmKernel.MaxColumns];
            Array.Fill(found, 0.5f);
            fixed (float* left = a, right = b, c = found)
                kernel.Run(k, left, k, 1, right, c, GemmKernel.MaxColumns, rows, accumulate: true, right, 0, null);
            for (var row = 0; row < rows; row++)
            {
                for (var column = 0; column < kernel.Columns; column++)
                {
                    var sum = 0f;
                    for (var i = 0; i < k; i++)
                        sum = MathF.FusedMultiplyAdd(a[row * k + i], b[i * kernel.Columns + column], sum);
                    Assert.Equal(sum + 0.5f, found[row * GemmKernel.MaxColumns + column]);
                }
            }
        }
    }

    /// <summary>y = slope(mask, leaky(c + sum + bias) + residual), where the mask is what y held, as in a backward pass.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tile_ends_in_its_registers_and_leaves_the_sums_before_it(bool isLeaky)
    {
        const int K = 5, Stride = GemmKernel.MaxColumns + 3;
        var random = new Random(1);
        float[] Draw(int count) => [.. OpCase.Values(random, count).Select(v => (float)v)];
        foreach (var kernel in GemmKernel.Table)
        {
            float[] a = Draw(kernel.Rows * K), b = Draw(K * kernel.Columns), before = Draw(kernel.Rows * kernel.Columns);
            float[] bias = Draw(kernel.Columns), residual = Draw(kernel.Rows * Stride), y = Draw(kernel.Rows * Stride);
            float[] sums = [.. before], mask = [.. y];
            fixed (float* left = a, right = b, c = sums, to = y, add = bias, other = residual)
            {
                var end = new TileEnd
                {
                    Y = to,
                    StrideY = Stride,
                    Bias = add,
                    IsLeaky = isLeaky,
                    Residual = other,
                    ResidualStride = Stride,
                    Mask = to,
                    MaskStride = Stride,
                };
                kernel.Run(K, left, K, 1, right, c, kernel.Columns, kernel.Rows, accumulate: true, right, 0, &end);
            }

            Assert.Equal(before, sums);
            for (var row = 0; row < kernel.Rows; row++)
            {
                for (var column = 0; column < Stride; column++)
                {
                    var at = row * Stride + column;
                    var expected = mask[at];
                    if (column < kernel.Columns)
                    {
                        var sum = 0f;
                        for (var i = 0; i < K; i++)
                            sum = MathF.FusedMultiplyAdd(a[row * K + i], b[i * kernel.Columns + column], sum);
                        sum = before[row * kernel.Columns + column] + sum + bias[column];
                        sum = (isLeaky && sum < 0 ? sum * 0.01f : sum) + residual[at];
                        expected = mask[at] > 0 ? sum : sum * 0.01f;
                    }

                    Assert.Equal(expected, y[at]);
                }
            }
        }
    }
}
