using System.Globalization;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>A column of a file that has no meaning as numbers or words.</summary>
/// <param name="Number">Its place among the columns of the file, from 0.</param>
/// <param name="Reason">What was found and what expected.</param>
public sealed record UnreadColumn(int Number, string Reason);

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

    /// <summary>Names of all columns of the file, in its order, read or not; empty where there is none.</summary>
    public IReadOnlyList<string> Names { get; init; } = [.. Columns.Select(column => column.Name)];

    /// <summary>Columns that are refused if somebody asks for them.</summary>
    public IReadOnlyList<UnreadColumn> Unread { get; init; } = [];

    /// <summary>Name to choose a column of this table by: that of the header, else its number in the file from 0.</summary>
    public string NameOf(int column) => NameOfNumber(Columns[column].Number);

    /// <summary>What was read: rows, columns and the form of the file.</summary>
    public string Description =>
        string.Join(
        ", ",
        [FormattableString.Invariant(
        $"{Printable.Escape(Path.GetFileName(Source))}: {Rows} rows of {Columns.Count} {(Columns.Count == 1 ? "column" : "columns")}"),
        .. Format]);

    /// <summary>Whether the file has a column of this name or number, read or not.</summary>
    public bool Has(string word) => NumberOf(word) >= 0;

    /// <summary>Place in this table of the column of this name, or of this number in the file; it must be there and have been
    /// read.</summary>
    public int Find(string word)
    {
        var number = NumberOf(word);
        if (Unread.FirstOrDefault(column => column.Number == number) is { } unread)
            throw Error(unread.Reason);
        for (var column = 0; column < Columns.Count; column++)
        {
            if (Columns[column].Number == number)
                return column;
        }

        throw Error($"expected the column {Printable.Quote(word)}, found {Listed}");
    }

    /// <summary>Columns by name, or by number in the file from 0; all must be there and have been read.</summary>
    public DataTable Choose(IEnumerable<string> words) =>
        this with { Columns = [.. words.Select(Find).Distinct().Select(column => Columns[column])] };

    /// <summary>Names of the columns of the file, as a message says them.</summary>
    public string Listed => string.Join(", ", Enumerable.Range(0, Math.Min(Names.Count, MostNames)).Select(NameOfNumber)
            .Select(Printable.Escape))
        + (Names.Count > MostNames ? ", ..." : "");

    /// <summary>The table if every column could be read.</summary>
    /// <param name="option">The one that chooses columns, if a refusal can name one.</param>
    public DataTable Whole(string? option = null) => Unread is not [var first, ..] ? this
        : throw Error(first.Reason + (option == null || Columns.Count == 0 ? ""
            : $"; {option} {string.Join(',', Enumerable.Range(0, Math.Min(Columns.Count, 3)).Select(NameOf).Select(Printable.Escape))}"
                + $"{(Columns.Count > 3 ? ",..." : "")} chooses others"));

    /// <summary>The table of the columns that could be read, which says why others are not among them.</summary>
    internal DataTable WithoutUnread() => Columns.Count == 0 ? Whole() : this with
    {
        Format = [.. Format, .. Unread.Select(column =>
            $"without column {Printable.Escape(NameOfNumber(column.Number))} ({column.Reason})")],
    };

    /// <summary>Columns with infinite values as such that cannot be read.</summary>
    internal DataTable WithoutInfinite()
    {
        var infinite = Columns.Select(column => (Column: column, Row: Array.FindIndex(column.Numbers, double.IsInfinity)))
            .Where(found => found.Row >= 0).ToList();
        return infinite.Count == 0 ? this : this with
        {
            Columns = [.. Columns.Except(infinite.Select(found => found.Column))],
            Unread = [.. Unread.Concat(infinite.Select(found => new UnreadColumn(found.Column.Number, FormattableString.Invariant(
                $"{Place(found.Row)}, column {Printable.Escape(NameOfNumber(found.Column.Number))} is {found.Column.Numbers[found.Row]}")
                + ": expected finite numbers"))).OrderBy(column => column.Number)],
        };
    }

    /// <summary>What a word stands for among the columns of a file: one of this name, or of this number from 0; -1 for none.</summary>
    internal static int NumberOf(IReadOnlyList<string> names, string word)
    {
        for (var number = 0; number < names.Count; number++)
        {
            if (names[number] == word)
                return number;
        }

        return int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place < names.Count ? place : -1;
    }

    private int NumberOf(string word) => Names.Count(name => name == word) is var count and > 1
        ? throw Error($"{count} columns are called {Printable.Quote(word)}: choose by number, from 0")
        : NumberOf(Names, word);

    private string NameOfNumber(int number) => Names[number].Length > 0 ? Names[number]
        : number.ToString(CultureInfo.InvariantCulture);

    private EmergenceException Error(string what) => new($"{Source}: {what}", ExitCode.Usage);

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
