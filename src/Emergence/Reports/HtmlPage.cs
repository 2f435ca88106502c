using System.Text;
using Emergence.Pictures;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>How a card is to be taken.</summary>
public enum CardTone
{
    Good,
    Mid,
    Bad,
}

/// <summary>A list of plain sentences under a heading.</summary>
public sealed record PageCard(string Heading, CardTone Tone, IReadOnlyList<string> Lines);

/// <summary>
/// One self-contained page: it loads nothing, works offline and without scripts, follows light and dark, and prints.
/// Parts appear in the order in which they are added. All text is plain and escaped here.
/// </summary>
/// <param name="title">Title of the page.</param>
/// <param name="about">What it is about.</param>
/// <param name="finding">The answer.</param>
/// <param name="language">That of all texts; by default as they are handed over.</param>
public sealed class HtmlPage(string title, string about, string finding, PageLanguage? language = null)
{
    // A picture wider than this keeps a readable size on a narrow window and scrolls there instead.
    private const double Shrinkable = 560;

    // The part of its size below which the text of any other one is too small; it scrolls from there.
    private const double Readable = 0.8;

    // Left and right of a picture, as the style sheet has it, with the border.
    private const double FigurePadding = 26;

    private readonly StringBuilder _body = new();
    private readonly PageLanguage _language = language ?? PageLanguage.English;
    private bool _inSection;
    private int _sliders;
    private double _widest;

    /// <summary>The numbers to remember, side by side.</summary>
    public void Tiles(params IReadOnlyList<(string Label, string Value, string Note)> tiles)
    {
        _body.Append("<div class=\"tiles\">\n");
        foreach (var (label, value, note) in tiles)
            _body.Append($"<div class=\"tile\"><span>{E(label)}</span><b>{Word(value)}</b><span>{E(note)}</span></div>\n");
        _body.Append("</div>\n");
    }

    public void Section(string heading)
    {
        EndSection();
        _body.Append($"<section>\n<h2>{E(heading)}</h2>\n");
        _inSection = true;
    }

    public void Paragraph(string text) => _body.Append($"<p>{E(text)}</p>\n");

    /// <summary>A picture and the sentence that says how to read it.</summary>
    public void Figure(SvgFigure figure, string caption)
    {
        _widest = Math.Max(_widest, figure.Width);
        var svg = _language.TranslatePicture(figure.Inline());
        svg = svg.Replace("<svg class=\"em\"", figure.Width > Shrinkable ? "<svg class=\"em wide\""
            : $"<svg style=\"min-width:{Markup.Number(Readable * figure.Width)}px\" class=\"em\"");
        _body.Append("<figure><div class=\"scroll\">").Append(svg).Append($"</div><figcaption>{E(caption)}</figcaption></figure>\n");
    }

    /// <summary>A text whose pieces have a ground in the colour of their figures.</summary>
    /// <param name="caption">What the text is.</param>
    /// <param name="pieces">In order; what is left between them is theirs. A piece without a figure has no colour.</param>
    internal void Text(string caption, IReadOnlyList<(string Piece, double? Value, string Title)> pieces)
    {
        var values = pieces.Select(piece => piece.Value).OfType<double>().DefaultIfEmpty().ToList();
        var scale = new ColorScale(values.Min(), values.Max());
        _body.Append($"<div class=\"text\"><div class=\"caption\">{E(caption)}</div><p>");
        foreach (var (piece, value, title) in pieces)
        {
            var (fill, isLight) = value is { } known ? scale.At(known) : ("", false);
            var style = value == null ? "" : $" style=\"background:{fill};color:{(isLight ? "#000" : "#fff")}\"";
            _body.Append($"<span{style} title=\"{E(title)}\">{Markup.Escape(piece)}</span>");
        }

        _body.Append("</p></div>\n");
    }

    /// <summary>
    /// What each action adds stands in a column of its own, side by side if there is room and below each other if
    /// there is not. Columns share the width by their widest pictures, so that all text grows alike.
    /// </summary>
    public void Columns(params IReadOnlyList<Action> columns)
    {
        _body.Append("<div class=\"columns\">\n");
        foreach (var add in columns)
        {
            var start = _body.Length;
            _widest = 0;
            add();
            var least = _widest > Shrinkable ? _widest + FigurePadding : 0.85 * _widest;
            _body.Insert(start, $"<div style=\"--w:{Markup.Number(_widest)};--least:{Markup.Number(least)}px\">\n").Append("</div>\n");
        }

        _body.Append("</div>\n");
    }

    /// <summary>
    /// One of several panes, chosen by a slider that is worked by pointer or keys. Without scripts there is no slider and the pane to
    /// begin with stays.
    /// </summary>
    /// <param name="label">What the slider sets.</param>
    /// <param name="panes">Its values in order, each with what adds its content.</param>
    /// <param name="first">The pane to begin with.</param>
    /// <param name="without">What to know if scripts do not run.</param>
    public void Slider(string label, IReadOnlyList<(string Value, Action Add)> panes, int first, string without)
    {
        var name = $"slider{++_sliders}";
        _body.Append($"<div class=\"slider\"><label for=\"{name}\">{E(label)} ")
            .Append($"<output for=\"{name}\">{E(panes[first].Value)}</output></label>")
            .Append($"<input id=\"{name}\" type=\"range\" min=\"0\" max=\"{panes.Count - 1}\" step=\"1\" value=\"{first}\" ")
            .Append($"aria-valuetext=\"{E(panes[first].Value)}\" hidden>\n<noscript><p>{E(without)}</p></noscript>\n");
        for (var i = 0; i < panes.Count; i++)
        {
            _body.Append($"<div class=\"pane\" data-value=\"{E(panes[i].Value)}\"{(i == first ? "" : " hidden")}>\n");
            panes[i].Add();
            _body.Append("</div>\n");
        }

        _body.Append("</div>\n");
    }

    public void Cards(params IReadOnlyList<PageCard> cards)
    {
        _body.Append("<div class=\"cards\">\n");
        foreach (var (heading, tone, lines) in cards)
        {
            _body.Append($"<div class=\"card {Class(tone)}\"><h3>{E(heading)}</h3><ul>\n");
            foreach (var line in lines)
                _body.Append($"<li>{E(line)}</li>\n");
            _body.Append("</ul></div>\n");
        }

        _body.Append("</div>\n");
    }

    /// <param name="caption">What the rows are.</param>
    /// <param name="table">Every row is written.</param>
    /// <param name="folded">Long tables open on a click.</param>
    public void Table(string caption, Table table, bool folded = false)
    {
        _body.Append(folded ? $"<details><summary>{E(caption)}</summary>"
            : $"<div class=\"table\"><div class=\"caption\">{E(caption)}</div>");
        _body.Append("<div class=\"scroll\"><table>\n<thead><tr>");
        foreach (var column in table.Columns)
            _body.Append($"<th{(column.RightAligned ? " class=\"num\"" : "")}>{Markup.Escape(column.Name)}</th>");
        _body.Append("</tr></thead>\n<tbody>\n");
        foreach (var row in table.Rows)
        {
            _body.Append("<tr>");
            for (var i = 0; i < row.Count; i++)
                AppendCell(table.Columns[i], row[i]);
            _body.Append("</tr>\n");
        }

        _body.Append("</tbody>\n</table></div>").Append(folded ? "</details>\n" : "</div>\n");
    }

    /// <summary>Something to copy, such as a command.</summary>
    public void Code(string text) => _body.Append($"<pre><code>{Markup.Escape(text)}</code></pre>\n");

    public override string ToString()
    {
        EndSection();
        return $"""
            <!doctype html>
            <html lang="{_language.Code}">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
            <link rel="icon" href="data:,">
            <title>{E(title)}</title>
            <style>
            {HtmlStyle.Css}
            {SvgFigure.Style}
            </style>
            </head>
            <body>
            <header>
            <h1>{E(title)}</h1>
            <p class="about">{E(about)}</p>
            <p class="finding">{E(finding)}</p>
            </header>
            <main>
            {_body}</main>
            <script>
            {HtmlStyle.Script}
            </script>
            </body>
            </html>

            """.ReplaceLineEndings("\n");
    }

    private string E(string text) => Markup.Escape(_language.Translate(text));

    /// <summary>What may as well be a name.</summary>
    private string Word(string text) => Markup.Escape(_language.TranslateWord(text));

    private static string Class(CardTone tone) => tone switch
    {
        CardTone.Good => "good",
        CardTone.Mid => "mid",
        _ => "bad",
    };

    private void AppendCell(TableColumn column, TableCell cell)
    {
        const int longText = 40;
        var text = cell.Show(column);
        var style = column.RightAligned ? "num" : column.Name == "verdict" ? "v-" + text.Replace(' ', '-') : text.Length > longText ? "long"
            : "";
        var shown = column.Kind == TableColumnKind.Text && !column.IsVerbatim ? Word(text) : Markup.Escape(text);
        var direction = DisplayWidth.IsRightToLeft(text) ? " dir=\"rtl\"" : "";
        _body.Append(style.Length > 0 ? $"<td class=\"{Markup.Escape(style)}\"{direction}>{shown}</td>" : $"<td{direction}>{shown}</td>");
    }

    private void EndSection()
    {
        if (_inSection)
            _body.Append("</section>\n");
        _inSection = false;
    }
}
