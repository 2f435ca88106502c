using BenchmarkDotNet.Attributes;
using Emergence.Pictures;
using Emergence.Reports;

namespace Emergence.Benchmarks.Host;

/// <summary>Pictures of a run, and the page they stand in.</summary>
public class PageBenchmarks
{
    private LineChart _chart = null!;
    private Heatmap _map = null!;

    [GlobalSetup]
    public void Draw()
    {
        var random = new Random(1);
        LinePoint[] points = [.. Enumerable.Range(0, 33).Select(i => new LinePoint(i, 5 + random.NextDouble(), 4, 7))];
        _chart = new()
        {
            Title = "Emergence", YCaption = "bits", XCaption = "layer", Unit = "bit",
            Series = [.. Enumerable.Range(0, 4).Select(i => new LineSeries($"token {i}", points, i))],
        };
        var cells = new HeatmapCell[32, 12];
        for (var row = 0; row < 32; row++)
        {
            for (var column = 0; column < 12; column++)
                cells[row, column] = new(random.NextDouble());
        }

        _map = new()
        {
            Title = "Cells", Unit = "bit", Cells = cells,
            Rows = [.. Enumerable.Range(0, 32).Select(row => $"{row}")],
            Columns = [.. Enumerable.Range(0, 12).Select(column => $"{column}")],
        };
    }

    [Benchmark]
    public string Svg() => _chart.Draw().Standalone();

    [Benchmark]
    public string Page()
    {
        var page = new HtmlPage("A run", "what it is about", "what it found");
        page.Section("Emergence");
        page.Figure(_chart.Draw(), "by layer");
        page.Figure(_map.Draw(), "all cells");
        return page.ToString();
    }
}
