using Emergence.Devices.Critics;
using Emergence.Devices.Randomness;

namespace Emergence.Tests.Devices;

/// <summary>Every device draws the pairs that the sources draw on the host, bit for bit.</summary>
public class DrawPairsTests
{
    private static readonly (ulong Seed, uint Cell, int Step)[] s_draws =
        [(0, 0, 0), (1, 2, 3), (ulong.MaxValue, uint.MaxValue, int.MaxValue), (0x8000_0000_0000_0001, 7, 1999), (42, 0x8000_0000, 12)];

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Shuffles(string name)
    {
        foreach (var n in new[] { 1, 2, 3, 31, 33, 257, 1000 })
            Check(name, new ShuffledPairs(n));
        var random = new Random(1);
        Check(
            name,
            new ShuffledPairs(
                [.. Enumerable.Range(0, 333).Select(_ => random.Next(20))], [.. Enumerable.Range(0, 333).Select(_ => random.Next(50))]));
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Pairs_off_the_support(string name)
    {
        var random = new Random(2);
        (int X, int Y, double Share, int Count)[] cases =
            [(1, 2, 0.0, 1), (3, 4, 0.6, 130), (31, 33, 0.9, 257), (257, 3, 0.5, 1000), (1000, 777, 0.01, 129)];
        foreach (var (x, y, share, count) in cases)
        {
            double[] u = [.. Enumerable.Range(0, x).Select(_ => Math.Exp(3 * random.NextDouble()))];
            double[] v = [.. Enumerable.Range(0, y).Select(i => i == 0 ? 1 : random.Next(4))];

            // Pair (0, 0) stays off the support, so that there is something to draw.
            var support = (
                from a in Enumerable.Range(0, x) from b in Enumerable.Range(0, y) where a + b > 0
                    && random.NextDouble() < share select (a, b)).ToArray();
            Check(name, new OffSupportPairs(count, new AliasTable(u), new AliasTable(v), support));
            Check(
                name, new OffSupportPairs(
                    count, new AliasTable(u), new AliasTable([.. v.Select(_ => 1.0)]), support, RandomStream.HeldOut));
        }
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void Pairs_of_a_list_and_others(string name)
    {
        int[] a = [0, 0, 2, 2, 2], b = [1, 3, 0, 1, 3];
        (int, int)[] left = [.. a.Zip(b), (1, 1)];
        var even = new AliasTable([1, 1, 1]);
        foreach (var draws in new[] { 1, 31, 400 })
        {
            var others = new OffSupportPairs(33, even, new AliasTable([4, 1, 2, 1]), [.. left.Order()]);
            Check(name, new ListedPairs(draws, new AliasTable([1, 0, 3, 2, 5]), a, b, others));
        }
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void A_source_that_only_the_host_knows(string name)
    {
        Check(name, new Counting());
        Check(name, PairSource.None);
    }

    private static void Check(string name, PairSource source)
    {
        var device = TestDevices.Get(name);
        foreach (var (seed, cell, step) in s_draws)
        {
            var (hostA, hostB) = (new int[source.Count], new int[source.Count]);
            source.Draw(seed, cell, step, hostA, hostB);
            using var a = device.AllocateIndices(new int[source.Count]);
            using var b = device.AllocateIndices(new int[source.Count]);
            device.DrawPairs(source, seed, cell, step, a, b);
            Assert.Equal(hostA, Read(a));
            Assert.Equal(hostB, Read(b));
        }

        int[] Read(Emergence.Devices.Tensors.Tensor tensor)
        {
            var values = new int[tensor.Rows];
            device.Download(tensor, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        }
    }

    private sealed class Counting : PairSource
    {
        public override int Count => 5;

        public override void Draw(ulong seed, uint cell, int step, Span<int> a, Span<int> b)
        {
            for (var i = 0; i < Count; i++)
                (a[i], b[i]) = (i, step - i);
        }
    }
}
