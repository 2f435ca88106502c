using Emergence.Devices.Randomness;
using Emergence.Information.Exact;
using Emergence.Information.Neighbours;
using Emergence.Information.Statistics;

namespace Emergence.Information;

/// <summary>
/// The rows of both sides: of a table all N in their order, else the distinct ones and how often each occurs among the N;
/// columns standardised, constant columns left out.
/// </summary>
internal sealed class PairedRows
{
    private readonly RowSide _x;
    private readonly RowSide _y;

    /// <param name="joint">The data.</param>
    /// <param name="window">Rows so near in the order of a table are no neighbours.</param>
    public PairedRows(JointClasses joint, int window = 0)
    {
        Window = window;
        if (joint.X.Table is { } x && joint.Y.Table is { } y)
        {
            Repeats = [.. Enumerable.Repeat(1, x[0].Codes.Length)];
            (_x, _y) = (RowSide.Of(x), RowSide.Of(y));
        }
        else
        {
            Repeats = [.. joint.Support.Select(pair => (int)Math.Max(1, Math.Round(pair.Joint * joint.Samples)))];
            (_x, _y) = (RowSide.Of(joint.X, [.. joint.Support.Select(pair => pair.A)]),
                RowSide.Of(joint.Y, [.. joint.Support.Select(pair => pair.B)]));
        }

        Count = Repeats.Sum();
        Tied = Count - joint.Support.Count;
        ContinuousColumns = (2 * joint.X.Count > Count ? XColumns : 0) + (2 * joint.Y.Count > Count ? YColumns : 0);
    }

    private PairedRows(RowSide x, RowSide y, int[] repeats, PairedRows whole)
    {
        (_x, _y, Repeats, Count) = (x, y, repeats, repeats.Sum());
        (ContinuousColumns, Tied) = (whole.ContinuousColumns, whole.Tied);
    }

    /// <summary>N.</summary>
    public int Count { get; }

    /// <summary>Rows that repeat another row's x and y.</summary>
    public int Tied { get; }

    /// <summary>Rows so near in their order are no neighbours; 0 if the order says nothing.</summary>
    public int Window { get; }

    /// <summary>(K), sums to N.</summary>
    public int[] Repeats { get; }

    /// <summary>(K, dx).</summary>
    public double[] X => _x.Values;

    /// <summary>dx.</summary>
    public int XColumns => _x.Columns;

    /// <summary>(K, dy).</summary>
    public double[] Y => _y.Values;

    /// <summary>dy.</summary>
    public int YColumns => _y.Columns;

    /// <summary>Columns of the sides whose rows hardly repeat (more than N/2 of them differ).</summary>
    public int ContinuousColumns { get; }

    /// <summary>Some column was rounded, so that rows that are equal were not.</summary>
    public bool IsRounded => _x.IsRounded || _y.IsRounded;

    /// <summary>Some column holds names.</summary>
    public bool HasLabels => _x.HasLabels || _y.HasLabels;

    /// <summary>Some column holds words, which have no covariance.</summary>
    public bool HasText => _x.HasText || _y.HasText;

    /// <summary>Some column of numbers has tails in which a standard deviation says nothing.</summary>
    public bool IsHeavyTailed => _x.IsHeavyTailed || _y.IsHeavyTailed;

    /// <summary>Columns of numbers with tails so long that rows lie apart there, whatever the sample's largest values are.</summary>
    public int LongTails => _x.LongTails + _y.LongTails;

    /// <summary>Some of the rows; their order is lost.</summary>
    public PairedRows Select(int[] chosen) => new(_x.Select(chosen), _y.Select(chosen), [.. chosen.Select(row => Repeats[row])], this);

    /// <summary>
    /// The rows as points: numbers that were rounded drawn anew within their step, labels that differ out of reach; numbers as
    /// normal scores of their ranks if asked, which keeps all information and tames every tail.
    /// </summary>
    public PairedRows ToPoints(bool asRanks)
    {
        var random = new RandomSequence(0, 1, RandomStream.Resampling);
        return new(_x.ToPoints(asRanks, random), _y.ToPoints(asRanks, random), Repeats, this);
    }

    public NearestNeighbours ToNeighbours(int window) => new(X, XColumns, Y, YColumns, Repeats, window);

    /// <summary>(K, dx + dy): x and y side by side.</summary>
    public double[] Join()
    {
        var columns = XColumns + YColumns;
        var both = new double[Repeats.Length * columns];
        for (var row = 0; row < Repeats.Length; row++)
        {
            X.AsSpan(row * XColumns, XColumns).CopyTo(both.AsSpan(row * columns));
            Y.AsSpan(row * YColumns, YColumns).CopyTo(both.AsSpan(row * columns + XColumns));
        }

        return both;
    }

    /// <summary>Mean over the N rows of a value of each distinct row, and its standard error.</summary>
    public (double Mean, double StandardError) Mean(ReadOnlySpan<double> values)
    {
        var mean = 0.0;
        for (var row = 0; row < values.Length; row++)
            mean += Repeats[row] * values[row] / Count;
        return (mean, Intervals.SamplingError(values, [.. Repeats.Select(count => (double)count)]));
    }
}

/// <summary>One side of paired rows.</summary>
/// <param name="Values">(K, columns): standardised numbers; codes of words.</param>
/// <param name="Kinds">Kinds of each column.</param>
/// <param name="Steps">Steps of each column, as its values are.</param>
/// <param name="HasText">Some column holds words.</param>
internal sealed record RowSide(double[] Values, ColumnKind[] Kinds, double[] Steps, bool HasText)
{
    /// <summary>Kurtosis of a normal column is 3, of a heavy tail this and more: 1,000 rows of Student's with 3 degrees reach 10 to 100, of
    /// Cauchy's hundreds.</summary>
    private const double HeavyKurtosis = 30;

    /// <summary>
    /// Fourth of the L-moments over the second: 0.12 of a normal column, 0.17 of a logistic one, 0.19 of Student's with 5 degrees, 0.26
    /// with 3. Unlike a kurtosis it hardly depends on a sample's largest values.
    /// </summary>
    private const double LongTail = 0.2;

    public int Columns => Kinds.Length;

    public bool IsRounded => Array.Exists(Kinds, kind => kind == ColumnKind.Rounded);

    public bool HasLabels => Array.Exists(Kinds, kind => kind == ColumnKind.Labels);

    public bool IsHeavyTailed { get; } = IsHeavy(Values, Kinds);

    public static RowSide Of(IReadOnlyList<SideColumn> table)
    {
        var kept = table.Where(column => column.Levels > 1).ToArray();
        var rows = table[0].Codes.Length;
        var (values, steps) = (new double[rows * kept.Length], new double[kept.Length]);
        for (var j = 0; j < kept.Length; j++)
        {
            var source = kept[j].IsText ? Array.ConvertAll(kept[j].Codes, code => (double)code) : kept[j].Values;
            var mean = source.Average();
            var scale = 1 / Math.Sqrt(source.Sum(value => (value - mean) * (value - mean)) / rows);
            steps[j] = kept[j].Step * scale;
            for (var row = 0; row < rows; row++)
                values[row * kept.Length + j] = kept[j].Kind == ColumnKind.Labels && kept[j].IsText ? kept[j].Codes[row]
                    : (source[row] - mean) * scale;
        }

        return new(values, [.. kept.Select(column => column.Kind)], steps, Array.Exists(kept, column => column.IsText))
        {
            Codes = [.. kept.Select(column => column.Kind == ColumnKind.Labels ? column.Codes : null)],
        };
    }

    public static RowSide Of(RowClasses side, int[] classes)
    {
        var (standardised, columns) = side.Standardise();
        return new RowSide(standardised, new ColumnKind[columns], new double[columns],
            HasText: false) { Codes = new int[columns][] }.Select(classes);
    }

    /// <summary>Number of the label that each row has, by column; null of a column of numbers.</summary>
    private int[]?[] Codes { get; init; } = [];

    public RowSide Select(int[] chosen)
    {
        var values = new double[chosen.Length * Columns];
        for (var row = 0; row < chosen.Length; row++)
            Values.AsSpan(chosen[row] * Columns, Columns).CopyTo(values.AsSpan(row * Columns));
        return new(values, Kinds, Steps,
            HasText) { Codes = Array.ConvertAll(Codes, codes => codes == null ? null : Array.ConvertAll(chosen, row => codes[row])) };
    }

    public RowSide ToPoints(bool asRanks, RandomSequence random)
    {
        var (values, rows) = ((double[])Values.Clone(), Values.Length / Math.Max(1, Columns));
        for (var j = 0; j < Columns; j++)
        {
            for (var row = 0; row < rows; row++)
            {
                if (Kinds[j] == ColumnKind.Labels)
                    values[row * Columns + j] = NearestNeighbours.Apart * Codes[j]![row];
                else if (Kinds[j] == ColumnKind.Rounded)
                    values[row * Columns + j] += Steps[j] * (random.NextDouble() - 0.5);
            }

            if (asRanks && Kinds[j] != ColumnKind.Labels)
                NormalScores.Put(values, Columns, j);
        }

        return new(values, Kinds, Steps, HasText) { Codes = Codes };
    }

    /// <summary>Columns of numbers with tails longer than <see cref="LongTail"/>.</summary>
    public int LongTails => Enumerable.Range(0, Columns).Count(column => Kinds[column] == ColumnKind.Continuous
        && TailWeight.Of([.. Values.Where((_, place) => place % Columns == column)]) > LongTail);

    private static bool IsHeavy(double[] values, ColumnKind[] kinds)
    {
        var rows = values.Length / Math.Max(1, kinds.Length);
        for (var j = 0; j < kinds.Length; j++)
        {
            var fourth = 0.0;
            for (var row = 0; row < rows; row++)
                fourth += Math.Pow(values[row * kinds.Length + j], 4) / rows;
            if (kinds[j] == ColumnKind.Continuous && fourth > HeavyKurtosis)
                return true;
        }

        return false;
    }
}
