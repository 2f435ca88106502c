namespace Emergence.Files;

/// <summary>
/// One column of a table as its file holds it. What is equal in the file has the same code, also if double precision would
/// merge it; numbers that lie far from 0 and close together are moved, exactly, before they are rounded.
/// </summary>
public sealed record DataColumn
{
    private DataColumn(string name, double[] numbers, int[] codes, bool isText, bool isWhole) =>
        (Name, Numbers, Codes, IsText, IsWhole) = (name, numbers, codes, isText, isWhole);

    /// <summary>From the header; empty if there is none.</summary>
    public string Name { get; }

    /// <summary>Place among the columns of the file, from 0, whichever of them were read.</summary>
    public int Number { get; internal init; }

    /// <summary>The user said that these are labels, whatever they look like.</summary>
    public bool IsSaidLabels { get; internal init; }

    /// <summary>(N) values, up to one shift of all of them; NaN if one is missing, and of all text.</summary>
    public double[] Numbers { get; private init; }

    /// <summary>(N) numbers of the distinct values in rising order (text by its bytes), from 0; -1 if a value is missing.</summary>
    public int[] Codes
    {
        get;
        private init => (field, Levels) = (value, value.Length == 0 ? 0 : value.Max() + 1);
    }

    /// <summary>Distinct values.</summary>
    public int Levels { get; private init; }

    /// <summary>Words, not numbers.</summary>
    public bool IsText { get; }

    /// <summary>Whole numbers only.</summary>
    public bool IsWhole { get; }

    public int Missing => Codes.Count(code => code < 0);

    /// <param name="name">Name of the column.</param>
    /// <param name="values">NaN if one is missing; others finite.</param>
    public static DataColumn OfDoubles(string name, double[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var canonical = Array.ConvertAll(values, value => value + 0.0); // -0 + 0 is +0
        var present = Array.FindAll(canonical, value => !double.IsNaN(value));
        return new(name, canonical, Code(canonical, present, value => !double.IsNaN(value)), isText: false,
            Array.TrueForAll(present, double.IsInteger));
    }

    /// <param name="name">Name of the column.</param>
    /// <param name="values">Whole numbers of up to 64 bits and more; none if one is missing.</param>
    public static DataColumn OfWholes(string name, Int128?[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var present = values.OfType<Int128>().ToArray();
        var isWide = Array.Exists(present, value => Int128.Abs(value) > 1L << 53);
        var origin = isWide ? present.Min() : 0;
        return new(name, Array.ConvertAll(values, value => value is { } whole ? (double)(whole - origin) : double.NaN),
            Code(values, [.. present.Select(value => (Int128?)value)], value => value != null), isText: false, isWhole: true);
    }

    /// <param name="name">Name of the column.</param>
    /// <param name="values">None if one is missing.</param>
    public static DataColumn OfText(string name, string?[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var order = values.OfType<string>().Distinct().Order(StringComparer.Ordinal).Select((value, code) => (value, code))
            .ToDictionary(pair => pair.value, pair => pair.code);
        return new(name, [.. Enumerable.Repeat(double.NaN, values.Length)],
            Array.ConvertAll(values, value => value == null ? -1 : order[value]), isText: true, isWhole: false);
    }

    /// <summary>These rows only, the codes counted anew.</summary>
    public DataColumn Select(int[] rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var kept = rows.Select(row => Codes[row]).ToArray();
        return this with
        {
            Numbers = [.. rows.Select(row => Numbers[row])],
            Codes = Code(kept, Array.FindAll(kept, code => code >= 0), code => code >= 0),
        };
    }

    /// <summary>With so many missing values after the last.</summary>
    internal DataColumn Extend(int rows) => rows == 0 ? this
        : this with
        {
            Numbers = [.. Numbers, .. Enumerable.Repeat(double.NaN, rows)],
            Codes = [.. Codes, .. Enumerable.Repeat(-1, rows)],
        };

    private static int[] Code<T>(T[] values, T[] present, Predicate<T> isPresent)
    {
        var sorted = (T[])present.Clone();
        Array.Sort(sorted);
        var count = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            if (count == 0 || !EqualityComparer<T>.Default.Equals(sorted[i], sorted[count - 1]))
                sorted[count++] = sorted[i];
        }

        return Array.ConvertAll(values, value => isPresent(value) ? Array.BinarySearch(sorted, 0, count, value) : -1);
    }
}
