using Emergence.Devices;
using Emergence.Lab.Benchmarks;
using Emergence.Tables;

namespace Emergence.Lab.Reports;

/// <summary>What <c>bench</c> and <c>bench compare</c> print for readers.</summary>
internal static class BenchReport
{
    private const string Slower = "slower";

    public static Table Table(BenchFile file)
    {
        var table = new Table(
            TableColumn.Text("kind"), TableColumn.Text("op"), TableColumn.Text("kernel"), TableColumn.Text("shape"),
            TableColumn.Text("cache"), TableColumn.Integer("calls"), TableColumn.Number("median_us", 2), TableColumn.Number("q1_us", 2),
            TableColumn.Number("q3_us", 2), TableColumn.Number("host_us", 2), TableColumn.Number("gb_per_s", 1),
            TableColumn.Number("tflop_per_s", 4), TableColumn.Number("of_roof", 3));
        foreach (var row in file.Rows)
        {
            var time = row.Time;
            table.Add(
                row.Kind, row.Op, row.Kernel, row.Shape, row.Cache, time.Calls, 1e6 * time.Median, 1e6 * time.Low, 1e6 * time.High,
                row.Kind == "kernel" ? TableCell.Empty : 1e6 * time.Host, TableCell.Known(row.Gigabytes),
                TableCell.Known(row.Teraflops), TableCell.Known(row.ShareOf(file.Roof)));
        }

        return table;
    }

    /// <summary>One line of what the figures must be read with.</summary>
    public static string About(BenchFile file) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{file.Description} ({file.Path}){(file.Driver is { } driver ? $", driver {driver}" : "")}, {file.Date}, version " +
        $"{file.Version}, `{file.Command}`; roof {file.Roof.BytesPerSecond / 1e9:0.0} GB/s, {file.Roof.FlopsPerSecond / 1e12:0.0000} " +
        $"TFLOP/s");

    /// <summary>Rows that both files have, then those that only one of them has.</summary>
    /// <param name="before">The file to measure against.</param>
    /// <param name="after">The other.</param>
    /// <param name="threshold">Relative change that is none.</param>
    /// <param name="isRegression">Whether a row is slower.</param>
    public static Table Compare(BenchFile before, BenchFile after, double threshold, out bool isRegression)
    {
        var table = new Table(
            TableColumn.Text("kind"), TableColumn.Text("op"), TableColumn.Text("kernel"), TableColumn.Text("shape"),
            TableColumn.Text("cache"), TableColumn.Number("before_us", 2), TableColumn.Number("after_us", 2),
            TableColumn.Number("ratio", 3), TableColumn.Text("verdict"));
        var (old, present) = (Rows(before), Rows(after));
        isRegression = false;
        foreach (var (key, row) in old.Where(entry => present.ContainsKey(entry.Key)))
        {
            var other = present[key];
            var verdict = Verdict(row.Time, other.Time, threshold);
            isRegression |= verdict == Slower;
            table.Add(
                row.Kind, row.Op, row.Kernel, row.Shape, row.Cache, 1e6 * row.Time.Median, 1e6 * other.Time.Median,
                other.Time.Median / row.Time.Median, verdict);
        }

        foreach (var (_, row) in old.Where(entry => !present.ContainsKey(entry.Key)))
            table.Add(
                row.Kind, row.Op, row.Kernel, row.Shape, row.Cache, 1e6 * row.Time.Median, TableCell.Empty, TableCell.Empty, "only before");
        foreach (var (_, row) in present.Where(entry => !old.ContainsKey(entry.Key)))
            table.Add(
                row.Kind, row.Op, row.Kernel, row.Shape, row.Cache, TableCell.Empty, 1e6 * row.Time.Median, TableCell.Empty, "only after");
        return table;
    }

    /// <summary>
    /// Same within the threshold; beyond it, slower or faster if the middle halves of the samples lie apart, else
    /// ambiguous.
    /// </summary>
    internal static string Verdict(Timing before, Timing after, double threshold)
    {
        var ratio = after.Median / before.Median;
        if (ratio <= 1 + threshold && ratio >= 1 / (1 + threshold))
            return "same";
        if (ratio > 1)
            return after.Low > before.High ? Slower : "ambiguous";
        return after.High < before.Low ? "faster" : "ambiguous";
    }

    private static Dictionary<(string, string, string, string, string), BenchRow> Rows(BenchFile file)
    {
        var rows = new Dictionary<(string, string, string, string, string), BenchRow>();
        foreach (var row in file.Rows)
            rows.TryAdd(row.Key, row);
        return rows;
    }
}
