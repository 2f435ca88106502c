using System.Globalization;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>Columns of as many rows from one file.</summary>
/// <param name="Source">The file as the user named it.</param>
/// <param name="Columns">At least one.</param>
/// <param name="Format">What was seen in the file beside rows and columns, e.g. its header.</param>
public sealed record DataTable(string Source, IReadOnlyList<DataColumn> Columns, IReadOnlyList<string> Format)
{
    /// <summary>Columns that a message lists.</summary>
    private const int MostNames = 20;

    public int Rows => Columns[0].Codes.Length;

    /// <summary>Empty lines at the end: none of them is a row, unless a row of the other file needs it for a partner.</summary>
    public int BlankAtEnd { get; init; }

    /// <summary>Row r of the table begins in this line of the file; empty if the file has no lines.</summary>
    public IReadOnlyList<int> Lines { get; init; } = [];

    /// <summary>Names to choose by: those of the header, else numbers from 0.</summary>
    public string NameOf(int column) => Columns[column].Name.Length > 0 ? Columns[column].Name
        : column.ToString(CultureInfo.InvariantCulture);

    /// <summary>What was read: rows, columns and the form of the file.</summary>
    public string Description =>
        string.Join(
        ", ",
        [FormattableString.Invariant(
        $"{Printable.Escape(Path.GetFileName(Source))}: {Rows} rows of {Columns.Count} {(Columns.Count == 1 ? "column" : "columns")}"),
        .. Format]);

    /// <summary>-1 if there is no column of this name or number.</summary>
    public int Find(string word)
    {
        var named = Enumerable.Range(0, Columns.Count).Where(column => Columns[column].Name == word).ToList();
        if (named.Count > 1)
            throw new EmergenceException($"{Source}: {named.Count} columns are called {Printable.Quote(word)}: choose by number, from 0",
                ExitCode.Usage);
        return named.Count == 1 ? named[0]
            : int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < Columns.Count ? number : -1;
    }

    /// <summary>Columns by name, or by number from 0; all must be there.</summary>
    public DataTable Choose(IEnumerable<string> words)
    {
        var chosen = words.Select(word => Find(word) is var column and >= 0
            ? column
            : throw new EmergenceException(
                $"{Source}: expected the column {Printable.Quote(word)}, found "
                + $"{string.Join(", ", Enumerable.Range(0, Math.Min(Columns.Count, MostNames)).Select(NameOf))}"
                + (Columns.Count > MostNames ? ", ..." : "")
                + string.Concat(Format.Where(note => note.StartsWith($"without column {word} ", StringComparison.Ordinal))
                    .Select(note => "; " + note)),
                ExitCode.Usage));
        return this with { Columns = [.. chosen.Distinct().Select(column => Columns[column])] };
    }

    /// <summary>The first row without a value in some column, or -1.</summary>
    public int FirstIncomplete() => Enumerable.Range(0, Rows).FirstOrDefault(row => Columns.Any(column => column.Codes[row] < 0), -1);

    public DataTable Select(int[] rows) => this with
    {
        Columns = [.. Columns.Select(column => column.Select(rows))],
        Lines = Lines.Count == 0 ? [] : [.. rows.Select(row => Lines[row])],
    };

    /// <summary>"line 7" or "row 5".</summary>
    public string Place(int row) => row < Lines.Count ? $"line {Lines[row]}" : $"row {row}";

    internal DataTable Extend(int rows) => this with
    {
        Columns = [.. Columns.Select(column => column.Extend(rows))],
        Lines = Lines.Count == 0 ? [] : [.. Lines, .. Enumerable.Range(Lines[^1] + 1, rows)],
    };
}

/// <summary>Tables whose rows belong together.</summary>
public static class PairedTables
{
    /// <summary>
    /// Rows of tables of as many rows. A row that lacks a value in one of them is refused, or left out of all if the user
    /// wants that; how many were is said.
    /// </summary>
    public static (IReadOnlyList<DataTable> Tables, int Dropped) Pair(IReadOnlyList<DataTable> tables, bool dropsMissing)
    {
        ArgumentNullException.ThrowIfNull(tables);
        foreach (var table in dropsMissing ? [] : tables)
        {
            if (table.FirstIncomplete() is var row and >= 0)
                throw new EmergenceException(
                    $"{table.Source}: {table.Place(row)} has no value in column "
                    + $"{table.NameOf(Enumerable.Range(0, table.Columns.Count).First(column => table.Columns[column].Codes[row] < 0))}: "
                    + $"expected one in every row, or --drop-missing to leave such rows out of both sides", ExitCode.Usage);
        }

        var rows = tables.Max(table => table.Rows);
        foreach (var table in tables.Where(table => table.Rows != rows))
        {
            var (first, missing) = (tables.First(other => other.Rows == rows), rows - table.Rows);
            var way = missing <= table.BlankAtEnd
                ? $"; {table.Source} ends in {table.BlankAtEnd} empty lines: --drop-missing takes them for missing values" : "";
            if (missing > table.BlankAtEnd || !dropsMissing)
                throw new EmergenceException(
                    $"expected as many rows in all arrays, found {first.Rows} in {first.Source} and {table.Rows} in {table.Source}{way}",
                    ExitCode.Usage);
        }

        tables = [.. tables.Select(table => table.Extend(rows - table.Rows))];
        var complete = Enumerable.Range(0, rows).Where(row => tables.All(table => table.Columns.All(column => column.Codes[row] >= 0)))
            .ToArray();
        return complete.Length == rows ? (tables, 0) : ([.. tables.Select(table => table.Select(complete))], rows - complete.Length);
    }
}
