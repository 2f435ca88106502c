using System.Text.Json;
using Emergence.Tables;

namespace Emergence.Tests.Reports;

public sealed class TableTests
{
    private static Table Sample()
    {
        var table = new Table(
            TableColumn.Text("token"), TableColumn.Integer("n"), TableColumn.Number("mi_bits", 3), TableColumn.Estimate("ie_bits", 2));
        table.Add(" France", 25, 4.643856189774724, (1.0, 0.25));
        table.Add("a,b \"c\"\nd", -3, double.NaN, (double.PositiveInfinity, 0));
        table.Add(TableCell.Empty, TableCell.Empty, -0.0, TableCell.Empty);
        return table;
    }

    [Fact]
    public void Markdown_is_aligned_and_rounded()
    {
        Assert.Equal(
            "| token     |   n | mi_bits |     ie_bits |\n" +
            "| --------- | --: | ------: | ----------: |\n" +
            "|  France   |  25 |   4.644 | 1.00 \u00b1 0.25 |\n" +
            "| a,b \"c\" d |  -3 |     NaN |  inf \u00b1 0.00 |\n" +
            "|           |     |   0.000 |             |\n",
            Sample().ToString(TableFormat.Markdown));
    }

    [Fact]
    public void A_spread_that_is_not_there_is_a_dash_to_readers_and_nan_to_programs()
    {
        var table = new Table(TableColumn.Number("ie", 1), TableColumn.Spread("lo", 1));
        table.Add(double.NaN, double.NaN);
        table.Add(2.0, -1.5);
        Assert.Equal("|  ie |   lo |\n| --: | ---: |\n| NaN |    - |\n| 2.0 | -1.5 |\n", table.ToString(TableFormat.Markdown));
        Assert.Equal("ie,lo\r\nNaN,NaN\r\n2,-1.5\r\n", table.ToString(TableFormat.Csv));
    }

    [Fact]
    public void A_magnitude_is_short_to_readers_and_whole_to_programs()
    {
        var table = new Table(TableColumn.Text("op"), TableColumn.Magnitude("error"));
        table.Add("a", 3.1234567890123e-7);
        table.Add("b", 0.0);
        table.Add("c", double.PositiveInfinity);
        table.Add("d", 12_345_678.0);
        Assert.Equal("| op  |   error |\n| --- | ------: |\n| a   | 3.12e-7 |\n| b   |       0 |\n| c   |     inf |\n| d   |  1.23e7 |\n",
            table.ToString(TableFormat.Markdown));
        Assert.Equal("op,error\r\na,3.1234567890123E-07\r\nb,0\r\nc,Infinity\r\nd,12345678\r\n", table.ToString(TableFormat.Csv));
        Assert.Contains("a & $3.12 \\cdot 10^{-7}$ \\\\\nb & 0 \\\\\n", table.ToString(TableFormat.Latex));
        using var json = JsonDocument.Parse(table.ToString(TableFormat.Json));
        Assert.Equal(3.1234567890123e-7, json.RootElement[0].GetProperty("error").GetDouble());
    }

    [Fact]
    public void Csv_follows_rfc_4180()
    {
        Assert.Equal(
            "token,n,mi_bits,ie_bits,ie_bits_se\r\n" +
            "\" France\",25,4.643856189774724,1,0.25\r\n" +
            "\"a,b \"\"c\"\"\nd\",-3,NaN,Infinity,0\r\n" +
            ",,0,,\r\n",
            Sample().ToString(TableFormat.Csv));
    }

    [Fact]
    public void Json_is_an_array_of_objects_with_every_digit_and_no_bare_nan()
    {
        using var parsed = JsonDocument.Parse(Sample().ToString(TableFormat.Json));
        Assert.Equal(3, parsed.RootElement.GetArrayLength());
        var first = parsed.RootElement[0];
        Assert.Equal(["token", "n", "mi_bits", "ie_bits", "ie_bits_se"], first.EnumerateObject().Select(p => p.Name));
        Assert.Equal(" France", first.GetProperty("token").GetString());
        Assert.Equal(25, first.GetProperty("n").GetInt64());
        Assert.Equal(4.643856189774724, first.GetProperty("mi_bits").GetDouble());
        Assert.Equal(0.25, first.GetProperty("ie_bits_se").GetDouble());
        Assert.Equal("a,b \"c\"\nd", parsed.RootElement[1].GetProperty("token").GetString());
        Assert.Equal("NaN", parsed.RootElement[1].GetProperty("mi_bits").GetString());
        Assert.Equal("Infinity", parsed.RootElement[1].GetProperty("ie_bits").GetString());
        Assert.All(["token", "n", "ie_bits", "ie_bits_se"], name =>
            Assert.Equal(JsonValueKind.Null, parsed.RootElement[2].GetProperty(name).ValueKind));
    }

    [Fact]
    public void Jsonl_lines_are_the_objects_of_the_json_array()
    {
        var lines = Sample().ToString(TableFormat.Jsonl).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using var array = JsonDocument.Parse(Sample().ToString(TableFormat.Json));
        Assert.Equal(array.RootElement.EnumerateArray().Select(e => e.GetRawText()), lines);
    }

    [Fact]
    public void Latex_escapes_every_special_character()
    {
        var table = new Table(TableColumn.Text("a_b"), TableColumn.Number("x", 1), TableColumn.Estimate("y", 1));
        table.Add(@"\{}$&#_%~^<>|", -1.23, (2.0, 0.5));
        Assert.Equal(
            "\\begin{tabular}{lrr}\n\\toprule\na\\_b & x & y \\\\\n\\midrule\n" +
            @"\textbackslash{}\{\}\$\&\#\_\%\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}\textbar{} & " +
            "$-1.2$ & $2.0 \\pm 0.5$ \\\\\n\\bottomrule\n\\end{tabular}\n",
            table.ToString(TableFormat.Latex));
    }

    [Fact]
    public void Plain_text_lines_up_and_keeps_control_characters_off_the_terminal()
    {
        var table = new Table(TableColumn.Text("verdict"), TableColumn.Number("bits", 2));
        table.Add("ok\u001b[31m", 10.5);
        table.Add("x", -0.001);
        Assert.Equal("verdict   bits\n-------  -----\nok [31m  10.50\nx         0.00\n", table.ToString(TableFormat.Text));
    }

    [Fact]
    public void Markdown_keeps_a_bar_and_emphasis_out_of_the_grid()
    {
        var table = new Table(TableColumn.Text("mi_bits"));
        table.Add("a|b*_c_`");
        Assert.Contains(@"| a\|b\*\_c\_\` |", table.ToString(TableFormat.Markdown));
        Assert.StartsWith("| mi_bits ", table.ToString(TableFormat.Markdown));
    }

    [Fact]
    public void Two_tables_make_one_json_array_and_two_csv_blocks()
    {
        var other = new Table(TableColumn.Integer("boundary"));
        other.Add(7);
        using var json = JsonDocument.Parse(Table.Write([Sample(), other], TableFormat.Json));
        Assert.Equal(4, json.RootElement.GetArrayLength());
        Assert.Equal(7, json.RootElement[3].GetProperty("boundary").GetInt32());
        Assert.EndsWith(",,0,,\r\n\r\nboundary\r\n7\r\n", Table.Write([Sample(), other], TableFormat.Csv));
        Assert.Equal("[]\n", new Table(TableColumn.Text("a")).ToString(TableFormat.Json));
    }

    [Theory]
    [InlineData("md", TableFormat.Markdown)]
    [InlineData("csv", TableFormat.Csv)]
    [InlineData("json", TableFormat.Json)]
    [InlineData("jsonl", TableFormat.Jsonl)]
    [InlineData("latex", TableFormat.Latex)]
    [InlineData("text", TableFormat.Text)]
    public void Every_format_has_one_name(string name, TableFormat format) => Assert.Equal(format, TableFormats.Parse(name));

    [Fact]
    public void An_unknown_format_is_named_with_the_ones_there_are()
    {
        var error = Assert.Throws<EmergenceException>(() => TableFormats.Parse("xlsx"));
        Assert.Equal("unknown table format 'xlsx': use md|csv|json|jsonl|latex|text", error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void A_row_must_fit_the_columns()
    {
        var table = new Table(TableColumn.Text("a"), TableColumn.Integer("b"));
        Assert.Throws<ArgumentException>(() => table.Add("x"));
        Assert.Throws<ArgumentException>(() => table.Add("x", 1.5));
        Assert.Throws<ArgumentException>(() => new Table(TableColumn.Estimate("x", 1), TableColumn.Text("x_se")));
    }

    /// <summary>Columns as a terminal counts them: two for wide signs, none for combining marks and isolates.</summary>
    [Theory]
    [InlineData("abc", 3)]
    [InlineData("\u65e5\u672c", 4)] // two ideographs
    [InlineData("\uff76\uff85", 2)] // half-width kana
    [InlineData("\u304b\u3099", 2)] // ka and a voicing mark
    [InlineData("e\u0301", 1)]
    [InlineData("\u0915\u094d\u0937\u093f", 3)] // two letters, a sign that joins them, a vowel that takes room
    [InlineData("\u0645\u0635\u0631", 3)]
    [InlineData("\ud55c", 2)]
    [InlineData("\u1112\u1161\u11ab", 2)] // the same syllable in parts
    [InlineData("\ud83d\udc31", 2)]
    [InlineData("\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67", 2)]
    [InlineData("\ud83c\uddef\ud83c\uddf5", 2)]
    [InlineData("\u2764\ufe0f", 2)]
    [InlineData("\u2068x\u2069", 1)]
    public void Width_is_that_of_a_terminal(string text, int width) => Assert.Equal(width, DisplayWidth.Of(text));

    [Fact]
    public void Wide_words_keep_the_columns()
    {
        var table = new Table(TableColumn.Text("word"), TableColumn.Integer("n"));
        table.Add("\u65e5\u672c", 1);
        table.Add("caf\u0065\u0301", 2);
        table.Add("\u0645\u0635\u0631", 3);

        Assert.Equal(
            "word  n\n----  -\n\u65e5\u672c  1\ncafe\u0301  2\n\u2068\u0645\u0635\u0631\u2069   3\n", table.ToString(TableFormat.Text));
    }
}
