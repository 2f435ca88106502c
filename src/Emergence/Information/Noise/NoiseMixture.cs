using System.Buffers;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Information.Exact;

namespace Emergence.Information.Noise;

/// <summary>
/// I(a; u_a + sigma Z) of classes a with states u and standard normal Z. The mixture's density is known, so that a mean over
/// draws is exact up to its standard error: I = -E ln sum_b w_b exp(z.(u_b - u_a) / sigma - |u_b - u_a|^2 / (2 sigma^2)). One product
/// of all z with all u serves every sigma; classes come in tiles, whose sums are added in their order.
/// </summary>
/// <param name="device">Takes the products.</param>
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

    /// <summary>Squared distances that are smaller beside the squares of both rows are found again by differences.</summary>
    private const float Close = 0.02f;

    /// <summary>Square of a distance at which nothing is left at any sigma.</summary>
    private const float Beyond = 1e30f;

    private readonly int _columns = draws.Normals.Length / draws.Pairs;
    private Tensor? _normals;

    /// <summary>Device memory of the draws of so many seeds, and of the largest side while it is read.</summary>
    public static long EstimateBytes(Device device, int seeds, int pairs, int classes, int columns)
    {
        using var plan = device.Plan();
        using var normals = plan.Device.Allocate(pairs, columns);
        var ofDraws = plan.Bytes;
        return seeds * ofDraws + plan.MostBytesOf(() =>
        {
            using var own = plan.Device.Allocate(Math.Min(pairs, classes), columns);
            using var tile = plan.Device.Allocate(Width(Math.Min(Tile, classes)), columns);
            using var products = plan.Device.Allocate(pairs, tile.Rows);
            plan.Device.MatMul(normals, tile, products, transposeB: true);
        });
    }

    /// <summary>The same of the host: a side's rows, those of a tile and of the drawn classes, and products of a tile.</summary>
    public static long HostBytes(int pairs, int classes, int columns) =>
        sizeof(float) * ((long)columns * (classes + Math.Min(pairs, classes) + Math.Min(Tile, classes))
            + 2L * pairs * Width(Math.Min(Tile, classes)));

    /// <param name="classes">The side.</param>
    /// <param name="drawn">(P): class of each pair of draws.</param>
    /// <param name="sigmas">Sizes of the noise, rising.</param>
    public NoiseReading Read(RowClasses classes, int[] drawn, IReadOnlyList<double> sigmas)
    {
        if (NoiseRows.Of(classes, scale) is not { } rows)
            return NoiseReading.Nothing(sigmas, draws.Pairs);
        var side = new Side(classes, rows, drawn, draws);
        var (sums, remainders) = (new double[draws.Pairs * sigmas.Count * 2], new double[sigmas.Count]);
        using var own = device.Allocate(side.Own.Length, _columns);
        device.Upload(side.Gather(_columns), own);
        for (var start = 0; start < classes.Count; start += Tile)
            Add(side, own, start, Math.Min(Tile, classes.Count - start), sigmas, sums, remainders);
        return Finish(classes, drawn, sigmas, sums, remainders);
    }

    public void Dispose() => _normals?.Dispose();

    /// <summary>Columns of a tile of so many classes: those left over are filled up.</summary>
    private static int Width(int count) => (count + MixtureSums.Lanes - 1) / MixtureSums.Lanes * MixtureSums.Lanes;

    private Tensor Normals()
    {
        if (_normals == null)
        {
            _normals = device.Allocate(draws.Pairs, _columns);
            device.Upload(draws.Normals, _normals);
        }

        return _normals;
    }

    private void Add(Side side, Tensor own, int start, int count, IReadOnlyList<double> sigmas, double[] sums, double[] remainders)
    {
        var width = Width(count);
        using var tile = device.Allocate(width, _columns);
        var padded = new float[width * _columns];
        side.Rows.AsSpan(start * _columns, count * _columns).CopyTo(padded);
        device.Upload(padded, tile);
        var logs = new float[width];
        Array.Fill(logs, MixtureSums.Nothing);
        side.Logs.AsSpan(start, count).CopyTo(logs);
        var squares = ArrayPool<float>.Shared.Rent(side.Own.Length * width);
        var dots = ArrayPool<float>.Shared.Rent(draws.Pairs * width);
        try
        {
            Squares(side, own, tile, start, count, squares);
            if (side.Logs.Length > Whole && IsFar(side, logs, squares, sigmas, remainders))
                return;
            Product(Normals(), tile, dots.AsSpan(0, draws.Pairs * width));
            device.ShareOnHost(draws.Pairs, pair =>
            {
                var a = side.Drawn[pair];
                for (var i = 0; i < sigmas.Count; i++)
                {
                    var (plus, minus) = MixtureSums.Of(dots.AsSpan(pair * width, width), side.OwnDots[pair],
                        squares.AsSpan(side.IndexOfOwn[a] * width, width), logs, side.Logs[a], (float)(1 / sigmas[i]));
                    sums[(pair * sigmas.Count + i) * 2] += plus;
                    sums[(pair * sigmas.Count + i) * 2 + 1] += minus;
                }
            });
        }
        finally
        {
            ArrayPool<float>.Shared.Return(squares);
            ArrayPool<float>.Shared.Return(dots);
        }
    }

    /// <summary>(own, width): squared distances of the drawn classes to those of a tile.</summary>
    private void Squares(Side side, Tensor own, Tensor tile, int start, int count, float[] squares)
    {
        var width = tile.Rows;
        Product(own, tile, squares.AsSpan(0, side.Own.Length * width));
        device.ShareOnHost(side.Own.Length, m =>
        {
            var a = side.Own[m];
            var row = squares.AsSpan(m * width, width);
            for (var j = 0; j < count; j++)
            {
                var both = side.Norms[a] + side.Norms[start + j];
                var square = both - 2 * row[j];
                row[j] = square < Close * both
                    ? (float)MixtureSums.SquaredDistance(side.Row(a, _columns), side.Row(start + j, _columns)) : square;
            }

            if (a >= start && a < start + count)
                row[a - start] = Beyond;
            row[count..].Fill(Beyond);
        });
    }

    /// <summary>
    /// Whether a tile can be left out: ln(1 + x) is at most the root of x, and a root's mean over z is known, so the tile changes the value
    /// by at most the mean over draws of sum_b sqrt(w_b / w_a) exp(-|u_b - u_a|^2 / (8 sigma^2)).
    /// </summary>
    private bool IsFar(Side side, float[] logs, float[] squares, IReadOnlyList<double> sigmas, double[] remainders)
    {
        var (width, bounds) = (logs.Length, new double[side.Own.Length]);
        var largest = sigmas[^1];
        device.ShareOnHost(side.Own.Length, m =>
        {
            for (var j = 0; j < width; j++)
                bounds[m] += Math.Exp((logs[j] - side.Logs[side.Own[m]]) / 2 - squares[m * width + j] / (8 * largest * largest));
        });
        var bound = side.Drawn.Average(a => bounds[side.IndexOfOwn[a]]) / Math.Log(2);
        if (bound > MostRemainder * width / side.Logs.Length)
            return false;
        for (var i = 0; i < remainders.Length; i++)
            remainders[i] += bound;
        return true;
    }

    private void Product(Tensor left, Tensor right, Span<float> values)
    {
        using var products = device.Allocate(left.Rows, right.Rows);
        device.MatMul(left, right, products, transposeB: true);
        device.Download(products, values);
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

    /// <summary>A side as its tiles need it.</summary>
    private sealed class Side
    {
        public Side(RowClasses classes, float[] rows, int[] drawn, NoiseDraws draws)
        {
            (Rows, Drawn) = (rows, drawn);
            Own = [.. drawn.Distinct().Order()];
            IndexOfOwn = new int[classes.Count];
            for (var m = 0; m < Own.Length; m++)
                IndexOfOwn[Own[m]] = m;
            (Logs, Norms, OwnDots) = (new float[classes.Count], new float[classes.Count], new float[drawn.Length]);
            for (var k = 0; k < classes.Count; k++)
            {
                Logs[k] = (float)Math.Log(classes.Weights[k]);
                Norms[k] = (float)MixtureSums.Dot(Row(k, classes.Columns), Row(k, classes.Columns));
            }

            for (var pair = 0; pair < drawn.Length; pair++)
                OwnDots[pair] = (float)MixtureSums.Dot(draws.Normals.AsSpan(pair * classes.Columns, classes.Columns),
                    Row(drawn[pair], classes.Columns));
        }

        /// <summary>(K, d), in units of the noise.</summary>
        public float[] Rows { get; }

        /// <summary>(P).</summary>
        public int[] Drawn { get; }

        /// <summary>The classes drawn, each once.</summary>
        public int[] Own { get; }

        /// <summary>(K): where a class stands in <see cref="Own"/>.</summary>
        public int[] IndexOfOwn { get; }

        /// <summary>(K): log of each weight.</summary>
        public float[] Logs { get; }

        /// <summary>(K): square of each row.</summary>
        public float[] Norms { get; }

        /// <summary>(P): z.u_a of each pair.</summary>
        public float[] OwnDots { get; }

        public ReadOnlySpan<float> Row(int k, int columns) => Rows.AsSpan(k * columns, columns);

        /// <summary>(own, d).</summary>
        public float[] Gather(int columns)
        {
            var gathered = new float[Own.Length * columns];
            for (var m = 0; m < Own.Length; m++)
                Row(Own[m], columns).CopyTo(gathered.AsSpan(m * columns));
            return gathered;
        }
    }
}
