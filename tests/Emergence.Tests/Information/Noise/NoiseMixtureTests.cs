using Emergence.Information.Exact;
using Emergence.Information.Noise;
using Emergence.Measurement.Grid;

namespace Emergence.Tests.Information.Noise;

public sealed class NoiseMixtureTests
{
    private const double Inside = 1.96;

    /// <summary>Repetitions of each case whose intervals are held against the integral.</summary>
    private const string Repeats = "EMERGENCE_TEST_COVERAGE";

    private static readonly double[] s_sigmas = [0.3, 0.5, 1, 2, 4];

    public static TheoryData<string, double> Cases
    {
        get
        {
            var data = new TheoryData<string, double>();
            foreach (var channel in KnownChannel.All)
            {
                foreach (var sigma in s_sigmas)
                    data.Add(channel.Name, sigma);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_value_is_the_integral_within_its_error(string name, double sigma)
    {
        var channel = KnownChannel.All.Single(channel => channel.Name == name);
        var value = Read("cpu", channel.Side, sigma, seed: 5, pairs: 4096);

        Assert.InRange(value.Bits - channel.Bits(sigma), -4 * value.StandardErrorBits - 1e-5, 4 * value.StandardErrorBits + 1e-5);
        Assert.InRange(value.StandardErrorBits, 0, 0.02);
    }

    /// <summary>
    /// As often as the grid draws, over all cases together. A difference below 1e-4 bits, which no table shows, counts as none: where noise
    /// costs so little, no draw meets what it costs.
    /// </summary>
    [Fact]
    public void Intervals_hold_the_integral_in_95_of_100()
    {
        var (held, all, cases) = (0, 0, new List<string>());
        var repeats = ulong.TryParse(Environment.GetEnvironmentVariable(Repeats), out var asked) ? asked : 50;
        foreach (var channel in KnownChannel.All)
        {
            foreach (var sigma in s_sigmas)
            {
                var (truth, before) = (channel.Bits(sigma), held);
                for (ulong seed = 1; seed <= repeats; seed++)
                {
                    var value = Read("cpu", channel.Side, sigma, seed, NoiseSettings.Pairs);
                    held += Math.Abs(value.Bits - truth) <= Math.Max(Inside * value.StandardErrorBits, 1e-4) ? 1 : 0;
                    all++;
                }

                cases.Add(FormattableString.Invariant($"{channel.Name}, sigma {sigma}: {held - before} of {repeats}, {truth:0.0000} bits"));
            }
        }

        // 1,000 intervals: SD 0.7 of 100, three of them.
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join("\n", cases));
        Assert.True((double)held / all >= 0.93, $"{held} of {all}\n{string.Join("\n", cases)}");
    }

    /// <summary>The difference of two sides has the error of the difference, because both see the same draws.</summary>
    [Fact]
    public void Intervals_of_differences_hold_what_is_known_and_are_empty_between_equals()
    {
        var (whole, alone) = (KnownChannel.Orthogonal(12), KnownChannel.TwoClasses(1, 1, 12));
        var held = 0;
        var truth = whole.Bits(1.5) - alone.Bits(1.5);
        for (ulong seed = 1; seed <= 100; seed++)
        {
            var draws = new NoiseDraws(seed, 0, 12, 128);
            using var device = Cells.Open("cpu");
            using var mixture = new NoiseMixture(device, draws, NoiseScale.Isotropic);
            var places = draws.Places(12);
            var of = mixture.Read(whole.Side, places, [1.5]);
            var against = mixture.Read(alone.Side, Array.ConvertAll(places, place => place % 2), [1.5]);
            var value = of.Against([against], 0)[0];
            held += Math.Abs(value.Bits - against.Values[0].Bits - truth) <= Inside * value.EmergenceErrorBits ? 1 : 0;
            Assert.Equal(0.0, of.Against([of], 0)[0].EmergenceErrorBits);
        }

        Assert.InRange(held, 89, 100);
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Products_and_sums_are_those_of_plain_loops(string device)
    {
        var side = Uneven(300, 12);
        double[] sigmas = [0.2, 1, 3];
        var (draws, drawn) = Draw(side, pairs: 64);
        var values = Read(device, side, draws, drawn, sigmas);
        for (var i = 0; i < sigmas.Length; i++)
            Assert.Equal(Plain(side, draws, drawn, sigmas[i]), values[i].Bits, 2e-5);
    }

    [Fact]
    public void Classes_out_of_reach_are_left_out_within_the_bound_that_is_said()
    {
        var side = Uneven(NoiseMixture.Whole + 500, 6);
        var (draws, drawn) = Draw(side, pairs: 24);
        foreach (var sigma in new[] { 1e-3, 0.02, 0.04, 0.3 })
        {
            var value = Read("cpu", side, draws, drawn, [sigma])[0];
            Assert.InRange(value.RemainderBits, 0, 1e-3);
            Assert.InRange(value.Bits - Plain(side, draws, drawn, sigma), -5e-5, value.RemainderBits + 5e-5);
        }
    }

    [Fact]
    public void Every_number_of_threads_and_tiles_gives_the_same_bytes()
    {
        var side = Uneven(2100, 9);
        var first = Run(1);
        Assert.Equal(first, Run(3));

        double[] Run(int threads)
        {
            using var device = Cells.Open("cpu", threads);
            var (draws, drawn) = Draw(side, pairs: 32);
            using var mixture = new NoiseMixture(device, draws, NoiseScale.Isotropic);
            return [.. mixture.Read(side, drawn, [0.5, 2]).Values.SelectMany(value => new[] { value.Bits, value.StandardErrorBits })];
        }
    }

    [Fact]
    public void Without_noise_all_is_left_and_of_noise_without_end_nothing()
    {
        var side = Uneven(40, 16);
        var most = -side.Weights.ToArray().Sum(weight => weight * Math.Log2(weight));
        var values = Read("cpu", side, Draw(side, 512), [1e-4, 0.5, 1, 2, 4, 1e4]);
        Assert.Equal(most, values[0].Bits, 1e-6);
        Assert.Equal(0, values[0].StandardErrorBits, 1e-6);
        Assert.InRange(values[^1].Bits, 0, 1e-3);
        Assert.All(values.Zip(values.Skip(1)), pair => Assert.True(pair.Second.Bits <= pair.First.Bits));
        Assert.Equal(0, Read("cpu", new RowClasses([1, 2, 3], 3, [5]), 1, 1, 8).Bits);
    }

    internal static RowClasses Uneven(int classes, int columns) =>
        new(Cells.Vectors(classes, columns, 61), columns, [.. Enumerable.Range(0, classes).Select(k => 1.0 + k % 3)]);

    internal static IReadOnlyList<NoiseValue> Read(string name, RowClasses side, (NoiseDraws Draws, int[] Drawn) draw,
        IReadOnlyList<double> sigmas, NoiseScale scale = NoiseScale.Isotropic) => Read(name, side, draw.Draws, draw.Drawn, sigmas, scale);

    internal static (NoiseDraws Draws, int[] Drawn) Draw(RowClasses side, int pairs, ulong seed = 3)
    {
        var draws = new NoiseDraws(seed, 0, side.Columns, pairs);
        return (draws, draws.Places(side.Weights));
    }

    private static IReadOnlyList<NoiseValue> Read(string name, RowClasses side, NoiseDraws draws, int[] drawn, IReadOnlyList<double> sigmas,
        NoiseScale scale = NoiseScale.Isotropic)
    {
        using var device = Cells.Open(name);
        using var mixture = new NoiseMixture(device, draws, scale);
        return mixture.Read(side, drawn, sigmas).Values;
    }

    private static NoiseValue Read(string name, RowClasses side, double sigma, ulong seed, int pairs) =>
        Read(name, side, Draw(side, pairs, seed), [sigma])[0];

    /// <summary>The definition in double precision, draw by draw, less what the drawn weights average to by chance.</summary>
    private static double Plain(RowClasses side, NoiseDraws draws, int[] drawn, double sigma)
    {
        var rows = NoiseRows.Of(side, NoiseScale.Isotropic)!;
        var (d, weights) = (side.Columns, side.Weights.ToArray());
        var (bits, own) = (new double[drawn.Length], new double[drawn.Length]);
        for (var pair = 0; pair < drawn.Length; pair++)
        {
            own[pair] = -Math.Log2(weights[drawn[pair]]);
            foreach (var sign in new[] { 1, -1 })
            {
                var sum = 0.0;
                for (var b = 0; b < weights.Length; b++)
                {
                    var exponent = 0.0;
                    for (var j = 0; j < d; j++)
                    {
                        var difference = ((double)rows[b * d + j] - rows[drawn[pair] * d + j]) / sigma;
                        exponent += sign * draws.Normals[pair * d + j] * difference - difference * difference / 2;
                    }

                    sum += weights[b] * Math.Exp(exponent);
                }

                bits[pair] -= Math.Log2(sum) / 2;
            }
        }

        var (mean, ofOwn, entropy) = (bits.Average(), own.Average(), weights.Sum(weight => -weight * Math.Log2(weight)));
        var slope = bits.Zip(own, (value, of) => (value - mean) * (of - ofOwn)).Sum() / own.Sum(of => (of - ofOwn) * (of - ofOwn));
        return mean - slope * (ofOwn - entropy);
    }
}
