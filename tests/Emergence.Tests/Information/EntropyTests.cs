using System.Text.Json;
using Emergence.Information.Exact;
using Emergence.Information.Statistics;

namespace Emergence.Tests.Information;

public class EntropyTests
{
    [Fact]
    public void Estimators_equal_independent_values()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(TestData.Golden("entropy.json")));
        var rows = golden.RootElement.GetProperty("rows").EnumerateArray().ToList();
        Assert.Equal(6, rows.Count);
        foreach (var row in rows)
        {
            long[] counts = [.. row.GetProperty("counts").EnumerateArray().Select(count => count.GetInt64())];
            var estimates = Entropy.Estimate(counts).ToDictionary(estimate => estimate.Name);
            void Check(string name, string property) => Assert.Equal(row.GetProperty(property).GetDouble(), estimates[name].Bits, 1e-12);
            Check("plug-in", "plugin_bits");
            Check("miller-madow", "miller_madow_bits");
            Check("grassberger", "grassberger_bits");
            Check("chao-shen", "chao_shen_bits");
            Assert.All(estimates.Values, estimate =>
                Assert.Equal(row.GetProperty("plugin_se_bits").GetDouble(), estimate.StandardError, 1e-12));
        }
    }

    [Theory]
    [InlineData(1.0, -0.57721566490153286)]
    [InlineData(0.5, -1.9635100260214235)]
    [InlineData(10.0, 2.2517525890667211)]
    [InlineData(0.25, -4.2274535333762654)]
    public void Digamma_equals_tabled_values(double x, double expected) =>
        Assert.Equal(expected, SpecialFunctions.Digamma(x), 1e-13);

    /// <summary>The sum over classes not seen term by term, as the paper writes it, where nothing cancels.</summary>
    [Fact]
    public void Chao_Wang_Jost_adds_what_was_not_seen()
    {
        long[] counts = [1, 1, 1, 1, 2, 2, 3, 5];
        const double N = 16, Once = 4, Twice = 2;
        var share = 2 * Twice / ((N - 1) * Once + 2 * Twice);
        var nats = counts.Sum(count => count / N * Enumerable.Range((int)count, (int)(N - count)).Sum(k => 1.0 / k));
        nats += Once / N * Math.Pow(1 - share, 1 - N)
            * (-Math.Log(share) - Enumerable.Range(1, (int)N - 1).Sum(r => Math.Pow(1 - share, r) / r));
        Assert.Equal(nats / Math.Log(2), Entropy.ChaoWangJost(counts), 1e-9);
    }
}
