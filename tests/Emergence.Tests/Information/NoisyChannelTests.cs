using Emergence.Information;

namespace Emergence.Tests.Information;

public sealed class NoisyChannelTests
{
    /// <summary>Four points on a line with unequal weights: the integral over y by the trapezoid rule is the truth.</summary>
    [Fact]
    public void A_toy_equals_quadrature()
    {
        float[] points = [-2, -1, 0.5f, 3];
        double[] counts = [1, 3, 2, 2];
        double[] sigmas = [0.1, 0.5, 1, 3];
        using var device = Cells.Open("reference");
        var curve = NoisyChannel.Curve(device, new(points, 1, counts), sigmas, 1, 0);
        for (var i = 0; i < sigmas.Length; i++)
            Assert.InRange(curve[i].Bits - Quadrature(points, counts, sigmas[i]), -4 * curve[i].StandardError - 1e-3,
                4 * curve[i].StandardError + 1e-3);
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void The_curve_falls_from_the_entropy(string name)
    {
        using var device = Cells.Open(name);
        var classes = Cells.Bijection(40, 16).Y;
        var curve = NoisyChannel.Curve(device, classes, [1e-3, 0.3, 1, 2, 5, 50], 3, 1);
        Assert.Equal(Math.Log2(40), curve[0].Bits, 1e-6);
        for (var i = 1; i < curve.Count; i++)
            Assert.True(curve[i].Bits <= curve[i - 1].Bits, $"{curve[i]} after {curve[i - 1]}");
        Assert.InRange(curve[^1].Bits, 0, 0.05);
    }

    private static double Quadrature(float[] points, double[] counts, double sigma)
    {
        var (total, mean, square) = (counts.Sum(), 0.0, 0.0);
        for (var k = 0; k < points.Length; k++)
            mean += counts[k] / total * points[k];
        for (var k = 0; k < points.Length; k++)
            square += counts[k] / total * (points[k] - mean) * (points[k] - mean);
        var (s, bits) = (sigma * Math.Sqrt(square), 0.0);
        const double Step = 1e-3;
        for (var y = -30.0; y < 30; y += Step)
        {
            var densities = points.Select(point => Math.Exp(-(y - point) * (y - point) / (2 * s * s)) / (s * Math.Sqrt(2 * Math.PI)))
                .ToArray();
            var mixture = densities.Zip(counts, (density, count) => density * count / total).Sum();
            for (var k = 0; k < points.Length; k++)
                bits += densities[k] > 1e-300 ? Step * counts[k] / total * densities[k] * Math.Log2(densities[k] / mixture) : 0;
        }

        return bits;
    }
}
