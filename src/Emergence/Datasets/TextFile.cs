using System.Text.Json;
using Emergence.Files;

namespace Emergence.Datasets;

/// <summary>Documents of a local file: the lines of a text, or one column of a table.</summary>
internal static class TextFile
{
    private const string Column = "text";

    public static IEnumerable<string> Read(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".jsonl" => ReadJsonLines(path),
        ".csv" => ReadTable(path),
        _ => TextBytes.ReadLines(path),
    };

    private static IEnumerable<string> ReadJsonLines(string path)
    {
        var number = 0;
        foreach (var line in TextBytes.ReadLines(path))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
                yield return Member(path, number, line);
        }
    }

    private static string Member(string path, int number, string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(Column, out var text)
                && text.ValueKind == JsonValueKind.String)
                return text.GetString()!;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new EmergenceException($"{path}: line {number} is not valid JSON", ExitCode.Usage, error);
        }

        throw new EmergenceException($"{path}: line {number} has no string \"{Column}\"", ExitCode.Usage);
    }

    private static IEnumerable<string> ReadTable(string path)
    {
        var rows = CsvFile.Read(path).Select(row => row.Fields).ToList();
        var column = rows.Count == 0 ? -1
            : Array.FindIndex(rows[0], name => name.Trim().Equals(Column, StringComparison.OrdinalIgnoreCase));
        if (column < 0)
            throw new EmergenceException($"{path}: the first line names no column \"{Column}\"", ExitCode.Usage);
        return rows.Skip(1).Where(row => row.Length > column).Select(row => row[column]);
    }
}
