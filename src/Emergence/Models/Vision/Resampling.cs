namespace Emergence.Models.Vision;

/// <summary>How pixels between others are made, by the numbers that image libraries give the ways.</summary>
internal enum Resample
{
    Nearest = 0,

    /// <summary>Lanczos' window of three.</summary>
    Lanczos = 1,

    Bilinear = 2,

    /// <summary>Cubic with a = -1/2.</summary>
    Bicubic = 3,

    Box = 4,

    Hamming = 5,
}

/// <summary>
/// Other sizes of a picture: rows first, then columns; if it becomes smaller the filter widens by as much, so that every
/// pixel counts. Filters and their supports are those that Pillow documents.
/// </summary>
internal static class Resampling
{
    /// <summary>Weights of bytes are whole numbers of this part: which half rounds up depends on it.</summary>
    private const double WeightSteps = 1 << 22;

    /// <param name="picture">The picture.</param>
    /// <param name="rows">Rows of the new one.</param>
    /// <param name="columns">Columns of the new one.</param>
    /// <param name="way">The filter.</param>
    /// <param name="asBytes">Each pass rounds to bytes, as in libraries that keep pixels so.</param>
    public static Picture Resize(Picture picture, int rows, int columns, Resample way, bool asBytes = false)
    {
        var scale = asBytes ? byte.MaxValue : 1;
        var pixels = Array.ConvertAll(picture.Pixels, value => Kept((double)value * scale, asBytes));
        if (picture.Columns != columns)
            pixels = AlongRows(pixels, picture.Rows, picture.Columns, columns, way, asBytes);
        if (picture.Rows != rows)
            pixels = Turned(AlongRows(Turned(pixels, picture.Rows, columns), columns, picture.Rows, rows, way, asBytes), columns, rows);
        return new(rows, columns, Array.ConvertAll(pixels, value => (float)(value / scale)));
    }

    private static double[] AlongRows(double[] pixels, int rows, int columns, int to, Resample way, bool asBytes)
    {
        var result = new double[rows * to];
        for (var x = 0; x < to; x++)
        {
            var (first, weights) = Weights(x, columns, to, way);
            if (asBytes)
                weights = Array.ConvertAll(weights, share => Math.Round(share * WeightSteps, MidpointRounding.AwayFromZero) / WeightSteps);
            for (var row = 0; row < rows; row++)
            {
                var sum = 0.0;
                for (var i = 0; i < weights.Length; i++)
                    sum += weights[i] * pixels[row * columns + first + i];
                result[row * to + x] = Kept(sum, asBytes);
            }
        }

        return result;
    }

    /// <summary>What a new pixel takes of the old ones from <c>First</c> on.</summary>
    private static (int First, double[] Weights) Weights(int x, int from, int to, Resample way)
    {
        var scale = (double)from / to;
        var centre = (x + 0.5) * scale;
        if (way == Resample.Nearest)
            return (Math.Min(from - 1, (int)centre), [1]);
        var wide = Math.Max(1, scale);
        var support = Support(way) * wide;
        var first = Math.Max(0, (int)(centre - support + 0.5));
        var weights = new double[Math.Min(from, (int)(centre + support + 0.5)) - first];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = Filter((first + i - centre + 0.5) / wide, way);
        var sum = weights.Sum();
        return (first, sum == 0 ? weights : Array.ConvertAll(weights, weight => weight / sum));
    }

    private static double Support(Resample way) => way switch
    {
        Resample.Box => 0.5,
        Resample.Bilinear or Resample.Hamming => 1,
        Resample.Bicubic => 2,
        Resample.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(way), way, "no filter"),
    };

    private static double Filter(double x, Resample way)
    {
        var t = Math.Abs(x);
        return way switch
        {
            Resample.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
            Resample.Bilinear => t < 1 ? 1 - t : 0,
            Resample.Hamming => t < 1 ? Sinc(t) * (0.54 + 0.46 * Math.Cos(Math.PI * t)) : 0,
            Resample.Bicubic => t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0,
            Resample.Lanczos => t < 3 ? Sinc(t) * Sinc(t / 3) : 0,
            _ => throw new ArgumentOutOfRangeException(nameof(way), way, "no filter"),
        };
    }

    private static double Sinc(double t) => t == 0 ? 1 : Math.Sin(Math.PI * t) / (Math.PI * t);

    private static double Kept(double value, bool asByte) =>
        asByte ? Math.Clamp(Math.Floor(value + 0.5), byte.MinValue, byte.MaxValue) : value;

    private static double[] Turned(double[] pixels, int rows, int columns)
    {
        var turned = new double[pixels.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                turned[column * rows + row] = pixels[row * columns + column];
        }

        return turned;
    }
}
