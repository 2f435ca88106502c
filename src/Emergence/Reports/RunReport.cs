using Emergence.Measurement;

namespace Emergence.Reports;

/// <summary>A run as one page that needs nothing else.</summary>
public static class RunReport
{
    public static string Html(RunResults results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var tables = new RunTables(results);
        var page = new HtmlPage($"Information emergence of {results.Model} on {results.Data}", $"{results.Sequences} sequences", "");
        page.Table("IE by boundary and tokens", tables.Emergence);
        page.Table("Cells", tables.Cells, folded: true);
        return page.ToString();
    }
}
