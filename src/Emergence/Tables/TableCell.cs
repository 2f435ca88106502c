using System.Globalization;

namespace Emergence.Tables;

/// <summary>The content of one cell: nothing, words, a whole number, a number, or a value with its standard error.</summary>
public readonly record struct TableCell
{
    private readonly string? _text;
    private readonly long _integer;
    private readonly double _value;

    private TableCell(TableColumnKind kind, string? text, long integer, double value, double error)
    {
        Kind = kind;
        _text = text;
        _integer = integer;
        _value = value == 0 ? 0 : value; // -0 would print as "-0"
        Error = error;
    }

    /// <summary>A cell without content: null in JSON, an empty field elsewhere.</summary>
    public static TableCell Empty => default;

    /// <summary>Null when the cell is empty.</summary>
    internal TableColumnKind? Kind { get; }

    internal double Error { get; }

    internal string Words => _text ?? "";

    internal long Whole => _integer;

    internal double Value => Kind == TableColumnKind.Integer ? _integer : _value;

    public static implicit operator TableCell(string? text) => text == null ? Empty : new(TableColumnKind.Text, text, 0, 0, 0);

    public static implicit operator TableCell(long integer) => new(TableColumnKind.Integer, null, integer, 0, 0);

    public static implicit operator TableCell(double value) => new(TableColumnKind.Number, null, 0, value, 0);

    public static implicit operator TableCell((double Value, double Error) estimate)
        => new(TableColumnKind.Estimate, null, 0, estimate.Value, estimate.Error);

    /// <summary>A number, or nothing if there is none: NaN or infinite.</summary>
    internal static TableCell Known(double value) => double.IsFinite(value) ? value : Empty;

    /// <summary>A number, or nothing if there is none: null, NaN or infinite.</summary>
    internal static TableCell Known(double? value) => Known(value ?? double.NaN);

    /// <summary>A number, finite or not, or nothing if it is NaN.</summary>
    internal static TableCell Defined(double value) => double.IsNaN(value) ? Empty : value;

    /// <summary>The cell as a reader of its column sees it, rounded to its digits.</summary>
    internal string Show(TableColumn column) => Kind switch
    {
        TableColumnKind.Text => Words,
        TableColumnKind.Integer => _integer.ToString(CultureInfo.InvariantCulture),
        TableColumnKind.Number => double.IsNaN(_value) ? column.Undefined : column.HasExponent && double.IsFinite(_value)
            ? Scientific(_value, column.Digits) : Fixed(_value, column.Digits),
        TableColumnKind.Estimate => $"{Fixed(_value, column.Digits)} \u00b1 {Fixed(Error, column.Digits)}",
        _ => "",
    };

    /// <summary>A number with so many decimals, without a sign on zero; "inf" and "NaN" if it is not finite.</summary>
    internal static string Fixed(double value, int digits)
    {
        if (double.IsNaN(value))
            return "NaN";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        if (Math.Abs(value) >= 1e15)
            return value.ToString("0.0###E+0", CultureInfo.InvariantCulture);
        var shown = value.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return shown.AsSpan().ContainsAnyInRange('1', '9') ? shown : shown.TrimStart('-');
    }

    /// <summary>E.g. 3.12e-7, and 0 as it is.</summary>
    private static string Scientific(double value, int digits) =>
        value == 0 ? "0" : value.ToString($"0.{new string('0', digits)}e0", CultureInfo.InvariantCulture);

    /// <summary>The shortest digits that read back as the same double.</summary>
    internal static string RoundTrip(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
