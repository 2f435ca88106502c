using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Emergence.Devices;
using Emergence.Information.Canonical;

namespace Emergence.Information.Exact;

/// <summary>
/// One side of a cell: a vector for each unit (a distinct token prefix, or a row of an array), grouped into classes of
/// bit-equal vectors (-0 = +0), the classes sorted by their bytes. Boundary l + 1 at a position is y of one cell and x of
/// the next, and the same for every seed: build it once and share it.
/// </summary>
public sealed class RowClasses
{
    /// <summary>Labels of a column that a critic is shown as columns of their own.</summary>
    private const int MostLabels = 1024;

    /// <summary>Features whose scales a thread finds at a time.</summary>
    private const int FeaturesAtOnce = 128;

    private readonly float[] _rows;
    private readonly double[]? _exact;
    private readonly int[] _firstUnits = [];
    private readonly int[] _classOfUnit;
    private readonly double[] _unitWeights;
    private readonly double[] _weights;
    private (int Column, int Label)[]? _features;
    private Whitening? _whitening;

    /// <param name="rows">(U, columns), one row a unit.</param>
    /// <param name="columns">d.</param>
    /// <param name="unitWeights">
    /// U positive weights in any scale; whole numbers (how often a unit occurs in N rows) make every result independent
    /// of the order of the units, to the bit.
    /// </param>
    public RowClasses(ReadOnlySpan<float> rows, int columns, ReadOnlySpan<double> unitWeights)
    {
        if (columns < 1 || unitWeights.Length < 1 || rows.Length != (long)unitWeights.Length * columns)
            throw new ArgumentException($"expected {unitWeights.Length} rows of {columns}, found {rows.Length} values");
        foreach (var weight in unitWeights)
        {
            if (!(weight > 0) || !double.IsFinite(weight))
                throw new ArgumentException($"expected positive weights, found {weight}");
            TotalWeight += weight;
        }

        Columns = columns;
        _unitWeights = unitWeights.ToArray();
        var canonical = new float[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            canonical[i] = rows[i] + 0f; // -0 + 0 is +0
            NonFinite += float.IsFinite(rows[i]) ? 0 : 1;
        }

        ReadOnlySpan<byte> Bytes(int unit) => MemoryMarshal.AsBytes(canonical.AsSpan(unit * columns, columns));
        (_classOfUnit, _weights, var first) = Group((left, right) => Bytes(left).SequenceCompareTo(Bytes(right)));
        if (first.Length == unitWeights.Length)
        {
            _rows = Reorder(canonical, columns, first);
            return;
        }

        _rows = new float[first.Length * columns];
        for (var k = 0; k < first.Length; k++)
            canonical.AsSpan(first[k] * columns, columns).CopyTo(_rows.AsSpan(k * columns));
    }

    /// <summary>N rows of a table, each of weight 1; classes are of what the table holds, whatever doubles make of it.</summary>
    public RowClasses(IReadOnlyList<SideColumn> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        (Table, Columns) = (columns, columns.Count);
        _unitWeights = [.. Enumerable.Repeat(1.0, columns[0].Codes.Length)];
        TotalWeight = _unitWeights.Length;
        (_classOfUnit, _weights, var first) = Group((left, right) =>
        {
            foreach (var column in columns)
            {
                if (column.Codes[left] != column.Codes[right])
                    return column.Codes[left].CompareTo(column.Codes[right]);
            }

            return 0;
        });
        _exact = new double[first.Length * Columns];
        for (var k = 0; k < first.Length; k++)
        {
            for (var column = 0; column < Columns; column++)
                _exact[k * Columns + column] = columns[column].IsText ? columns[column].Codes[first[k]] : columns[column].Values[first[k]];
        }

        _rows = Array.ConvertAll(_exact, value => (float)value);
        _firstUnits = first;
    }

    /// <summary>The columns of the table that the rows come from, if any.</summary>
    internal IReadOnlyList<SideColumn>? Table { get; }

    /// <summary>K, the number of classes.</summary>
    public int Count => _weights.Length;

    /// <summary>d.</summary>
    public int Columns { get; }

    /// <summary>(K, d), one row a class.</summary>
    public ReadOnlySpan<float> Rows => _rows;

    /// <summary>K weights that sum to 1.</summary>
    public ReadOnlySpan<double> Weights => _weights;

    /// <summary>Class of each unit.</summary>
    public ReadOnlySpan<int> ClassOfUnit => _classOfUnit;

    /// <summary>Weight of each unit, as given.</summary>
    public ReadOnlySpan<double> UnitWeights => _unitWeights;

    public double TotalWeight { get; }

    /// <summary>Values that are NaN or infinite.</summary>
    public long NonFinite { get; }

    /// <summary>
    /// (K, columns kept): each column minus its weighted mean over its weighted population SD, in double precision;
    /// constant columns are left out. A column of labels is one column for each label, 1 if a row has it.
    /// </summary>
    public (double[] Values, int Columns) Standardise()
    {
        var (kept, means, inverses) = Scales();
        var values = new double[Count * kept.Length];
        for (var k = 0; k < Count; k++)
        {
            for (var j = 0; j < kept.Length; j++)
                values[k * kept.Length + j] = (Value(k, kept[j]) - means[j]) * inverses[j];
        }

        return (values, kept.Length);
    }

    /// <summary>Features that are not constant, with the weighted mean and 1 / SD of each.</summary>
    internal (int[] Features, double[] Means, double[] Inverses) Scales(HostShare? share = null)
    {
        var count = Features;
        var (means, variances, isConstant) = (new double[count], new double[count], new bool[count]);
        (share ?? DoubleProducts.Alone)(Ceiling.Of(count, FeaturesAtOnce), part =>
        {
            var start = part * FeaturesAtOnce;
            var width = Math.Min(FeaturesAtOnce, count - start);
            Scale(start, means.AsSpan(start, width), variances.AsSpan(start, width), isConstant.AsSpan(start, width));
        });
        int[] kept = [.. Enumerable.Range(0, count).Where(feature => !isConstant[feature])];
        return (kept, [.. kept.Select(feature => means[feature])], [.. kept.Select(feature => 1 / Math.Sqrt(variances[feature]))]);
    }

    /// <summary>Mean and variance of some features.</summary>
    private void Scale(int start, Span<double> means, Span<double> variances, Span<bool> isConstant)
    {
        var (first, row, mayBeConstant) = (new double[means.Length], new double[means.Length], true);
        Fill(0, first, start);
        isConstant.Fill(true);
        for (var k = 0; k < Count; k++)
        {
            Fill(k, row, start);
            AddScaled(_weights[k], row, means);
            if (!mayBeConstant)
                continue;

            // Constant is asked of the values, because rounding can leave a variance above zero.
            for (var feature = 0; feature < row.Length; feature++)
                isConstant[feature] &= row[feature] == first[feature];
            mayBeConstant = isConstant.Contains(true);
        }

        for (var k = 0; k < Count; k++)
        {
            Fill(k, row, start);
            AddSquares(_weights[k], row, means, variances);
        }
    }

    /// <summary>to += weight values, rounded twice: presets that read standardised columns keep their bytes.</summary>
    private static void AddScaled(double weight, Span<double> values, Span<double> to)
    {
        var (wide, i) = (Vector256.Create(weight), 0);
        for (; i <= values.Length - Vector256<double>.Count; i += Vector256<double>.Count)
            (Vector256.Create<double>(to[i..]) + wide * Vector256.Create<double>(values[i..])).CopyTo(to[i..]);
        for (; i < values.Length; i++)
            to[i] += weight * values[i];
    }

    /// <summary>to += weight (values - means)^2.</summary>
    private static void AddSquares(double weight, Span<double> values, Span<double> means, Span<double> to)
    {
        var (wide, i) = (Vector256.Create(weight), 0);
        for (; i <= values.Length - Vector256<double>.Count; i += Vector256<double>.Count)
        {
            var difference = Vector256.Create<double>(values[i..]) - Vector256.Create<double>(means[i..]);
            (Vector256.Create<double>(to[i..]) + wide * difference * difference).CopyTo(to[i..]);
        }

        for (; i < values.Length; i++)
        {
            var difference = values[i] - means[i];
            to[i] += weight * difference * difference;
        }
    }

    /// <summary>Numbers that stand for a row: a column each, and for a column of labels one for each label.</summary>
    internal int Features => Table == null ? Columns : (_features ??= [.. ListFeatures(Table)]).Length;

    /// <summary>Features of class k, from one on.</summary>
    private void Fill(int k, Span<double> to, int start)
    {
        var plain = Plain(k);
        if (plain.IsEmpty)
        {
            for (var i = 0; i < to.Length; i++)
                to[i] = Value(k, start + i);
            return;
        }

        plain = plain.Slice(start, to.Length);
        var next = 0;
        for (; next <= to.Length - Vector256<float>.Count; next += Vector256<float>.Count)
        {
            var (low, high) = Vector256.Widen(Vector256.Create(plain[next..]));
            low.CopyTo(to[next..]);
            high.CopyTo(to[(next + Vector256<double>.Count)..]);
        }

        for (; next < to.Length; next++)
            to[next] = plain[next];
    }

    /// <summary>The features of class k where they are what its row holds; else nothing.</summary>
    internal ReadOnlySpan<float> Plain(int k) => Table == null ? _rows.AsSpan(k * Columns, Columns) : [];

    /// <summary>A feature of class k, as exact as it is known.</summary>
    internal double Value(int k, int feature)
    {
        var (column, label) = _features == null ? (feature, -1) : _features[feature];
        return label >= 0 ? (Table![column].Codes[_firstUnits[k]] == label ? 1 : 0)
            : _exact == null ? _rows[k * Columns + column]
            : _exact[k * Columns + column];
    }

    /// <summary>Found once, for the two cells that the side is of, and all their seeds.</summary>
    internal Whitening Whitening(HostShare share) => _whitening ??= new Whitening(this, share);

    /// <summary>A column, or one of its labels.</summary>
    private static IEnumerable<(int Column, int Label)> ListFeatures(IReadOnlyList<SideColumn> table)
    {
        for (var column = 0; column < table.Count; column++)
        {
            var labels = table[column] is { Kind: ColumnKind.Labels } names && (names.Levels > 2 || names.IsText) ? names.Levels : 0;
            if (labels > MostLabels)
                throw new EmergenceException(
                    $"column {table[column].Name} has {labels} labels: expected {MostLabels} at most where each becomes a column; use "
                    + $"exact", ExitCode.Failed);
            if (labels == 0)
                yield return (column, -1);
            for (var label = 0; label < labels; label++)
                yield return (column, label);
        }
    }

    /// <summary>(K, count): raw values of columns start .. start + count - 1.</summary>
    public float[] Slice(int start, int count)
    {
        var values = new float[Count * count];
        for (var k = 0; k < Count; k++)
            _rows.AsSpan(k * Columns + start, count).CopyTo(values.AsSpan(k * count));
        return values;
    }

    /// <summary>Row order[k] becomes row k, where it is: sides of many rows are the largest there is.</summary>
    private static float[] Reorder(float[] rows, int columns, int[] order)
    {
        var (moved, kept) = (new bool[order.Length], new float[columns]);
        for (var start = 0; start < order.Length; start++)
        {
            if (moved[start])
                continue;
            Row(start).CopyTo(kept);
            var k = start;
            for (; order[k] != start; k = order[k])
            {
                Row(order[k]).CopyTo(Row(k));
                moved[k] = true;
            }

            kept.CopyTo(Row(k));
            moved[k] = true;
        }

        return rows;

        Span<float> Row(int k) => rows.AsSpan(k * columns, columns);
    }

    /// <summary>Classes in the order of the comparison: of each unit, the weight of each, and the first unit of each.</summary>
    private (int[] ClassOfUnit, double[] Weights, int[] First) Group(Comparison<int> compare)
    {
        var order = Enumerable.Range(0, _unitWeights.Length).ToArray();
        Array.Sort(order, compare);
        var classOfUnit = new int[order.Length];
        var (first, weights) = (new List<int>(), new List<double>());
        foreach (var unit in order)
        {
            if (first.Count == 0 || compare(first[^1], unit) != 0)
            {
                first.Add(unit);
                weights.Add(0);
            }

            classOfUnit[unit] = first.Count - 1;
            weights[^1] += _unitWeights[unit];
        }

        return (classOfUnit, [.. weights.Select(weight => weight / TotalWeight)], [.. first]);
    }
}
