using System.Net;
using System.Text.RegularExpressions;
using Emergence.Pictures;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Tests.Reports;

public sealed class HtmlPageTests
{
    private static string Page()
    {
        var page = new HtmlPage("IE of <model> & co", "country, 3 shots", "It \"jumps\" at shot 2.");
        page.Tiles(("E(T)", "6.3 bits", "exact 6.4"));
        page.Section("Tables");
        page.Paragraph("a < b");
        page.Cards(new PageCard("Exact", CardTone.Good, ["one", "two"]), new PageCard("Not", CardTone.Bad, ["three"]));
        var chart = new BarChart { Title = "dE", YCaption = "bits", Unit = "bits", Bars = [new("a", 1)] }.Draw();
        page.Columns(
            () => page.Figure(chart, "what a shot adds"),
            () =>
            {
                page.Figure(chart, "again");
                page.Figure(chart, "and again");
            });
        page.Table("cells", Rows(120), folded: true);
        page.Section("Reproduce");
        page.Code("emergence measure --data \"a b\"");
        return page.ToString();
    }

    private static Table Rows(int count)
    {
        var table = new Table(TableColumn.Text("token"), TableColumn.Estimate("mi_bits", 2), TableColumn.Text("verdict"));
        for (var i = 0; i < count; i++)
            table.Add($"<tok {i}>", (i / 8.0, 0.25), "below exact");
        return table;
    }

    [Fact]
    public void Every_table_row_is_there_in_order_and_escaped()
    {
        var body = Regex.Match(Page(), "<tbody>(.*?)</tbody>", RegexOptions.Singleline).Groups[1].Value;
        var rows = Regex.Matches(body, "<tr>(.*?)</tr>", RegexOptions.Singleline).Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(120, rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            var cells = Regex.Matches(rows[i], "<td[^>]*>(.*?)</td>").Select(m => WebUtility.HtmlDecode(m.Groups[1].Value)).ToList();
            Assert.Equal($"<tok {i}>", cells[0]);
            Assert.EndsWith(" \u00b1 0.25", cells[1]);
            Assert.Equal("below exact", cells[2]);
        }

        Assert.Contains("class=\"v-below-exact\"", body);
    }

    [Fact]
    public void The_page_loads_nothing()
    {
        var page = Page();
        Assert.DoesNotMatch("https?://", page);
        Assert.DoesNotMatch("(src|srcset|action|poster)=", page);
        Assert.DoesNotContain("@import", page);
        Assert.DoesNotContain("url(", page);
        Assert.Equal(["data:,"], Regex.Matches(page, "href=\"([^\"]*)\"").Select(m => m.Groups[1].Value));
        Assert.Contains("default-src 'none'", page);
    }

    [Fact]
    public void Elements_are_balanced_and_text_is_escaped()
    {
        var page = Page();
        Assert.Contains("<h1>IE of &lt;model&gt; &amp; co</h1>", page);
        Assert.Contains("It &quot;jumps&quot; at shot 2.", page);
        var markup = Regex.Replace(page, "<(style|script)>.*?</\\1>", "", RegexOptions.Singleline);
        foreach (var name in (string[])["html", "main", "section", "div", "figure", "svg", "table", "details", "ul", "li", "p", "pre", "tr",
            "td", "text"])
            Assert.Equal(Regex.Count(markup, $"<{name}[ >]"), Regex.Count(markup, $"</{name}>"));
        Assert.Equal(3, Regex.Count(markup, "<svg "));
    }

    [Fact]
    public void The_bytes_are_the_same_every_time_and_lines_end_in_lf()
    {
        Assert.Equal(Page(), Page());
        Assert.DoesNotContain('\r', Page());
    }
}
