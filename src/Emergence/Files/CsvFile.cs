using System.Text;

namespace Emergence.Files;

/// <summary>One record of a CSV file.</summary>
/// <param name="Line">Of the file, from 1, where it begins.</param>
/// <param name="Fields">Without their quotes.</param>
internal readonly record struct CsvRow(int Line, string[] Fields)
{
    /// <summary>An empty line.</summary>
    public bool IsBlank => Fields.Length == 1 && string.IsNullOrWhiteSpace(Fields[0]);
}

/// <summary>RFC 4180: fields between commas, in quotes where they hold commas, line ends or doubled quotes.</summary>
internal static class CsvFile
{
    public static IEnumerable<CsvRow> Read(string path)
    {
        var text = TextBytes.ReadAll(path);
        var (row, field, quoted, start, line) = (new List<string>(), new StringBuilder(), false, 1, 1);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            line += c == '\n' ? 1 : 0;
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
                field.Append(text[i++]);
            else if (c == '"')
                quoted = !quoted;
            else if (quoted || c is not (',' or '\n' or '\r'))
                field.Append(c);
            else if (c != '\r')
            {
                row.Add(field.ToString());
                field.Clear();
                if (c == '\n')
                {
                    yield return new(start, [.. row]);
                    (row, start) = ([], line);
                }
            }
        }

        if (quoted)
            throw new EmergenceException($"{path}: the record that begins in line {start} has a quote that is not closed", ExitCode.Usage);
        if (row.Count > 0 || field.Length > 0)
            yield return new(start, [.. row, field.ToString()]);
    }
}
