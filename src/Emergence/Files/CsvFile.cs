using System.Text;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>One record of a CSV file.</summary>
/// <param name="Line">Line of the file, from 1, where it begins.</param>
/// <param name="Fields">Without their quotes.</param>
/// <param name="IsBlank">An empty line; a line of two quotes is an empty field.</param>
internal readonly record struct CsvRow(int Line, string[] Fields, bool IsBlank = false);

/// <summary>
/// RFC 4180: fields between separators, in quotes if they hold separators, line ends or doubled quotes. A quote inside a
/// field that does not begin with one is a character like any other.
/// </summary>
internal static class CsvFile
{
    public static IEnumerable<CsvRow> Read(string path) => Read(path, TextBytes.ReadAll(path), ',');

    /// <param name="path">For messages.</param>
    /// <param name="text">The whole file.</param>
    /// <param name="separator">Between fields.</param>
    public static IEnumerable<CsvRow> Read(string path, string text, char separator)
    {
        var (row, field, line) = (new List<string>(), new StringBuilder(), 1);
        for (var i = 0; i < text.Length;)
        {
            var (start, begin) = (line, i);
            for (var ends = false; !ends;)
            {
                i = i < text.Length && text[i] == '"' ? Quoted(i) : Plain(i);
                row.Add(field.ToString());
                field.Clear();
                if (i < text.Length && text[i] == separator)
                {
                    i++;
                    continue;
                }

                if (i < text.Length && text[i] is not ('\r' or '\n'))
                    throw Error(
                        $"line {line}: expected {Printable.Quote(separator.ToString())} or the end of the line after a closing quote, "
                        + $"found {Printable.Quote(text[i].ToString())}");
                ends = true;
            }

            yield return new(start, [.. row], text.AsSpan(begin, i - begin).Trim(' ').IsEmpty);
            i += i + 1 < text.Length && text[i] == '\r' && text[i + 1] == '\n' ? 2 : 1;
            line++;
            row.Clear();
        }

        int Plain(int from)
        {
            var end = text.AsSpan(from).IndexOfAny(separator, '\r', '\n');
            end = end < 0 ? text.Length : from + end;
            field.Append(text, from, end - from);
            return end;
        }

        int Quoted(int from)
        {
            var start = line;
            for (var i = from + 1; i < text.Length; i++)
            {
                if (text[i] == '"' && (i + 1 == text.Length || text[i + 1] != '"'))
                    return i + 1;
                i += text[i] == '"' ? 1 : 0;
                line += text[i] == '\n' ? 1 : 0;
                field.Append(text[i]);
            }

            throw Error($"the record that begins in line {start} has a quote that is not closed");
        }

        EmergenceException Error(string what) => new($"{path}: {what}", ExitCode.Usage);
    }
}
