using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Emergence.Tables;

/// <summary>Tables for programs: every digit is kept and numbers that are not finite are the strings NaN, Infinity and -Infinity.</summary>
internal static class TableData
{
    // Readable text: only what JSON itself requires is escaped.
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly SearchValues<char> NeedQuotes = SearchValues.Create(",\"\r\n");

    public static string Json(IReadOnlyList<Table> tables)
    {
        var lines = Lines(tables).ToList();
        return lines.Count == 0 ? "[]\n" : "[\n" + string.Join(",\n", lines) + "\n]\n";
    }

    public static string Jsonl(IReadOnlyList<Table> tables) => string.Concat(Lines(tables).Select(line => line + "\n"));

    /// <summary>RFC 4180: CRLF after every record, quotes if a field holds a comma, a quote, a line end or an outer space.</summary>
    public static string Csv(Table table)
    {
        var csv = new StringBuilder();
        var names = table.Columns.SelectMany(c => c.Kind == TableColumnKind.Estimate ? new[] { c.Name, c.ErrorName } : [c.Name]);
        csv.AppendJoin(',', names.Select(Quote)).Append("\r\n");
        foreach (var row in table.Rows)
            csv.AppendJoin(',', table.Columns.Zip(row).SelectMany(pair => Fields(pair.First, pair.Second))).Append("\r\n");
        return csv.ToString();
    }

    private static IEnumerable<string> Fields(TableColumn column, TableCell cell)
    {
        yield return cell.Kind switch
        {
            null => "",
            TableColumnKind.Text => Quote(cell.Words),
            TableColumnKind.Integer => cell.Whole.ToString(CultureInfo.InvariantCulture),
            _ => TableCell.RoundTrip(cell.Value),
        };
        if (column.Kind == TableColumnKind.Estimate)
            yield return cell.Kind == null ? "" : TableCell.RoundTrip(cell.Error);
    }

    private static string Quote(string field)
    {
        var outerSpace = field.Length > 0 && (field[0] == ' ' || field[^1] == ' ');
        return outerSpace || field.AsSpan().ContainsAny(NeedQuotes) ? $"\"{field.Replace("\"", "\"\"")}\"" : field;
    }

    private static IEnumerable<string> Lines(IReadOnlyList<Table> tables)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, Compact);
        foreach (var table in tables)
        {
            foreach (var row in table.Rows)
            {
                buffer.ResetWrittenCount();
                json.Reset();
                json.WriteStartObject();
                for (var i = 0; i < row.Count; i++)
                    WriteCell(json, table.Columns[i], row[i]);
                json.WriteEndObject();
                json.Flush();
                yield return Encoding.UTF8.GetString(buffer.WrittenSpan);
            }
        }
    }

    private static void WriteCell(Utf8JsonWriter json, TableColumn column, TableCell cell)
    {
        if (cell.Kind == null)
            json.WriteNull(column.Name);
        else if (cell.Kind == TableColumnKind.Text)
            json.WriteString(column.Name, cell.Words);
        else if (cell.Kind == TableColumnKind.Integer)
            json.WriteNumber(column.Name, cell.Whole);
        else
            WriteNumber(json, column.Name, cell.Value);

        if (column.Kind != TableColumnKind.Estimate)
            return;
        if (cell.Kind == null)
            json.WriteNull(column.ErrorName);
        else
            WriteNumber(json, column.ErrorName, cell.Error);
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteString(name, TableCell.RoundTrip(value));
    }
}
