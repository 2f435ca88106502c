using Emergence.Capture;
using Emergence.Measurement.Results;
using Emergence.Measurement.Settings;
using Emergence.Models;
using Emergence.Pictures;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>"compare": several models on one data set, for someone who chooses among them.</summary>
internal sealed class CompareStudy : Study
{
    public override string Name => "compare";

    public override string Description => "several models on one data set: where each forms meaning, E(T), cost, and which is higher";

    public override string Title => "Models beside each other";

    public override int LeastModels => 2;

    public override bool IsTranslated => true;

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        .. StudyOption.Data,
        new("shots", "N", "Words of a sequence of a word list, or shots of a template", "3"),
        new("window", "N", "Tokens of a text window", "8"),
        .. StudyOption.Measurement,
    ];

    public override StudyResult Run(StudyContext context)
    {
        var runs = context.Models.Select(model => (Model: model.Name, Results: context.Measure(model.Name, Settings(context, model))))
            .ToList();
        var rows = runs.Zip(context.Models, (run, model) => Summary.Of(run.Results, ModelConfig.Read(model.Folder), run.Model)).ToList();
        var sameData = runs.Skip(1).All(run => RunComparison.HaveSameData(runs[0].Results, run.Results));
        return new StudyResult
        {
            Finding = string.Join(" ", [.. NoiseFindings.Ranking(runs), Finding(rows)]),
            Sentences = [.. rows.Select(row => row.Words), Caution(sameData), .. RunComparison.QuantizationNote([.. runs]) is { } note
                ? [note] : Array.Empty<string>()],
            HeldFixed =
            [
                ("data",
                    $"{context.Text("data")}, the same settings for every "
                    + $"model{(sameData ? " and the same tokens" : "; tokenizers differ, so the tokens do too")}"),
                ("estimator",
                    $"{context.Text("estimator")}, {RunWords.Plural(context.Whole("seeds"), "seed")}, boundaries "
                    + $"{context.Optional("boundaries") ?? "all"}"),
                ("formed", "the first of the layers measured with 90 % of the largest IE after the last token"),
                ("cost",
                    "multiply-adds, which do not depend on the machine: of the forward passes (weights x distinct prefixes) and of the "
                    + "trainings"),
            ],
            Tables = [.. NoiseFindings.Tables(runs), .. ThroughNoise(runs), new("models", "Models", Models(rows)),
                new("verdicts", "E(T) of one model against another, 95 % interval of the difference", Verdicts(runs)),
                new("tokens", "E(T) after each token", TokenTable.Of(runs), IsLong: true)],
            Figures =
            [
                .. runs.Select(run =>
                    new NamedFigure($"ie-{run.Model}", "Layers upwards, tokens to the right; the range of the colours is this model's own.",
                    new RunPictures(new RunSummary(run.Results)).Emergence($"{run.Model}: IE by layer and token"))),
                new("e", "E(T) is the mean of IE over layers. Dashes are the exact value of the data, which no model exceeds.",
                    ByToken(runs)),
                new("depth", "IE after the last token, from the first layer (0 %) to the last one (100 %).", ByDepth(runs)),
            ],
        };
    }

    private static MeasurementSettings Settings(StudyContext context, StudyModel model) =>
        context.Measurement(model) with { Shots = context.Whole("shots"), Window = context.Whole("window") };

    private static Table Models(IReadOnlyList<Summary> rows)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Number("parameters", 0), TableColumn.Integer("layers"), TableColumn.Integer("width"),
                TableColumn.Number("e_bits", 3), TableColumn.Number("lo", 3), TableColumn.Number("hi", 3),
                TableColumn.Number("exact_bits", 3),
            TableColumn.Integer("formed_at_layer"), TableColumn.Text("jumps_at"), TableColumn.Number("forward_ops", 0),
                TableColumn.Number("training_ops", 0));
        foreach (var row in rows)
            table.Add(row.Model, (double)row.Config.Parameters, row.Config.Layers, row.Config.Width, row.Last.Bits.Mean,
                TableCell.Known(row.Last.Bits.Low), TableCell.Known(row.Last.Bits.High), row.Last.ExactBits, row.FormedAt, row.JumpsAt,
                row.ForwardCost, row.TrainingCost);
        return table;
    }

    private static Table Verdicts(IReadOnlyList<(string Model, RunResults Results)> runs)
    {
        var table = RunComparisonTable.Empty();
        for (var i = 0; i < runs.Count; i++)
        {
            for (var j = i + 1; j < runs.Count; j++)
                RunComparisonTable.AddTo(table, runs[i].Model, runs[j].Model, RunComparison.Of(runs[i].Results, runs[j].Results));
        }

        return table;
    }

    private static IEnumerable<NamedTable> ThroughNoise(IReadOnlyList<(string Model, RunResults Results)> runs)
    {
        var table = NoiseComparisonTable.Empty();
        for (var i = 0; i < runs.Count; i++)
        {
            for (var j = i + 1; j < runs.Count; j++)
                NoiseComparisonTable.AddTo(table, runs[i], runs[j]);
        }

        return table.Rows.Count == 0 ? []
            : [new("noise_verdicts", "What noise leaves of one model against another, 95 % interval of the difference", table)];
    }

    private static SvgFigure ByToken(IReadOnlyList<(string Model, RunResults Results)> runs) => new LineChart
    {
        Title = "E(T) of each model",
        YCaption = "E(T) [bits]",
        XCaption = "T, tokens",
        Unit = "bits",
        Series = [.. runs.SelectMany((run, color) => new LineSeries[]
        {
            new(run.Model, [.. run.Results.Means.Select(mean => new LinePoint(mean.Tokens, mean.Bits.Mean, mean.Bits.Low, mean.Bits.High))],
                color),
            new("exact", [.. run.Results.Means.Select(mean => new LinePoint(mean.Tokens, mean.ExactBits))], color,
                Dashed: true) { InLegend = color == 0 },
        })],
    }.Draw();

    private static SvgFigure ByDepth(IReadOnlyList<(string Model, RunResults Results)> runs) => new LineChart
    {
        Title = "IE by depth",
        YCaption = "IE [bits]",
        XCaption = "depth, % of the layers",
        Unit = "bits",
        Series = [.. runs.Select((run, color) => new LineSeries(
            run.Model,
            [.. new RunSummary(run.Results).LastRows.Select(row => new LinePoint(
                100.0 * row.Boundary / Math.Max(1, run.Results.Layers - 1), row.Bits.Mean, row.Bits.Low, row.Bits.High))], color))],
    }.Draw();

    private static string Finding(IReadOnlyList<Summary> rows)
    {
        var ranked = rows.OrderByDescending(row => row.Last.Bits.Mean).ToList();
        var others = string.Join(", ", ranked.Skip(1).Select(row => $"{row.Model} {Value(row)}"));
        return $"After the last token {ranked[0].Model} reads {Value(ranked[0])} bits, {others}.";

        static string Value(Summary row) => $"{TableCell.Fixed(row.Last.Bits.Mean, 2)} of {TableCell.Fixed(row.Last.ExactBits, 2)}";
    }

    private static string Caution(bool sameData) =>
        "A higher value does not make a better model: it says that the states of its layers are easier to tell apart by a small critic. "
            + (sameData
                ? "All models read the same tokens, so their exact values agree where they keep prefixes apart."
                : "The models' tokens differ, and so may their exact values: compare what each reads of its own exact value, not the "
                    + "bits.");

    /// <summary>What the page says about a model.</summary>
    private sealed record Summary(string Model, ModelConfig Config, EmergenceMean Last, int FormedAt, string JumpsAt, double ForwardCost,
        double TrainingCost)
    {
        public string Words =>
            $"{Model} ({Config.Parameters / 1e6:0.#} million weights, {Config.Layers} layers) has formed what it reads of the whole by "
            + $"layer {FormedAt}, " +
            $"{(FormedAt <= Config.Layers / 3 ? "early" : FormedAt <= 2 * Config.Layers / 3 ? "half way up" : "late")}; the largest step "
                + $"comes with {JumpsAt}. A forward pass of all prefixes took {ForwardCost / 1e9:0.#} billion multiply-adds.";

        public static Summary Of(RunResults results, ModelConfig config, string name)
        {
            var run = new RunSummary(results);
            var last = run.Last ?? throw new EmergenceException($"{name}: IE has no value, some cells failed");
            var prefixes = results.Manifest["data"]!["distinct_prefixes"]!.AsArray().Sum(count => (double)(int)count!);
            var jumps = run.Label(run.Steps.MaxBy(step => step.Bits).Tokens - 1);
            return new(name, config, last, run.FormedAt, jumps, prefixes * config.Parameters, results.Cells.Where(cell =>
                cell.Cell.Kind is CaptureKind.Macro or CaptureKind.Micro).Sum(cell => cell.Information.MultiplyAdds));
        }
    }
}
