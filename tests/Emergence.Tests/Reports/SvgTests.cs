using System.Globalization;
using System.Xml.Linq;
using Emergence.Pictures;

namespace Emergence.Tests.Reports;

public sealed class SvgTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static Heatmap Map(int rows, int columns, Func<int, int, HeatmapCell>? cell = null)
    {
        var cells = new HeatmapCell[rows, columns];
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
                cells[r, c] = cell?.Invoke(r, c) ?? new HeatmapCell(r + c / 10.0);
        }

        return new Heatmap
        {
            Title = "MI <macro> & \"micro\"",
            Unit = "bits",
            Rows = [.. Enumerable.Range(0, rows).Select(r => r.ToString(CultureInfo.InvariantCulture))],
            Columns = [.. Enumerable.Range(0, columns).Select(c => c % 2 == 0 ? "\u2423Netherlands" : ",")],
            Cells = cells,
        };
    }

    private static LineChart Curve(params LinePoint[] points) => new()
    {
        Title = "E(T)",
        YCaption = "IE [bits]",
        XCaption = "tokens",
        Unit = "bits",
        Series = [new LineSeries("estimate", points, 0), new LineSeries("exact", points, 0, Dashed: true)],
        Borders = [(2, "shot 1")],
    };

    private static double Attribute(XElement element, string name)
        => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static List<XElement> Elements(SvgFigure figure, string name, string style)
        => [.. XDocument.Parse(figure.Standalone()).Descendants(Svg + name)
            .Where(e => $" {(string?)e.Attribute("class")} ".Contains($" {style} "))];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 4)]
    [InlineData(12, 6)]
    [InlineData(30, 6)]
    [InlineData(48, 16)]
    public void Heatmap_has_every_cell_and_labels_that_do_not_touch(int rows, int columns)
    {
        var figure = Map(rows, columns).Draw();
        Assert.Equal(rows * columns, Elements(figure, "rect", "cell").Count);

        var texts = XDocument.Parse(figure.Standalone()).Descendants(Svg + "text").ToList();
        var names = Enumerable.Range(0, rows).Select(r => r.ToString(CultureInfo.InvariantCulture)).ToHashSet();
        var rowLabels = texts.Where(t => (string?)t.Attribute("class") == null && names.Contains(t.Value)
            && (string?)t.Attribute("text-anchor") == "end")
            .ToDictionary(t => t.Value, t => Attribute(t, "y"));
        Assert.Equal(rows, rowLabels.Count);
        for (var r = 1; r < rows; r++)
            Assert.True(rowLabels[$"{r - 1}"] - rowLabels[$"{r}"] >= 14, "layers rise from the bottom, a line of text apart");

        var columnLabels = texts.Where(t => t.Value is "\u2423Netherlands" or ",").ToList();
        Assert.Equal(columns, columnLabels.Count);
        foreach (var (left, right) in columnLabels.Zip(columnLabels.Skip(1)))
        {
            // Slanted by 45 degrees, lines are apart by the distance of their anchors over the root of two.
            Assert.NotNull(left.Attribute("transform"));
            Assert.True((Attribute(right, "x") - Attribute(left, "x")) / Math.Sqrt(2) >= 11);
        }
    }

    [Fact]
    public void Everything_lies_inside_the_picture()
    {
        foreach (var figure in (SvgFigure[])[Map(48, 16).Draw(), Map(1, 1).Draw(), Curve(new(1, 1), new(2, 3)).Draw()])
        {
            foreach (var rect in XDocument.Parse(figure.Standalone()).Descendants(Svg + "rect").Where(r => r.Attribute("x") != null))
            {
                Assert.InRange(Attribute(rect, "x"), 0, figure.Width);
                Assert.InRange(Attribute(rect, "x") + Attribute(rect, "width"), 0, figure.Width);
                Assert.InRange(Attribute(rect, "y") + Attribute(rect, "height"), 0, figure.Height);
            }

            foreach (var text in XDocument.Parse(figure.Standalone()).Descendants(Svg + "text"))
            {
                Assert.InRange(Attribute(text, "x"), 0, figure.Width);
                Assert.InRange(Attribute(text, "y"), 8, figure.Height);
            }
        }
    }

    [Fact]
    public void Missing_and_infinite_values_are_drawn_without_numbers_that_xml_readers_reject()
    {
        var figure = Map(2, 3, (r, c) => new HeatmapCell(c == 0 ? double.NaN : c == 1 ? double.PositiveInfinity : 1.5, CellMark.Cross))
            .Draw();
        Assert.Equal(2, Elements(figure, "rect", "cell").Count(r => r.Attribute("class")!.Value == "cell none"));
        Assert.DoesNotContain("NaN", figure.Standalone());
        var chart = Curve(new(1, double.NaN), new(2, 1, double.NegativeInfinity, 2), new(3, double.PositiveInfinity)).Draw();
        Assert.DoesNotContain("NaN", chart.Standalone());
        Assert.DoesNotContain("Infinity", chart.Standalone());
        Assert.Equal(2, XDocument.Parse(chart.Standalone()).Descendants(Svg + "circle").Count());
    }

    [Fact]
    public void Marks_show_what_not_to_trust()
    {
        var plain = Map(1, 1).Draw().Standalone();
        foreach (var mark in (CellMark[])[CellMark.Stripes, CellMark.Dot, CellMark.Ring, CellMark.Cross])
        {
            var marked = Map(1, 1, (_, _) => new HeatmapCell(0, mark)).Draw();
            Assert.True(Elements(marked, "line", "mark-dark").Count + Elements(marked, "circle", "mark-dark").Count > 0, mark.ToString());
            Assert.NotEqual(plain, marked.Standalone());
        }
    }

    [Fact]
    public void Text_is_escaped_and_reads_back()
    {
        var figure = Map(1, 1, (_, _) => new HeatmapCell(1, CellMark.None, "a<b>&'\"\u0001\ud800")).Draw();
        var document = XDocument.Parse(figure.Standalone());
        Assert.Equal("MI <macro> & \"micro\"", document.Root!.Attribute("aria-label")!.Value);
        Assert.Equal("a<b>&'\"\ufffd\ufffd", Elements(figure, "rect", "cell")[0].Value);
    }

    [Fact]
    public void A_picture_refers_to_nothing_outside()
    {
        var svg = Map(5, 4).Draw().Standalone();
        Assert.Equal(1, svg.Split("http").Length - 1);
        Assert.Contains("xmlns=\"http://www.w3.org/2000/svg\"", svg);
        Assert.DoesNotContain("url(", svg);
        Assert.DoesNotContain("@import", svg);
        Assert.Contains("prefers-color-scheme:dark", svg);
    }

    [Fact]
    public void The_bytes_do_not_depend_on_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            var expected = Map(5, 4).Draw().Standalone() + Curve(new(1, 1.25, 1, 2), new(2, 3.5, 3, 4)).Draw().Standalone();
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = ",", NegativeSign = "~" } };
            Assert.Equal(expected, Map(5, 4).Draw().Standalone() + Curve(new(1, 1.25, 1, 2), new(2, 3.5, 3, 4)).Draw().Standalone());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Curve_has_a_band_a_border_and_its_points()
    {
        var figure = Curve(new(1, 1, 0.5, 1.5), new(2, 2, 1.5, 2.5), new(3, 4, 3, 5)).Draw();
        Assert.Equal(2, Elements(figure, "path", "band").Count);
        Assert.Equal(2, Elements(figure, "path", "line").Count);
        Assert.Single(Elements(figure, "line", "edge"));
        var circles = Elements(figure, "circle", "f0");
        Assert.Equal(6, circles.Count);
        Assert.Equal("estimate, tokens 3: 4.000 [3.000, 5.000] bits", circles[2].Value);
        Assert.True(Attribute(circles[2], "cy") < Attribute(circles[0], "cy"));
    }

    [Fact]
    public void Bars_grow_from_zero_in_proportion()
    {
        var figure = new BarChart
        {
            Title = "dE", YCaption = "bits", Unit = "bits", Bars = [new("a", 1), new("b", 3, 2, 4), new("c", -1), new("d", double.NaN)],
        }.Draw();
        var bars = Elements(figure, "rect", "bar");
        Assert.Equal(3, bars.Count);
        Assert.Equal(3, Attribute(bars[1], "height") / Attribute(bars[0], "height"), 3);
        Assert.Equal(Attribute(bars[0], "y") + Attribute(bars[0], "height"), Attribute(bars[2], "y"), 2);
    }

    [Fact]
    public void Names_of_bars_are_whole_in_two_lines_where_one_is_too_short()
    {
        string[] names = ["maximum over steps", "few coincidences", "critic", "slice", "in all"];
        var figure = new BarChart
        {
            Title = "gap",
            YCaption = "bits",
            Unit = "bits",
            Bars = [.. names.Select(name => new Bar(name, 1))],
        }.Draw();
        var words = Elements(figure, "text", "dim").Where(text => (string?)text.Attribute("text-anchor") == "middle").ToList();
        Assert.Equal(["maximum", "over steps", "few", "coincidences", "critic", "slice", "in all"], words.Select(word => word.Value));
        Assert.Equal(Attribute(words[0], "x"), Attribute(words[1], "x"));
        Assert.InRange(Attribute(words[1], "y") - Attribute(words[0], "y"), 12, 20);
        Assert.DoesNotContain("rotate", figure.Standalone());
    }

    [Theory]
    [InlineData(0, 13.75, 7, "0,2,4,6,8,10,12")]
    [InlineData(0, 1, 6, "0.0,0.2,0.4,0.6,0.8,1.0")]
    [InlineData(-3, 3, 4, "-2,0,2")]
    [InlineData(0, 0.003, 4, "0.000,0.001,0.002,0.003")]
    [InlineData(0, 4e6, 5, "0,1E+6,2E+6,3E+6,4E+6")]
    public void Ticks_are_multiples_of_1_2_or_5(double low, double high, int most, string expected)
    {
        var ticks = Ticks.Between(low, high, most);
        Assert.Equal(expected, string.Join(',', ticks.Values.Select(ticks.Show)));
    }

    [Fact]
    public void Colours_grow_lighter_and_the_ink_changes_once()
    {
        var scale = new ColorScale(0, 1);
        var shades = Enumerable.Range(0, 101).Select(i => scale.At(i / 100.0)).ToList();
        Assert.Equal("#440154", shades[0].Fill);
        Assert.Equal("#fde725", shades[^1].Fill);
        var luma = shades.Select(s => Convert.ToInt32(s.Fill[1..], 16))
            .Select(c => 0.2126 * (c >> 16) + 0.7152 * ((c >> 8) & 255) + 0.0722 * (c & 255));
        Assert.All(luma.Zip(luma.Skip(1)), pair => Assert.True(pair.Second > pair.First - 0.8, "rounding of channels aside"));
        Assert.Equal(1, shades.Zip(shades.Skip(1)).Count(pair => pair.First.Light != pair.Second.Light));
    }

    [Fact]
    public void Tokens_show_their_spaces()
    {
        Assert.Equal("\u2423France", Labels.Token(" France"));
        Assert.Equal("a b\u21b5\u2423", Labels.Token("a b\n "));
        Assert.Equal("\u2423\u2423", Labels.Token("  "));
        Assert.Equal("", Labels.Token(""));
    }
}
