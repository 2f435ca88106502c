using System.Text;
using System.Text.Json.Nodes;
using Emergence.Capture;
using Emergence.Files;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Measurement.Results;
using Emergence.Measurement.Settings;
using Emergence.Pictures;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>A run as one page that needs nothing else, and as pictures.</summary>
public static class RunReport
{
    // Values of the manifest longer than this are cut in the page; the file has them whole.
    private const int LongestSetting = 160;

    /// <summary>Writes the page and its pictures one by one into the run's folder; they are made anew from the journal.</summary>
    /// <param name="results">What was measured.</param>
    /// <param name="folder">RUN.</param>
    /// <param name="language">Of the page; pictures that lie beside it are in English.</param>
    /// <returns>The page.</returns>
    public static string Write(RunResults results, string folder, PageLanguage? language = null)
    {
        var figures = Directory.CreateDirectory(Path.Combine(folder, "figures")).FullName;
        foreach (var (name, figure) in Figures(results))
            WholeFile.Write(Path.Combine(figures, name + ".svg"), Encoding.UTF8.GetBytes(figure.Standalone()));
        var report = Path.Combine(folder, "report.html");
        WholeFile.Write(report, Encoding.UTF8.GetBytes(Html(results, language, folder)));
        return report;
    }

    /// <param name="results">Of the run.</param>
    /// <param name="language">Of the page; English by default.</param>
    /// <param name="folder">RUN, for what lies beside its journals; none by default.</param>
    public static string Html(RunResults results, PageLanguage? language = null, string? folder = null)
    {
        ArgumentNullException.ThrowIfNull(results);
        var run = new RunSummary(results);
        var (words, pictures, tables) = (new RunWords(run), new RunPictures(run), new RunTables(results));
        var noise = NoisePage.Of(results);
        var isLed = noise != null && results.MissingCells == 0;
        var page = new HtmlPage($"Information emergence in {run.ModelName}", words.About, isLed ? noise!.Words.Finding : words.Finding,
            language);
        page.Tiles([.. isLed ? noise!.Words.Tiles : [], .. words.Tiles]);
        noise?.AddTo(page);
        if (results.Means.Count > 0)
            AddEmergence(page, run, pictures, tables);
        page.Section("What is exact, what is estimated, what not to trust");
        page.Cards(words.Cards);
        if (results.Cells.Count > 0)
            AddInformation(page, run, pictures, tables);
        if (IsExplained(results))
            AddExplanation(page, new ProtocolReport(results));
        if (results.SelfCheck.Count > 0)
            AddSelfCheck(page, results, tables);
        if (folder != null)
            RoutingReport.AddTo(page, folder);
        AddReproduction(page, run);
        return page.ToString();
    }

    /// <summary>The pictures of the page by file name, without ending.</summary>
    public static IReadOnlyList<(string Name, SvgFigure Figure)> Figures(RunResults results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var run = new RunSummary(results);
        var pictures = new RunPictures(run);
        List<(string, SvgFigure)> figures = [.. NoisePage.Of(results)?.Figures ?? []];
        if (results.Means.Count > 0)
            figures.AddRange([("ie", pictures.Emergence()), ("e", pictures.ByToken()), ("ie_by_layer", pictures.ByLayer()),
                ("steps", pictures.Steps())]);
        if (results.Cells.Count > 0)
            figures.AddRange([("mi_macro", pictures.Information(CaptureKind.Macro)),
                ("mi_micro", pictures.Information(CaptureKind.Micro))]);
        if (results.Cells.Count > 0 && !run.IsExact && !run.IsNoisy)
            figures.Add(("shortfall", pictures.Shortfall()));
        if (IsExplained(results))
            figures.AddRange(new ProtocolReport(results).Figures);
        return figures;
    }

    private static bool IsExplained(RunResults results) =>
        results.Estimator == PublishedMine.EstimatorName && results.Cells.Any(cell => cell.Information.Protocol != null);

    private static void AddExplanation(HtmlPage page, ProtocolReport report)
    {
        page.Section("Why the published protocol does not read the exact value");
        foreach (var line in report.Words)
            page.Paragraph(line);
        page.Columns([.. report.Figures.Select<(string Name, SvgFigure Figure), Action>(picture => () =>
            page.Figure(picture.Figure, picture.Name == "explain_f"
            ? "A curve along the green dashes follows the coincidences alone."
            : "The parts add up to the whole gap."))]);
        page.Table("The gap of every cell, by cause", report.Cells, folded: true);
    }

    private static void AddEmergence(HtmlPage page, RunSummary run, RunPictures pictures, RunTables tables)
    {
        page.Section("Where meaning forms, and at which token it jumps");
        page.Paragraph(
            "Information emergence (IE) is what a layer carries about the whole prefix beyond the mean of what it carries about each of "
                + "its tokens alone " +
            "(Chen et al., ACL 2025, arXiv 2405.12617).");
        page.Columns(
            () => page.Figure(
                pictures.Emergence(),
                "Upwards: layers. To the right: more tokens. Rest the pointer on a field for its interval and exact value. " +
                "Layer 0 can be below zero: boundary 0 knows only its own token."),
            () => page.Figure(pictures.ByToken(), "The band is the 95 % interval. The dashed line is the exact value of these data."));
        page.Text("The first sequence: the brighter the ground, the larger E(T) after these characters", [.. Characters(run)]);
        page.Table("E(T) and what each shot adds", tables.Means);
        page.Columns(
            () => page.Figure(pictures.Steps(), "Tokens of one shot share a colour. The first token adds nothing: the whole is the token."),
            () => page.Figure(pictures.ByLayer(),
                "A curve on its dashes resolves all there is; the distance is what the critic does not resolve at that layer."));
        page.Table("IE by layer and tokens", tables.Emergence, folded: true);
    }

    /// <summary>What each token of the example adds to its text, and E(T) when it has been read.</summary>
    private static IEnumerable<(string Piece, double? Value, string Title)> Characters(RunSummary run)
    {
        var means = run.Results.Means.ToDictionary(mean => mean.Tokens, mean => mean.Bits.Mean);
        return run.Example.Select((piece, t) => means.TryGetValue(t + 1, out var bits)
            ? (piece, bits, $"{run.Label(t)}: E({t + 1}) is {TableCell.Fixed(bits, 2)} bits")
            : (piece, (double?)null, run.Label(t)));
    }

    private static void AddInformation(HtmlPage page, RunSummary run, RunPictures pictures, RunTables tables)
    {
        page.Section("How much each layer passes on");
        page.Paragraph(
            "Mutual information between the states before and after each layer, on one scale for both pictures: of the whole prefix, and "
            + "of every token alone.");
        List<Action> columns =
        [
            () => page.Figure(pictures.Information(CaptureKind.Macro), "Whole sequences with causal attention, at each position."),
            () => page.Figure(pictures.Information(CaptureKind.Micro), "The same tokens, each as a sequence of one."),
        ];
        if (!run.IsExact && !run.IsNoisy)
            columns.Add(() =>
                page.Figure(pictures.Shortfall(), "Dark: the critic resolves all there is. Bright: there is more than it resolves."));
        page.Columns(columns);
        if (!run.IsExact)
            page.Table("Exact beside estimate, seeds together", BesideExact(run), folded: true);
        page.Table("All cells", tables.Cells, folded: true);
    }

    private static void AddSelfCheck(HtmlPage page, RunResults results, RunTables tables)
    {
        page.Section("Does the estimator obey what mutual information obeys?");
        var holding = results.SelfCheck.Count(line => line.Check.Holds);
        page.Paragraph(
            $"{holding} of {results.SelfCheck.Count} relations hold on the activations of this run. They need no true value: a relation "
            + $"that is broken says that the estimator cannot be relied on at that layer.");
        page.Table("The self-check", tables.SelfCheck);
    }

    private static Table BesideExact(RunSummary run)
    {
        var table = new Table(
            TableColumn.Text("kind"), TableColumn.Integer("layer"), TableColumn.Integer("position"), TableColumn.Text("token"),
                TableColumn.Number("exact_bits", 3),
            TableColumn.Number("mi_bits", 3), TableColumn.Spread("sd_bits", 4), TableColumn.Integer("seeds"),
                TableColumn.Number("exact_minus_mi_bits", 3), TableColumn.Text("verdict"));
        foreach (var ((kind, layer, position), mean) in run.Means)
        {
            table.Add(
                kind.Word(), layer, position, run.Label(position), mean.ExactBits,
                mean.Bits, mean.SdBits, mean.Seeds, mean.ExactBits - mean.Bits, mean.Verdict.Word());
        }

        return table;
    }

    private static void AddReproduction(HtmlPage page, RunSummary run)
    {
        page.Section("How to reproduce");
        page.Paragraph(
            "The same settings with the same version on the same device give the same bytes. Information is in bits throughout.");
        page.Code(SettingTable.Command(run.Results.Manifest));
        page.Table("What decided about these results", Settings(run.Results.Manifest), folded: true);
    }

    /// <summary>A manifest, one row a value.</summary>
    internal static Table Settings(JsonObject manifest)
    {
        var table = new Table(TableColumn.Verbatim("setting"), TableColumn.Verbatim("value"));
        foreach (var (name, value) in Flatten("", manifest))
            table.Add(name, value.Length > LongestSetting ? value[..LongestSetting] + "\u2026" : value);
        return table;
    }

    private static IEnumerable<(string Name, string Value)> Flatten(string prefix, JsonObject json)
    {
        foreach (var (name, value) in json)
        {
            if (value is JsonObject inner)
            {
                foreach (var pair in Flatten($"{prefix}{name}.", inner))
                    yield return pair;
            }
            else
            {
                yield return (prefix + name, value is JsonArray list ? string.Join(", ", list.Select(item => item?.ToString()))
                    : value?.ToString() ?? "");
            }
        }
    }
}
