using System.Globalization;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Studies.Skills;

/// <summary>One training.</summary>
/// <param name="Parameters">N.</param>
/// <param name="Tokens">D, what it was trained on.</param>
/// <param name="Loss">L, cross-entropy in nats a token on text it has not seen.</param>
internal readonly record struct ScalingRun(double Parameters, double Tokens, double Loss)
{
    private static readonly string[][] Columns = [["n", "parameters"], ["d", "tokens"], ["l", "loss"]];

    /// <summary>Runs of a CSV file with the columns N, D and L (or parameters, tokens and loss) among others.</summary>
    public static ScalingRun[] Read(string path)
    {
        if (!File.Exists(path))
            throw new EmergenceException($"no file {Printable.Quote(path)}: expected runs as CSV with the columns N, D and L",
                ExitCode.Usage);
        var (runs, places) = (new List<ScalingRun>(), Array.Empty<int>());
        foreach (var row in CsvFile.Read(path).Where(row => !row.IsBlank))
        {
            var (number, fields) = (row.Line, row.Fields.Select(field => field.Trim()).ToArray());
            if (places.Length == 0)
                places = [.. Columns.Select(names => Place(path, fields, names))];
            else
                runs.Add(new(Positive(path, number, fields, places[0]), Positive(path, number, fields, places[1]),
                    Positive(path, number, fields, places[2])));
        }

        return [.. runs];
    }

    private static int Place(string path, string[] header, string[] names)
    {
        var place = Array.FindIndex(header, field => names.Contains(field, StringComparer.OrdinalIgnoreCase));
        return place >= 0
            ? place
            : throw new EmergenceException(
                $"{path}: expected a column {names[0].ToUpperInvariant()} (or {names[1]}) in the first line, found "
                + $"{Printable.Quote(string.Join(',', header))}", ExitCode.Usage);
    }

    private static double Positive(string path, int number, string[] fields, int place)
    {
        var field = place < fields.Length ? fields[place] : "";
        return double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value > 0
            && double.IsFinite(value)
            ? value
            : throw new EmergenceException($"{path}: line {number}: expected a number above 0, found {Printable.Quote(field)}",
                ExitCode.Usage);
    }
}
