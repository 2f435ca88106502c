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
        float[] a = [.. OpCase.Values(random, rows * k).Select(v => (float)v)], b = [.. OpCase.Values(random, k * GemmKernel.MaxColumns).Select(v => (float)v)];
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
                        sum = MathF.FusedMultiplyAdd(a[row * k + i], b[i * GemmKernel.MaxColumns + column], sum);
                    Assert.Equal(sum + 0.5f, found[row * GemmKernel.MaxColumns + column]);
                }
            }
        }
    }
}
