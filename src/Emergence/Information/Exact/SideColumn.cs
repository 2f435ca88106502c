namespace Emergence.Information.Exact;

/// <summary>One column of one side, as a table holds it: what is equal there has the same code, also if doubles merge.</summary>
/// <param name="Name">To speak of it.</param>
/// <param name="Values">(N) numbers; NaN if the column holds words.</param>
/// <param name="Codes">(N) numbers of the distinct values, from 0.</param>
/// <param name="Levels">Distinct values.</param>
public sealed record SideColumn(string Name, double[] Values, int[] Codes, int Levels)
{
    /// <summary>What the values are: guessed unless set.</summary>
    public ColumnKind Kind { get; init; } = ColumnKinds.Guess(Values, Levels).Kind;

    /// <summary>What values were rounded to, if they were.</summary>
    public double Step { get; init; } = ColumnKinds.Guess(Values, Levels).Step;

    /// <summary>The user said what the values are.</summary>
    public bool IsSaid { get; private init; }

    /// <summary>Words have no values but their codes.</summary>
    public bool IsText => double.IsNaN(Values[0]);

    /// <summary>A phrase of what the column was taken for; null if that is plain.</summary>
    public string? Reading => Kind switch
    {
        ColumnKind.Labels => $"{Name} as {Levels} labels",
        ColumnKind.Rounded => FormattableString.Invariant($"{Name} as numbers rounded to {Step:G3}"),
        _ => null,
    };

    /// <summary>A column of numbers; equal ones are one value.</summary>
    public static SideColumn Of(string name, double[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        double[] distinct = [.. values.Distinct().Order()];
        return new(name, values, Array.ConvertAll(values, value => Array.BinarySearch(distinct, value)), distinct.Length);
    }

    /// <summary>Names if the user says so, numbers if not.</summary>
    public SideColumn As(bool isLabels)
    {
        var (kind, step) = ColumnKinds.Guess(Values, Levels);
        return isLabels || IsText ? this with { Kind = ColumnKind.Labels, Step = 0, IsSaid = true }
            : kind == ColumnKind.Labels ? this with
            {
                Kind = Array.TrueForAll(Values, double.IsInteger) ? ColumnKind.Rounded : ColumnKind.Continuous,
                Step = Array.TrueForAll(Values, double.IsInteger) ? 1 : 0,
                IsSaid = true,
            }
            : this with { Kind = kind, Step = step, IsSaid = true };
    }

    /// <summary>The column with its rows in another order.</summary>
    internal SideColumn Reorder(int[] order) =>
        this with { Values = Array.ConvertAll(order, row => Values[row]), Codes = Array.ConvertAll(order, row => Codes[row]) };
}
