using Emergence.Information.Exact;

namespace Emergence.Information.KnownMi;

/// <summary>Paired rows of two arrays.</summary>
/// <param name="Rows">N.</param>
/// <param name="X">(N, XColumns), row-major.</param>
/// <param name="XColumns">dx.</param>
/// <param name="Y">(N, YColumns), row-major.</param>
/// <param name="YColumns">dy.</param>
public sealed record PairSample(int Rows, double[] X, int XColumns, double[] Y, int YColumns)
{
    /// <summary>Rows start .. start + count - 1.</summary>
    public PairSample Slice(int start, int count) => new(
        count,
        X.AsSpan(start * XColumns, count * XColumns).ToArray(),
        XColumns,
        Y.AsSpan(start * YColumns, count * YColumns).ToArray(),
        YColumns);

    /// <summary>Every column minus its mean over its SD (population); constant columns become 0.</summary>
    public PairSample Standardise() => this with { X = Standardise(X, XColumns), Y = Standardise(Y, YColumns) };

    /// <summary>The rows as a sample, in single precision.</summary>
    public JointClasses ToClasses()
    {
        var ones = Enumerable.Repeat(1.0, Rows).ToArray();
        return new(new(ToSingle(X), XColumns, ones), new(ToSingle(Y), YColumns, ones), isEnumeration: false);
    }

    private static float[] ToSingle(double[] values) => Array.ConvertAll(values, value => (float)value);

    private double[] Standardise(double[] values, int columns)
    {
        var result = new double[values.Length];
        for (var column = 0; column < columns; column++)
        {
            double mean = 0, square = 0;
            for (var row = 0; row < Rows; row++)
                mean += values[row * columns + column] / Rows;
            for (var row = 0; row < Rows; row++)
                square += Math.Pow(values[row * columns + column] - mean, 2) / Rows;
            var scale = square > 1e-24 * mean * mean ? 1 / Math.Sqrt(square) : 0;
            for (var row = 0; row < Rows; row++)
                result[row * columns + column] = (values[row * columns + column] - mean) * scale;
        }

        return result;
    }
}
