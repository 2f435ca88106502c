using System.Globalization;
using System.Text.Json;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Datasets;

/// <summary>Rows of a .tsv, .csv or .jsonl file as the fields of a template.</summary>
internal static class LabelledRows
{
    private const string Expected = "expected a .tsv, .csv or .jsonl file";

    /// <summary>(rows, fields): values in the order of <paramref name="fields"/>.</summary>
    public static IReadOnlyList<string[]> Read(string path, IReadOnlyList<string> fields)
    {
        if (!File.Exists(path))
            throw new EmergenceException($"no file '{Printable.Escape(path)}': {Expected}", ExitCode.Usage);
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".jsonl" => [.. TextBytes.ReadLines(path).Select((line, index) => (line, index))
                .Where(row => !string.IsNullOrWhiteSpace(row.line)).Select(row => Members(path, row.index + 1, row.line, fields))],
            ".csv" => Columns(path, [.. CsvFile.Read(path)], fields),
            ".tsv" => Columns(path, [.. TextBytes.ReadLines(path).Select((line, index) => new CsvRow(index + 1, line.Split('\t')))
                .Where(row => !row.IsBlank)], fields),
            _ => throw new EmergenceException($"cannot read '{Printable.Escape(path)}': {Expected}", ExitCode.Usage),
        };
    }

    /// <summary>By number if all fields are numbers, else by the names in the first line.</summary>
    private static List<string[]> Columns(string path, List<CsvRow> rows, IReadOnlyList<string> fields)
    {
        var numbered = fields.All(field => int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number > 0);
        var columns = fields.Select(field => numbered ? int.Parse(field, CultureInfo.InvariantCulture) - 1
            : Array.FindIndex(rows[0].Fields, name => name.Trim().Equals(field, StringComparison.OrdinalIgnoreCase))).ToList();
        var missing = columns.FindIndex(column => column < 0);
        if (missing >= 0)
            throw new EmergenceException(
                $"{path}: the first line names no column {Printable.Quote(fields[missing])}: use its name, or numbers from {{1}} where "
                + $"there is no such line", ExitCode.Usage);
        var values = new List<string[]>();
        for (var i = numbered ? 0 : 1; i < rows.Count; i++)
        {
            var row = rows[i].Fields;
            values.Add(columns.Max() < row.Length
                ? [.. columns.Select(column => row[column].Trim())]
                : throw new EmergenceException(
                    $"{path}: line {rows[i].Line} has {row.Length} columns, the template needs {columns.Max() + 1}", ExitCode.Usage));
        }

        return values;
    }

    private static string[] Members(string path, int number, string line, IReadOnlyList<string> fields)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return [.. fields.Select(field => json.RootElement.TryGetProperty(field, out var value)
                ? value.ToString().Trim()
                : throw new EmergenceException($"{path}: line {number} has no member {Printable.Quote(field)}", ExitCode.Usage))];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new EmergenceException($"{path}: line {number} is not a JSON object", ExitCode.Usage, error);
        }
    }
}
