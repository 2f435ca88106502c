using System.Net;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Emergence.Measurement.Results;
using Emergence.Reports;

namespace Emergence.Tests.Reports;

public sealed class RunReportTests
{
    [Theory]
    [InlineData(30, 3, 3)]
    [InlineData(5, 2, 3)]
    [InlineData(1, 1, 1)]
    [InlineData(48, 8, 2)]
    public void The_page_holds_every_cell_and_every_ie_row(int layers, int shots, int seeds)
    {
        var results = SampleRun.Create(layers, shots, seeds);
        var html = RunReport.Html(results);
        Assert.Equal(layers * 2 * shots * 2 * seeds, Rows(html, "All cells").Count);
        var emergence = Rows(html, "IE by layer and tokens");
        Assert.Equal(results.Emergence.Select(r => $"{r.Boundary} {r.Tokens}"), emergence.Select(r => $"{r[0]} {r[1]}"));
        Assert.Equal(layers * 2 * shots * 2, Rows(html, "Exact beside estimate, seeds together").Count);
    }

    [Fact]
    public void The_page_loads_nothing_and_is_the_same_every_time()
    {
        var html = RunReport.Html(SampleRun.Create(5, 2, 3, failures: true));
        Assert.DoesNotMatch("https?://", html);
        Assert.DoesNotContain("NaN\"", html);
        Assert.Equal(html, RunReport.Html(SampleRun.Create(5, 2, 3, failures: true)));
    }

    [Fact]
    public void One_seed_has_no_interval_and_says_so()
    {
        var html = RunReport.Html(SampleRun.Create(5, 2, 1));
        Assert.DoesNotContain(">NaN<", html);
        Assert.All(Rows(html, "IE by layer and tokens"), row => Assert.Equal(["-", "-"], row[3..5]));
        Assert.Contains("One seed gives no interval", WebUtility.HtmlDecode(html));
    }

    [Fact]
    public void The_finding_follows_from_the_numbers()
    {
        // Layer 0 knows single tokens only: IE(0, 6) = 0 - 2.32 < 0. Layer 1 has unresolved bits, later layers nearly none.
        var results = SampleRun.Create(30, 3, 3);
        var html = WebUtility.HtmlDecode(RunReport.Html(results));
        var last = results.Means[^1];
        Assert.Contains($"after 6 tokens a layer carries {last.Bits.Mean:0.00} bits more about the whole", html);

        // IE after the third comma: 10.97 - 4.64 / 2 = 8.65; layer 1 resolves 10.97 (1 - 0.04) - 2.32 = 8.2, above 90 %.
        Assert.Contains("it has formed by layer 1", html);
        Assert.Contains("IE after 6 tokens, mean over layers", html);
    }

    [Fact]
    public void What_not_to_trust_is_named()
    {
        var html = WebUtility.HtmlDecode(RunReport.Html(SampleRun.Create(5, 2, 3, failures: true, missing: 7)));
        Assert.Contains("failed, there is no value: macro layer 2, word 2.", html);
        Assert.Contains("layer 2, word 2 (for example \u201c\u2423Germany\u201d): IE has no value", html);
        Assert.Contains("The run is not finished: 120 of 127 cells are measured.", html);
        Assert.DoesNotContain("Meaning has formed by", html);
        Assert.Contains("7 cells not measured yet", html);
        Assert.Contains("unreliable", html);
        Assert.Contains("In 12 of 120 cells different prefixes share a state", html);
    }

    [Fact]
    public void The_characters_of_a_sequence_stand_on_their_figures()
    {
        var results = SampleRun.Create(5, 2, 3);
        var html = RunReport.Html(results);
        var text = Regex.Match(html, "<div class=\"text\">.*?<p>(.*?)</p>", RegexOptions.Singleline).Groups[1].Value;
        var pieces = Regex.Matches(text, "<span style=\"background:(#[0-9a-f]{6});color:#(?:000|fff)\" title=\"([^\"]*)\">([^<]*)</span>");

        Assert.Equal(results.Example, pieces.Select(piece => WebUtility.HtmlDecode(piece.Groups[3].Value)));
        Assert.Equal(results.Means.Select(mean => FormattableString.Invariant($"E({mean.Tokens}) is {mean.Bits.Mean + 1e-9:0.00} bits")),
            pieces.Select(piece => piece.Groups[2].Value.Split(": ")[^1]));
        Assert.Equal("#fde725", pieces[results.Means.Index().MaxBy(mean => mean.Item.Bits.Mean).Index].Groups[1].Value);
    }

    [Fact]
    public void An_empty_run_has_a_page_too()
    {
        var full = SampleRun.Create(5, 2, 3);
        var html = RunReport.Html(new RunResults(full.Manifest, []));
        Assert.Contains("The run is not finished: 0 of 120 cells are measured.", html);
        Assert.Contains("120 cells not measured yet", html);
        Assert.Empty(RunReport.Figures(new RunResults(full.Manifest, [])));
    }

    [Fact]
    public void The_command_repeats_the_run()
    {
        var html = WebUtility.HtmlDecode(RunReport.Html(SampleRun.Create(5, 2, 3)));
        var command = Regex.Match(html, "<pre><code>(.*?)</code>", RegexOptions.Singleline).Groups[1].Value;
        Assert.Equal(
            "emergence measure --model models/SmolLM2-135M-Instruct --data country --shots 2 --sequences 2000 --estimator s-mine " +
            "--preset small --seed 1 --seeds 3 --device cpu --dtype float32 --out RUN",
            Regex.Replace(command, @"\s*\\\n\s*", " "));
    }

    [Fact]
    public void Pictures_stand_alone()
    {
        var figures = RunReport.Figures(SampleRun.Create(30, 3, 3));
        Assert.Equal(["ie", "e", "ie_by_layer", "steps", "mi_macro", "mi_micro", "shortfall"], figures.Select(f => f.Name));
        foreach (var (_, figure) in figures)
            Assert.Equal("svg", XDocument.Parse(figure.Standalone()).Root!.Name.LocalName);

        var cells = XDocument.Parse(figures[0].Figure.Standalone()).Descendants()
            .Count(e => $" {(string?)e.Attribute("class")} ".Contains(" cell "));
        Assert.Equal(30 * 6, cells);
        Assert.Equal(["ie", "e", "ie_by_layer", "steps", "mi_macro", "mi_micro"],
            RunReport.Figures(SampleRun.Create(2, 1, 1, estimator: "exact")).Select(f => f.Name));
    }

    private static List<string[]> Rows(string html, string caption)
    {
        var table = Regex.Match(html, Regex.Escape(caption) + ".*?<tbody>(.*?)</tbody>", RegexOptions.Singleline).Groups[1].Value;
        return [.. Regex.Matches(table, "<tr>(.*?)</tr>", RegexOptions.Singleline).Select(row =>
            Regex.Matches(row.Groups[1].Value, "<td[^>]*>(.*?)</td>").Select(m => m.Groups[1].Value).ToArray())];
    }
}
