using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Information.Exact;

namespace Emergence.Information.Noise;

/// <summary>
/// I(a; u_a + sigma Z) of classes a with states u and standard normal Z. The mixture's density is known, so that a mean over
/// draws is exact up to its standard error: I = -E ln sum_b w_b exp(z.(u_b - u_a) / sigma - |u_b - u_a|^2 / (2 sigma^2)). One product
/// of all z with all u serves every sigma; classes come in tiles, whose sums the device takes and which are added in their order.
/// </summary>
/// <param name="device">Takes the products, the distances and the sums.</param>
/// <param name="draws">Shared by all sides of a seed.</param>
/// <param name="scale">Units of the noise.</param>
internal sealed class NoiseMixture(Device device, NoiseDraws draws, NoiseScale scale) : IDisposable
{
    /// <summary>Classes whose products are held at once.</summary>
    private const int Tile = 2048;

    /// <summary>With more classes, tiles that are too far from all draws to matter are left out.</summary>
    internal const int Whole = 8192;

    /// <summary>What the tiles that are left out may change together, in bits.</summary>
    private const double MostRemainder = 1e-3;

    private readonly int _columns = draws.Normals.Length / draws.Pairs;
    private Tensor? _normals;

    private Tensor Normals => _normals ??= Upload(draws.Normals, draws.Pairs, _columns);

    /// <summary>Device memory of the draws of so many seeds, and of the largest side while it is read, but for what has no rows of
    /// states.</summary>
    public static long EstimateBytes(Device device, int seeds, int pairs, int classes, int columns)
    {
        using var plan = device.Plan();
        using var normals = plan.Device.Allocate(pairs, columns);
        var ofDraws = plan.Bytes;
        return seeds * ofDraws + plan.MostBytesOf(() =>
        {
            using var own = plan.Device.Allocate(Math.Min(pairs, classes), columns);
            using var tile = plan.Device.Allocate(Math.Min(Tile, classes), columns);
            using var squares = plan.Device.Allocate(own.Rows, tile.Rows);
            using var dots = plan.Device.Allocate(pairs, tile.Rows);
            plan.Device.SquareDistances(own, tile, null, squares);
            plan.Device.MatMul(normals, tile, dots, transposeB: true);
        });
    }

    /// <summary>Host memory of a side while it is read: its rows, and those of the drawn classes.</summary>
    public static long HostBytes(int pairs, int classes, int columns) =>
        sizeof(float) * (long)columns * (classes + Math.Min(pairs, classes));

    /// <param name="classes">The side.</param>
    /// <param name="drawn">(P): class of each pair of draws.</param>
    /// <param name="sigmas">Sizes of the noise, rising.</param>
    public NoiseReading Read(RowClasses classes, int[] drawn, IReadOnlyList<double> sigmas)
    {
        if (NoiseRows.Of(classes, scale) is not { } rows)
            return NoiseReading.Nothing(sigmas, draws.Pairs);
        int[] own = [.. drawn.Distinct().Order()];
        var place = own.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        float[] logs = [.. classes.Weights.ToArray().Select(weight => (float)Math.Log(weight))];
        using var states = Upload([.. own.SelectMany(a => Row(rows, a).ToArray())], own.Length, _columns);
        using var ofDraw = device.AllocateIndices([.. drawn.Select(a => place[a])]);
        using var values = Upload([.. drawn.SelectMany((a, pair) => new[] { (float)MixtureSums.Dot(Row(draws.Normals, pair), Row(rows, a)),
            logs[a] })], drawn.Length, 2);
        using var inverses = Upload([.. sigmas.Select(sigma => (float)(1 / sigma))], 1, sigmas.Count);
        var (sums, remainders) = (new double[drawn.Length * sigmas.Count * 2], new double[sigmas.Count]);
        for (var start = 0; start < classes.Count; start += Tile)
        {
            var count = Math.Min(Tile, classes.Count - start);
            using var tile = Upload(rows.AsSpan(start * _columns, count * _columns), count, _columns);
            using var squares = Squares(states, tile, own, start);
            var ofTile = logs.AsSpan(start, count);
            if (classes.Count > Whole && IsFar(squares, ofTile, own, drawn, logs, sigmas[^1], (double)count / classes.Count, remainders))
                continue;
            using var dots = device.Allocate(draws.Pairs, count);
            device.MatMul(Normals, tile, dots, transposeB: true);
            Add(Sum(dots, squares, ofDraw, ofTile, values, inverses), sums);
        }

        return Finish(classes, drawn, sigmas, sums, remainders);
    }

    public void Dispose() => _normals?.Dispose();

    private static void Add(float[] found, double[] sums)
    {
        for (var i = 0; i < sums.Length; i++)
            sums[i] += found[i];
    }

    private ReadOnlySpan<float> Row(float[] rows, int k) => rows.AsSpan(k * _columns, _columns);

    /// <summary>(own, tile): squared distances of the drawn classes to those of a tile that begins somewhere.</summary>
    private Tensor Squares(Tensor states, Tensor tile, int[] own, int start)
    {
        var squares = device.Allocate(own.Length, tile.Rows);
        using var same = device.AllocateIndices([.. own.Select(a => a >= start && a < start + tile.Rows ? a - start : -1)]);
        device.SquareDistances(states, tile, same, squares);
        return squares;
    }

    /// <summary>
    /// Whether a tile can be left out: ln(1 + x) is at most the root of x, and a root's mean over z is known, so the tile changes the value
    /// by at most the mean over draws of sum_b sqrt(w_b / w_a) exp(-|u_b - u_a|^2 / (8 sigma^2)).
    /// </summary>
    private bool IsFar(Tensor squares, ReadOnlySpan<float> ofTile, int[] own, int[] drawn, float[] logs, double largest, double share,
        double[] remainders)
    {
        float[] roots = [.. ofTile.ToArray().Select(log => log / 2)];
        using var each = device.AllocateIndices([.. Enumerable.Range(0, own.Length)]);
        using var values = Upload([.. own.SelectMany(a => new[] { 0, logs[a] / 2 })], own.Length, 2);
        using var inverse = Upload([(float)(1 / (2 * largest))], 1, 1);
        var found = Sum(null, squares, each, roots, values, inverse);
        var times = drawn.CountBy(a => a).ToDictionary();
        var bound = own.Select((a, m) => (double)found[2 * m] * times[a]).Sum() / drawn.Length / Math.Log(2);
        if (bound > MostRemainder * share)
            return false;
        for (var i = 0; i < remainders.Length; i++)
            remainders[i] += bound;
        return true;
    }

    private float[] Sum(Tensor? dots, Tensor squares, Tensor ofDraw, ReadOnlySpan<float> logs, Tensor values, Tensor inverses)
    {
        using var weights = Upload(logs, 1, logs.Length);
        using var sums = device.Allocate(values.Rows, 2 * inverses.Columns);
        device.SumMixture(dots, squares, ofDraw, weights, values, inverses, sums);
        var found = new float[sums.Count];
        device.Download(sums, found.AsSpan());
        return found;
    }

    private Tensor Upload(ReadOnlySpan<float> values, int rows, int columns)
    {
        var tensor = device.Allocate(rows, columns);
        device.Upload(values, tensor);
        return tensor;
    }

    /// <summary>
    /// Bits of each pair of draws. What their classes' own log weights average to by chance is taken out as far as the values follow it:
    /// the entropy of the classes is known.
    /// </summary>
    private NoiseReading Finish(RowClasses classes, int[] drawn, IReadOnlyList<double> sigmas, double[] sums, double[] remainders)
    {
        var most = Entropy.Bits(classes.Weights, 1);
        var own = Array.ConvertAll(drawn, a => -Math.Log2(classes.Weights[a]));
        var bits = new double[sigmas.Count][];
        for (var i = 0; i < bits.Length; i++)
        {
            bits[i] = new double[drawn.Length];
            for (var pair = 0; pair < drawn.Length; pair++)
            {
                var at = (pair * sigmas.Count + i) * 2;
                bits[i][pair] = own[pair] - (Math.Log2(1 + sums[at]) + Math.Log2(1 + sums[at + 1])) / 2;
            }

            var (mean, ofOwn) = (bits[i].Average(), own.Average());
            var (both, square) = (0.0, 0.0);
            for (var pair = 0; pair < drawn.Length; pair++)
            {
                both += (bits[i][pair] - mean) * (own[pair] - ofOwn);
                square += (own[pair] - ofOwn) * (own[pair] - ofOwn);
            }

            var slope = square > 1e-12 ? both / square : 0;
            for (var pair = 0; pair < drawn.Length; pair++)
                bits[i][pair] -= slope * (own[pair] - most);
        }

        return new NoiseReading(sigmas, bits, most, remainders);
    }
}
