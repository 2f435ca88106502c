using System.Text;
using System.Text.Json.Nodes;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>What a study found, as a page and as markdown.</summary>
internal static class StudyPage
{
    public static string Html(Study study, StudyResult result, string command, JsonObject manifest, PageLanguage language)
    {
        var page = new HtmlPage(study.Title, study.Description, result.Finding, language);
        page.Section("What was seen");
        var figures = result.Figures.Select(figure => (Action)(() => page.Figure(figure.Figure, figure.Caption))).ToList();
        for (var i = 0; i < figures.Count; i += 2)
            page.Columns([.. figures.Skip(i).Take(2)]);
        foreach (var sentence in result.Sentences)
            page.Paragraph(sentence);
        foreach (var (_, caption, table, isLong) in result.Tables)
            page.Table(caption, table, isLong);

        page.Section("What is held fixed");
        var held = new Table(TableColumn.Text("what"), TableColumn.Text("value"));
        foreach (var (name, value) in result.HeldFixed)
            held.Add(language.Translate(name), language.Translate(value));
        page.Table("The same throughout", held);

        page.Section("How to reproduce");
        page.Paragraph(
            "The same settings with the same version on the same device give the same bytes. Each run of the study has its own page, "
            + "under runs/.");
        page.Code(command);
        page.Table("What decided about these results", RunReport.Settings(manifest), folded: true);
        return page.ToString();
    }

    public static string Markdown(Study study, StudyResult result, string command, PageLanguage language)
    {
        var (text, t) = (new StringBuilder(), (Func<string, string>)language.Translate);
        text.Append($"# {t(study.Title)}\n\n{t(result.Finding)}\n\n    {command.Replace("\n", "\n    ")}\n\n");
        foreach (var (name, value) in result.HeldFixed)
            text.Append($"- {t(name)}: {t(value)}\n");
        foreach (var sentence in result.Sentences)
            text.Append($"\n{t(sentence)}\n");
        foreach (var (name, caption, _) in result.Figures)
            text.Append($"\n![{t(caption)}](figures/{name}.svg)\n");
        foreach (var (name, caption, table, isLong) in result.Tables)
            text.Append(isLong ? $"\n{t(caption)}: [{name}.csv](tables/{name}.csv)\n"
                : $"\n{t(caption)}:\n\n{table.ToString(TableFormat.Markdown)}");
        return text.ToString();
    }
}
