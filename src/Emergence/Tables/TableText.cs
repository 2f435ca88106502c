using System.Text;

namespace Emergence.Tables;

/// <summary>Tables for readers: markdown, LaTeX (booktabs) and aligned plain text, rounded to the digits of each column.</summary>
internal static class TableText
{
    public static string Plain(Table table)
    {
        var grid = Grid(table, text => DisplayWidth.Isolated(OneLine(text)));
        var widths = Widths(grid);
        var text = new StringBuilder();
        AppendRow(text, table, grid[0], widths, "", "  ", "");
        text.Append(string.Join("  ", widths.Select(w => new string('-', w)))).Append('\n');
        foreach (var row in grid.Skip(1))
            AppendRow(text, table, row, widths, "", "  ", "");
        return text.ToString();
    }

    public static string Markdown(Table table)
    {
        var grid = Grid(table, MarkdownEscape);
        var widths = Widths(grid).Select(w => Math.Max(w, 3)).ToArray();
        var text = new StringBuilder();
        AppendRow(text, table, grid[0], widths, "| ", " | ", " |");
        var rules = table.Columns.Select((c, i) => c.RightAligned ? new string('-', widths[i] - 1) + ":" : new string('-', widths[i]));
        text.Append("| ").AppendJoin(" | ", rules).Append(" |\n");
        foreach (var row in grid.Skip(1))
            AppendRow(text, table, row, widths, "| ", " | ", " |");
        return text.ToString();
    }

    public static string Latex(Table table)
    {
        var text = new StringBuilder("\\begin{tabular}{");
        foreach (var column in table.Columns)
            text.Append(column.RightAligned ? 'r' : 'l');
        text.Append("}\n\\toprule\n").AppendJoin(" & ", table.Columns.Select(c => LatexEscape(c.Name))).Append(" \\\\\n\\midrule\n");
        foreach (var row in table.Rows)
            text.AppendJoin(" & ", table.Columns.Zip(row, LatexCell)).Append(" \\\\\n");
        return text.Append("\\bottomrule\n\\end{tabular}\n").ToString();
    }

    private static string LatexCell(TableColumn column, TableCell cell)
    {
        var shown = cell.Show(column);
        if (cell.Kind is null or TableColumnKind.Text)
            return LatexEscape(shown);
        var math = shown.Replace("inf", "\\infty").Replace("NaN", "\\mathrm{NaN}").Replace("\u00b1", "\\pm");
        if (column.HasExponent && math.Split('e') is [var digits, var exponent])
            math = $"{digits} \\cdot 10^{{{exponent}}}";
        return math.AsSpan().ContainsAny('-', '\\') ? $"${math}$" : math;
    }

    private static List<string[]> Grid(Table table, Func<string, string> escape)
    {
        List<string[]> grid = [table.Columns.Select(c => escape(c.Name)).ToArray()];
        grid.AddRange(table.Rows.Select(row => row.Select((cell, i) => escape(cell.Show(table.Columns[i]))).ToArray()));
        return grid;
    }

    private static int[] Widths(List<string[]> grid)
        => Enumerable.Range(0, grid[0].Length).Select(i => grid.Max(row => DisplayWidth.Of(row[i]))).ToArray();

    private static void AppendRow(StringBuilder text, Table table, string[] row, int[] widths, string open, string between, string close)
    {
        var cells = row.Select((cell, i) => table.Columns[i].RightAligned
            ? DisplayWidth.PadLeft(cell, widths[i]) : DisplayWidth.PadRight(cell, widths[i]));
        var line = open + string.Join(between, cells) + close;
        text.Append(line.TrimEnd(' ')).Append('\n');
    }

    /// <summary>Line ends and control characters would break the grid (or drive the terminal).</summary>
    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));

    private static string MarkdownEscape(string text)
    {
        var escaped = new StringBuilder();
        text = OneLine(text);
        for (var i = 0; i < text.Length; i++)
        {
            // An underscore inside a word is plain in markdown, and names such as mi_bits stay readable.
            var insideWord = i > 0 && i + 1 < text.Length && char.IsLetterOrDigit(text[i - 1]) && char.IsLetterOrDigit(text[i + 1]);
            if (text[i] is '\\' or '|' or '*' or '`' or '<' or '[' or ']' || (text[i] == '_' && !insideWord))
                escaped.Append('\\');
            escaped.Append(text[i]);
        }

        return escaped.ToString();
    }

    private static string LatexEscape(string text) => string.Concat(OneLine(text).Select(c => c switch
    {
        '\\' => "\\textbackslash{}",
        '~' => "\\textasciitilde{}",
        '^' => "\\textasciicircum{}",
        '<' => "\\textless{}",
        '>' => "\\textgreater{}",
        '|' => "\\textbar{}",
        '"' => "\\textquotedbl{}",
        '{' or '}' or '$' or '&' or '#' or '_' or '%' => "\\" + c,
        '\u00b1' => "$\\pm$",
        _ => c.ToString(),
    }));
}
