namespace Emergence.Information.Canonical;

/// <summary>
/// Some of many rows, evenly spread, as many as a covariance needs: 32 for every column. A map of any rows would do, since all that
/// can be undone keep the information. All of them if there are fewer.
/// </summary>
internal sealed class Some
{
    private const int RowsPerColumn = 32, Least = 1 << 14;

    private readonly int _all;
    private readonly Func<int, double> _weights;
    private readonly double _factor = 1;

    /// <param name="all">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="weights">Weights of each row; their sum is 1.</param>
    public Some(int all, int columns, Func<int, double> weights)
    {
        (_all, _weights, Count) = (all, weights, Of(all, columns));
        if (Count < all)
            _factor = 1 / Enumerable.Range(0, Count).Sum(k => weights(this[k]));
    }

    /// <summary>Rows taken.</summary>
    public int Count { get; }

    /// <summary>Row k of those taken.</summary>
    public int this[int k] => (int)((long)k * _all / Count);

    /// <summary>Rows taken of so many.</summary>
    public static int Of(int all, int columns) => Math.Min(all, Math.Max(Least, RowsPerColumn * columns));

    /// <summary>Weight of row k of those taken; the sum is 1.</summary>
    public double Weight(int k) => _factor * _weights(this[k]);
}
