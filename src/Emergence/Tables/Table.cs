namespace Emergence.Tables;

/// <summary>
/// Named columns and rows of cells, written in any <see cref="TableFormat"/>. The bytes depend on the content alone:
/// no culture, no platform line ends (CSV has the CRLF of RFC 4180, everything else LF).
/// </summary>
public sealed class Table
{
    private readonly List<TableCell[]> _rows = [];

    public Table(params TableColumn[] columns)
    {
        var names = columns.SelectMany(c => c.Kind == TableColumnKind.Estimate ? new[] { c.Name, c.ErrorName } : [c.Name]);
        if (names.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new ArgumentException($"two columns are named '{twice.Key}'", nameof(columns));
        Columns = columns;
    }

    public IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>The rows in the order in which they were added; each has one cell for each column.</summary>
    public IReadOnlyList<IReadOnlyList<TableCell>> Rows => _rows;

    public void Add(params TableCell[] cells)
    {
        if (cells.Length != Columns.Count)
            throw new ArgumentException($"expected {Columns.Count} cells, got {cells.Length}", nameof(cells));
        for (var i = 0; i < cells.Length; i++)
        {
            if (cells[i].Kind == TableColumnKind.Integer && Columns[i].Kind == TableColumnKind.Number)
                cells[i] = cells[i].Value;
            if (cells[i].Kind is { } kind && kind != Columns[i].Kind)
                throw new ArgumentException($"column '{Columns[i].Name}' holds {Columns[i].Kind}, got {kind}", nameof(cells));
        }

        _rows.Add(cells);
    }

    public string ToString(TableFormat format) => Write([this], format);

    public override string ToString() => ToString(TableFormat.Text);

    /// <summary>
    /// Several tables as one output: one array in JSON, one stream of lines in JSONL, blocks separated by an empty line elsewhere.
    /// </summary>
    public static string Write(IReadOnlyList<Table> tables, TableFormat format) => format switch
    {
        TableFormat.Json => TableData.Json(tables),
        TableFormat.Jsonl => TableData.Jsonl(tables),
        TableFormat.Csv => string.Join("\r\n", tables.Select(TableData.Csv)),
        TableFormat.Markdown => string.Join("\n", tables.Select(TableText.Markdown)),
        TableFormat.Latex => string.Join("\n", tables.Select(TableText.Latex)),
        TableFormat.Text => string.Join("\n", tables.Select(TableText.Plain)),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };
}
