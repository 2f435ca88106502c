using System.Globalization;
using System.Text.RegularExpressions;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>
/// A CSV file as a table of numbers and words. What dialects leave open (a header, decimal commas, an index column) is found
/// from the file if it is certain, said in <see cref="DataTable.Format"/>, and refused with the option that settles it if not.
/// </summary>
internal sealed partial class CsvTable
{
    /// <summary>What pandas and R write for a value that is missing.</summary>
    private static readonly HashSet<string> Missing =
        ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None"];

    private readonly string _path;
    private readonly DataOptions _options;
    private readonly char _separator;
    private readonly List<CsvRow> _rows;
    private readonly List<string> _format = [];
    private readonly int _blankAtEnd;
    private string[] _names = [];

    private CsvTable(string path, DataOptions options)
    {
        (_path, _options) = (path, options);
        var text = TextBytes.ReadAll(path);
        _separator = FindSeparator(text);
        _rows = [.. CsvFile.Read(path, text, _separator)];
        for (; _rows.Count > 0 && _rows[^1].IsBlank; _blankAtEnd++)
            _rows.RemoveAt(_rows.Count - 1);
        if (_separator != ',')
            _format.Add(_separator == '\t' ? "tabs between" : $"'{_separator}' between");
    }

    public static DataTable Read(string path, DataOptions options) => new CsvTable(path, options).Read();

    private DataTable Read()
    {
        var joinsPairs = JoinsDecimals();
        if (joinsPairs)
            Join();
        var hasHeader = HasHeader();
        if (hasHeader)
        {
            _names = [.. _rows[0].Fields.Select(field => field.Trim())];
            _rows.RemoveAt(0);
        }

        if (_rows.Count == 0)
            throw Error("holds no numbers below its header");
        var width = hasHeader ? _names.Length : _rows.First(row => !row.IsBlank).Fields.Length;
        for (var i = 0; i < _rows.Count; i++)
        {
            if (_rows[i].IsBlank)
                _rows[i] = _rows[i] with { Fields = [.. Enumerable.Repeat("", width)] };
            else if (_rows[i].Fields.Length != width)
                throw Error(
                    $"line {_rows[i].Line} has {_rows[i].Fields.Length} fields, {(hasHeader ? "the header" : "those before it")} "
                    + $"{width}{(_rows[i].Fields.Length == 2 * width ? "; numbers with decimal commas need --decimal comma" : "")}");
        }

        _names = hasHeader ? _names : [.. Enumerable.Repeat("", width)];
        _format.Insert(0, hasHeader
            ? $"header {string.Join(_separator, _names.Take(3).Select(Printable.Escape))}{(width > 3 ? ",..." : "")}" : "no header");
        var (labels, unread) = (_options.LabelsAmong(_names), new List<UnreadColumn>());
        var columns = Enumerable.Range(0, width).Select(number => Column(number, labels.Contains(number), unread)).OfType<DataColumn>()
            .ToList();
        if (_options.Use != ColumnUse.Chosen)
            LeaveOutIndex(columns, unread);
        return new(_path, columns, _format)
        {
            Names = _names,
            Unread = unread,
            BlankAtEnd = width == 1 ? _blankAtEnd : 0,
            Lines = [.. _rows.Select(row => row.Line)],
        };
    }

    /// <summary>A separator that every line has equally often; tabs and semicolons before commas, which may be decimal.</summary>
    private static char FindSeparator(string text)
    {
        var lines = text.Split('\n', 1000, StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r'))
            .Where(line => line.Trim().Length > 0).Take(998).ToList();
        foreach (var separator in "\t;")
        {
            var count = lines.Count == 0 ? 0 : Outside(lines[0], separator);
            if (count > 0 && lines.TrueForAll(line => Outside(line, separator) == count))
                return separator;
        }

        return ',';
    }

    private static int Outside(string line, char separator)
    {
        var (count, quoted) = (0, false);
        foreach (var c in line)
        {
            quoted ^= c == '"';
            count += c == separator && !quoted ? 1 : 0;
        }

        return count;
    }

    /// <summary>Whether pairs of fields are one number each: a comma that separates fields, and a comma that is a decimal point.</summary>
    private bool JoinsDecimals()
    {
        if (_separator != ',' || _options.DecimalComma == false)
            return false;
        var (first, rest) = (_rows[0].Fields, _rows.Skip(1).Where(row => !row.IsBlank).ToList());
        var isNamed = _options.Header ?? Array.TrueForAll(first, field => !IsNumber(field));
        var body = isNamed ? rest : [_rows[0], .. rest];
        var width = isNamed ? first.Length : body.Max(row => row.Fields.Length) / 2;
        bool AreDecimals(CsvRow row) => row.Fields.Length == 2 * width && row.Fields.Chunk(2)
            .All(pair => WholePattern().IsMatch(pair[0]) && DigitsPattern().IsMatch(pair[1]));
        bool IsOneNumber(CsvRow row) => width == 1 && row.Fields.Length == 1
            && (WholePattern().IsMatch(row.Fields[0]) || Missing.Contains(row.Fields[0]));
        if (body.Count == 0 || width == 0 || !body.Exists(AreDecimals) || !body.TrueForAll(row => AreDecimals(row) || IsOneNumber(row)))
            return false;
        if (isNamed || _options.DecimalComma == true)
            return true;
        var isTelling = width == 1
            || body.Exists(row => row.Fields.Chunk(2).Any(pair => pair[0] == "-0" || (pair[1].Length > 1 && pair[1][0] == '0')));
        return isTelling && body.TrueForAll(AreDecimals)
            ? throw Error(
                $"line {body[0].Line} is {Printable.Quote(string.Join(',', body[0].Fields))}: expected to be told whether these are "
                + $"decimal commas: --decimal comma or --decimal point")
            : false;
    }

    private void Join()
    {
        for (var i = 0; i < _rows.Count; i++)
        {
            if (_rows[i].Fields.Length % 2 == 0 && Array.TrueForAll(_rows[i].Fields, IsNumber))
                _rows[i] = _rows[i] with { Fields = [.. _rows[i].Fields.Chunk(2).Select(pair => $"{pair[0]},{pair[1]}")] };
        }
    }

    private bool HasHeader()
    {
        if (_options.Header is { } told)
            return told;
        var (first, rest) = (_rows[0].Fields, _rows.Skip(1).Where(row => !row.IsBlank && row.Fields.Length == _rows[0].Fields.Length)
            .ToList());
        if (rest.Count == 0 || _rows[0].IsBlank)
            return _rows.Count == 1 && Array.Exists(first, field => !IsNumber(field));
        var columns = Enumerable.Range(0, first.Length).ToList();
        if (columns.Exists(column =>
            IsWord(first[column]) && rest.Exists(row => !IsWord(row.Fields[column]) && !Missing.Contains(row.Fields[column]))))
            return true;
        if (columns.TrueForAll(column => IsNumber(first[column]) || Missing.Contains(first[column])))
            return HasNumberedHeader(first, rest);
        if (columns.Exists(column => IsNumber(first[column]))
            || columns.Exists(column => rest.Exists(row => row.Fields[column] == first[column])))
            return false;
        return columns.Exists(column => rest.Select(row => row.Fields[column]).Distinct().Count() < rest.Count)
            ? true
            : throw Undecided($"{Printable.Quote(string.Join(_separator, first))} above words that do not repeat");
    }

    /// <summary>
    /// pandas names columns 0, 1, ... where nobody else did, after an empty field where it writes its index. Whole numbers above
    /// numbers that are all written with a point or an exponent are such a header; above whole numbers they may be a row.
    /// </summary>
    private bool HasNumberedHeader(string[] first, List<CsvRow> rest)
    {
        var names = first[0].Length == 0 ? first[1..] : first;
        if (names.Length == 0 || !Array.TrueForAll(names, name => WholePattern().IsMatch(name)))
            return false;
        if (names.Length < first.Length && AreDistinctWholes(rest.Select(row => row.Fields[0])))
            return true;
        var isWritten = Enumerable.Range(0, first.Length)
            .All(column => rest.TrueForAll(row => IsNumber(row.Fields[column]) && !WholePattern().IsMatch(row.Fields[column])));
        var counts = names.Select((name, column) => (name, column))
            .All(pair => pair.name == pair.column.ToString(CultureInfo.InvariantCulture));
        if (isWritten || !counts)
            return counts;
        var isLabel = Enumerable.Range(0, first.Length).All(column => rest.Exists(row => row.Fields[column] == first[column]));
        return !isLabel
            ? throw Undecided($"{Printable.Quote(string.Join(_separator, first))}, which counts the columns, above whole numbers") : false;
    }

    /// <summary>The column that pandas writes before the others unless it is told not to: numbers of the rows under an empty
    /// name. One with a name, or none in the file, that counts the rows may be data.</summary>
    private void LeaveOutIndex(List<DataColumn> columns, List<UnreadColumn> unread)
    {
        if (columns.Count < 2 || columns[0] is not { Number: 0, IsWhole: true, Missing: 0, IsSaidLabels: false } first
            || first.Levels < first.Codes.Length)
            return;
        var named = _format[0] != "no header";
        var isNameless = named && (first.Name.Length == 0 || first.Name.StartsWith("Unnamed: ", StringComparison.Ordinal));
        var counts = first.Codes.Length > 2 && first.Codes.Select((code, row) => code == row).All(equal => equal)
            && first.Numbers[^1] - first.Numbers[0] == first.Codes.Length - 1 && first.Numbers[0] is 0 or 1;
        if (!isNameless && !counts)
            return;
        columns.RemoveAt(0);
        if (isNameless)
        {
            _format.Add("without its index column");
            return;
        }

        unread.Insert(0, new(0, $"column {Shown(first.Name, 0)} counts the rows: expected data, or --columns with its name where it is"));
    }

    /// <summary>Null if the column has no meaning, which another list of columns then says.</summary>
    private DataColumn? Column(int number, bool isLabels, List<UnreadColumn> unread)
    {
        try
        {
            return Column(number, isLabels) with { Number = number, IsSaidLabels = isLabels };
        }
        catch (EmergenceException error)
        {
            unread.Add(new(number, error.Message[$"{_path}: ".Length..]));
            return null;
        }
    }

    private DataColumn Column(int column, bool isLabels)
    {
        var (name, fields) = (_names[column], _rows.Select(row => row.Fields[column].Trim()).ToArray());
        var present = Array.FindAll(fields, field => !Missing.Contains(field));
        if (isLabels)
            return IsWholeColumn(present) ? Wholes(name, fields)
                : DataColumn.OfText(name, [.. fields.Select(field => Missing.Contains(field) ? null : field)]);
        if (IsWholeColumn(present))
            return Wholes(name, fields);
        var hasCommas = UsesDecimalCommas(name, present);
        var values = new double[fields.Length];
        var (wrong, numbers) = (-1, 0);
        for (var row = 0; row < fields.Length; row++)
        {
            values[row] = double.NaN;
            if (Missing.Contains(fields[row]))
                continue;
            if (TryParse(hasCommas ? fields[row].Replace(',', '.') : fields[row], out values[row]))
                numbers++;
            else
                wrong = wrong < 0 ? row : wrong;
        }

        if (wrong < 0)
            return values.Any(value => Math.Abs(value) > 1L << 53 && double.IsInteger(value))
                && Array.Exists(present, field => WholePattern().IsMatch(field) && field.Length > 16)
                ? throw Error(
                    $"column {Shown(name, column)} mixes whole numbers of more than 53 bits with others, which a double would merge: "
                    + $"expected one kind, or --discrete with its name for labels")
                : DataColumn.OfDoubles(name, values);
        if (numbers > 0)
            throw Error(
                $"line {_rows[wrong].Line}: {Printable.Quote(fields[wrong])} is not a number, as others in column {Shown(name, column)} "
                + $"are: expected numbers, or --discrete with its name for labels");
        return Words(name, column, fields);
    }

    private DataColumn Words(string name, int column, string[] fields)
    {
        var (row, word) = fields.Select((field, row) => (row, field)).First(pair => !Missing.Contains(pair.field));
        if (HoldsSeveral(word))
            throw Error(
                $"line {_rows[row].Line}: {Printable.Quote(word)} holds several numbers: expected the same ',' or ';' or tab between "
                + $"numbers in every line");
        if (DatePattern().IsMatch(word))
            throw Error(
                $"line {_rows[row].Line}: column {Shown(name, column)} holds dates ({Printable.Quote(word)}): expected numbers, e.g. "
                + $"days since the first, or --discrete with its name for labels");
        return DataColumn.OfText(name, [.. fields.Select(field => Missing.Contains(field) ? null : field)]);
    }

    /// <summary>1.5 written as 1,5 in fields between semicolons or in quotes; 1,234 may be a thousand.</summary>
    private bool UsesDecimalCommas(string name, string[] present)
    {
        if (_options.DecimalComma == false || !Array.Exists(present, field => field.Contains(','))
            || !Array.TrueForAll(present, field => CommaPattern().IsMatch(field)))
            return false;
        if (_options.DecimalComma == null && Array.TrueForAll(present, field => !field.Contains(',') || ThousandsPattern().IsMatch(field)))
        {
            var place = name.Length > 0 ? $" in column {Printable.Escape(name)}" : "";
            throw Error(
                $"{Printable.Quote(present.First(field => field.Contains(',')))}{place} may be a decimal or thousands: "
                    + "say --decimal comma, or write numbers without ','");
        }

        if (!_format.Contains("decimal commas"))
            _format.Add("decimal commas");
        return true;
    }

    /// <summary>Neither a number nor several, nor a date, nor missing.</summary>
    private static bool IsWord(string field) => !IsNumber(field) && !Missing.Contains(field) && !HoldsSeveral(field) && !DatePattern()
        .IsMatch(field);

    private static bool HoldsSeveral(string field)
    {
        var parts = field.Split([' ', ';', '|', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return parts.Length > 1 && Array.TrueForAll(parts, part => TryParse(part.Replace(',', '.'), out _));
    }

    private static bool AreDistinctWholes(IEnumerable<string> fields)
    {
        var seen = new HashSet<string>();
        return fields.All(field => WholePattern().IsMatch(field) && seen.Add(field));
    }

    private static bool IsWholeColumn(string[] present) =>
        present.Length > 0 && Array.TrueForAll(present, field => WholePattern().IsMatch(field) && field.Length < 38);

    private static DataColumn Wholes(string name, string[] fields) =>
        DataColumn.OfWholes(name,
            [.. fields.Select(field => Missing.Contains(field) ? (Int128?)null
            : Int128.Parse(field, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))]);

    private static string Shown(string name, int column) => name.Length > 0 ? Printable.Escape(name)
        : column.ToString(CultureInfo.InvariantCulture);

    private static bool IsNumber(string field) => (TryParse(field, out var value) && !double.IsNaN(value)) || CommaPattern().IsMatch(field);

    private static bool TryParse(string field, out double value) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    private EmergenceException Undecided(string what) =>
        Error($"line {_rows[0].Line} is {what}: expected to be told whether it names the columns: --header yes or --header no");

    private EmergenceException Error(string what) => new($"{_path}: {what}", ExitCode.Usage);

    [GeneratedRegex(@"^\s*[+-]?[0-9]+\s*$")]
    private static partial Regex WholePattern();

    [GeneratedRegex("^[0-9]+$")]
    private static partial Regex DigitsPattern();

    [GeneratedRegex(@"^[+-]?[0-9]+(,[0-9]+)?([eE][+-]?[0-9]+)?$")]
    private static partial Regex CommaPattern();

    [GeneratedRegex("^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+$")]
    private static partial Regex ThousandsPattern();

    [GeneratedRegex(@"^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ][0-9:.+Z-]*)?$")]
    private static partial Regex DatePattern();
}
