using BenchmarkDotNet.Attributes;
using Emergence.Information.Exact;

namespace Emergence.Benchmarks.Host;

/// <summary>All entropy estimates of one vector of counts, as a prefix of a data set has them.</summary>
public class EntropyBenchmarks
{
    private long[] _counts = [];

    [Params(257, 15_600)]
    public int Prefixes { get; set; }

    [GlobalSetup]
    public void Draw()
    {
        var random = new Random(1);
        _counts = [.. Enumerable.Range(0, Prefixes).Select(_ => (long)random.Next(1, 40))];
    }

    [Benchmark]
    public object Estimate() => Entropy.Estimate(_counts);
}
