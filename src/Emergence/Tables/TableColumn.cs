namespace Emergence.Tables;

public enum TableColumnKind
{
    Text,
    Integer,
    Number,

    /// <summary>A value and its standard error; CSV, JSON and JSONL write them as NAME and NAME_se.</summary>
    Estimate,
}

/// <summary>One column of a table. <see cref="Digits"/> is the number of decimals in the formats made for reading.</summary>
public sealed record TableColumn(string Name, TableColumnKind Kind, int Digits)
{
    public static TableColumn Text(string name) => new(name, TableColumnKind.Text, 0);

    /// <summary>Words that are the same in every language, as users type them.</summary>
    public static TableColumn Verbatim(string name) => Text(name) with { IsVerbatim = true };

    public static TableColumn Integer(string name) => new(name, TableColumnKind.Integer, 0);

    public static TableColumn Number(string name, int digits) => new(name, TableColumnKind.Number, digits);

    /// <summary>A number of any magnitude: three digits and an exponent in the formats made for reading.</summary>
    public static TableColumn Magnitude(string name) => Number(name, 2) with { HasExponent = true };

    /// <summary>A bound or a spread: NaN if there is none, as of one seed, which the formats made for reading show as "-".</summary>
    public static TableColumn Spread(string name, int digits) => Number(name, digits) with { Undefined = "-" };

    public static TableColumn Estimate(string name, int digits) => new(name, TableColumnKind.Estimate, digits);

    /// <summary>How NaN is shown to readers.</summary>
    internal string Undefined { get; private init; } = "NaN";

    internal bool IsVerbatim { get; private init; }

    internal bool HasExponent { get; private init; }

    /// <summary>Numbers line up at the right, words at the left.</summary>
    internal bool RightAligned => Kind != TableColumnKind.Text;

    internal string ErrorName => Name + "_se";
}
