using Emergence.Information;
using Emergence.Information.Statistics;
using Emergence.Measurement.Results;
using Emergence.Pictures;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>"shots": E(T) along sequences of words or of shots of a template, and what each shot adds.</summary>
internal sealed class ShotsStudy : Study
{
    private const string Unit = "bits";

    /// <summary>Less is not worth a sentence: it would read 0.00.</summary>
    private const double LeastShortfallBits = 0.01;

    public override string Name => "shots";

    public override string Description => "E(T) and what each shot adds, along word lists or few-shot prompts of a template";

    public override string Title => "What each shot adds";

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        .. StudyOption.Data,
        new("shots", "N", "Shots of a sequence", "4"),
        .. StudyOption.Measurement,
    ];

    public override StudyResult Run(StudyContext context)
    {
        var runs = context.Models.Select(model =>
            (Model: model.Name, Results: context.Measure(model.Name, context.Measurement(model) with { Shots = context.Whole("shots") })))
            .ToList();
        var gains = runs.SelectMany(run => Gain.Of(run.Model, run.Results)).ToList();
        if (gains.Count == 0)
            throw new EmergenceException(
                $"{runs[0].Results.Data} has no shots: expected a list of words, or a file of rows with --template", ExitCode.Usage);
        var published = Published.Gains.Where(row => row.Data == runs[0].Results.Data).ToList();
        List<NamedTable> tables = [.. NoiseFindings.Tables(runs),
            new("gains", "E(T) at the end of each shot, and what the shot adds", Table(gains)),
            new("tokens", "E(T) after each token", TokenTable.Of(runs), IsLong: true)];
        if (published.Count > 0)
            tables.Add(new("published", $"What each shot adds, as published (Table 4; {Published.Source})", PublishedTable(published)));
        return new StudyResult
        {
            Finding = string.Join(" ", runs.Select(run => Finding(run.Model, [.. gains.Where(gain => gain.Model == run.Model)]))),
            Sentences = Sentences(runs, gains, published),
            HeldFixed = HeldFixed(runs[0].Results),
            Tables = tables,
            Figures =
            [
                new("e", "E(T) is the mean of IE over layers; dashes are the exact value of the data, and vertical lines end the shots.",
                    ByToken(runs)),
                new("gains", "Bars of one colour are one model. The first shot adds to nothing.",
                    Bars(gains, [.. runs.Select(run => run.Model)])),
            ],
        };
    }

    private static Table Table(IReadOnlyList<Gain> gains)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Integer("shot"), TableColumn.Integer("tokens"), TableColumn.Number("e_bits", 3),
                TableColumn.Number("lo", 3), TableColumn.Number("hi", 3), TableColumn.Number("exact_bits", 3),
            TableColumn.Number("gain_bits", 3), TableColumn.Number("gain_lo", 3), TableColumn.Number("gain_hi", 3),
                TableColumn.Number("exact_gain_bits", 3), TableColumn.Number("sd_layers_bits", 3));
        foreach (var (model, mean, gain, exact) in gains)
            table.Add(model, mean.Shot, mean.Tokens, mean.Bits.Mean, TableCell.Known(mean.Bits.Low), TableCell.Known(mean.Bits.High),
                mean.ExactBits, gain.Mean, TableCell.Known(gain.Low), TableCell.Known(gain.High), exact, mean.SdLayers);
        return table;
    }

    private static Table PublishedTable(IReadOnlyList<(string Model, string Data, double[] Bits)> published)
    {
        var shots = Enumerable.Range(Published.FirstGain, published[0].Bits.Length).ToList();
        var table = new Table([TableColumn.Text("model"), .. shots.Select(shot => TableColumn.Number($"shot_{shot}", 2))]);
        foreach (var (model, _, bits) in published)
            table.Add([model, .. bits.Select(value => (TableCell)value)]);
        return table;
    }

    private static SvgFigure ByToken(IReadOnlyList<(string Model, RunResults Results)> runs)
    {
        var (first, series) = (runs[0].Results, new List<LineSeries>());
        foreach (var (color, (model, results)) in runs.Index())
        {
            series.Add(new(model,
                [.. results.Means.Select(mean => new LinePoint(mean.Tokens, mean.Bits.Mean, mean.Bits.Low, mean.Bits.High))], color));
            if (results.Estimator != "exact")
                series.Add(new("exact", [.. results.Means.Select(mean => new LinePoint(mean.Tokens, mean.ExactBits))], color,
                    Dashed: true) { InLegend = runs.Count == 1 });
        }

        return new LineChart
        {
            Title = $"E(T) along {first.Data}",
            YCaption = "E(T) [bits]",
            XCaption = "T ends with this token",
            Unit = Unit,
            Series = series,
            XLabels = [.. first.Means.Select(mean => ((double)mean.Tokens, Labels.Token(first.Labels[mean.Tokens - 1])))],
            Borders = [.. first.Means.Where(mean => mean.Shot > 0).Select(mean => (mean.Tokens + 0.5, $"shot {mean.Shot}"))],
        }.Draw();
    }

    private static SvgFigure Bars(IReadOnlyList<Gain> gains, IReadOnlyList<string> models) => new BarChart
    {
        Title = "What each shot adds: E(shot s) - E(shot s-1)",
        YCaption = "bits",
        Unit = Unit,
        Bars = [.. gains.OrderBy(gain => gain.Mean.Shot).Select(gain =>
            new Bar($"shot {gain.Mean.Shot}", gain.Bits.Mean, gain.Bits.Low, gain.Bits.High, models.ToList().IndexOf(gain.Model)))],
        Legend = [.. models.Select((model, color) => (model, color))],
    }.Draw();

    private static string Finding(string model, IReadOnlyList<Gain> gains)
    {
        var (last, largest) = (gains[^1], gains.Skip(1).MaxBy(gain => gain.Bits.Mean));
        var step = largest == null ? ""
            : $"; after the first shot, shot {largest.Mean.Shot} adds most, {TableCell.Fixed(largest.Bits.Mean, 2)} bits";
        return $"In {model}, E(T) reaches {TableCell.Fixed(last.Mean.Bits.Mean, 2)} bits after {RunWords.Plural(last.Mean.Shot, "shot")} "
            + $"(the data have {TableCell.Fixed(last.Mean.ExactBits, 2)}){step}.";
    }

    private static List<string> Sentences(IReadOnlyList<(string Model, RunResults Results)> runs, IReadOnlyList<Gain> gains, IReadOnlyList<(
        string Model, string Data, double[] Bits)> published)
    {
        var results = runs[0].Results;
        List<string> sentences =
        [
            .. NoiseFindings.Growth(runs),
            "The exact value belongs to the data and not to the model: it rises with every shot, by less and less as a sample of N "
                + "sequences comes near log2 N. What the model decides is how much of it noise leaves, and how much a critic resolves.",
        ];
        var worst = gains.MaxBy(gain => gain.Mean.ExactBits - gain.Mean.Bits.Mean)!;
        if (results.Estimator != "exact" && worst.Mean.ExactBits - worst.Mean.Bits.Mean >= LeastShortfallBits)
            sentences.Add(
                $"The estimate stays furthest below the exact value after shot {worst.Mean.Shot} in {worst.Model}, by "
                + $"{TableCell.Fixed(worst.Mean.ExactBits - worst.Mean.Bits.Mean, 2)} bits.");
        if (!results.IsEnumeration)
            sentences.Add(
                $"The {results.Sequences} sequences are a sample: nothing measured on it can exceed "
                + $"{TableCell.Fixed(Math.Log2(results.Sequences), 2)} bits, so gains at late shots say more about N than about the "
                + $"data. Intervals of gains take the sampling errors of both ends as independent, which is on the wide side.");
        if (published.Count > 0)
            sentences.Add(
                "The published gains are from 300,000 sequences (18.19 bits) and the published estimator, which nothing holds below "
                + "that: single gains of up to 45 bits are not information of that sample.");
        return sentences;
    }

    private static List<(string, string)> HeldFixed(RunResults results) =>
    [
        ("data",
            $"{results.Data}, {RunWords.Plural(results.Labels.Count / results.ShotLength, "shot")} of "
            + $"{RunWords.Plural(results.ShotLength, "token")}"),
        ("sequences",
            $"{results.Sequences}, {(results.IsEnumeration ? "all there are" : "a sample")}; the same ones at every boundary and position"),
        ("a sequence", string.Concat(results.Example)),
        ("estimator", results.Estimator == "exact" ? "exact: counted, nothing is trained"
            : $"{results.Estimator}, preset {(string)results.Manifest["settings"]!["preset"]!}, "
            + $"{RunWords.Plural((int)results.Manifest["settings"]!["seeds"]!, "seed")}"),
        ("boundaries", string.Join(", ", results.Emergence.Select(row => row.Boundary).Distinct().Order())),
    ];

    /// <summary>What a shot adds, in bits.</summary>
    private sealed record Gain(string Model, EmergenceMean Mean, Interval Bits, double ExactBits)
    {
        /// <summary>Taken within a seed first, as seeds share their sequences and streams.</summary>
        public static IEnumerable<Gain> Of(string model, RunResults results)
        {
            var seeds = EmergenceValue.Compute(results.Cells).GroupBy(value => (value.Tokens, value.Seed))
                .ToDictionary(group => group.Key, group => group.Average(value => value.Bits));
            EmergenceMean? before = null;
            foreach (var mean in results.Means.Where(mean => mean.Shot > 0))
            {
                var start = before;
                var gains = seeds.Where(entry => entry.Key.Tokens == mean.Tokens).OrderBy(entry => entry.Key.Seed)
                    .Select(entry => entry.Value - (start == null ? 0 : seeds[(start.Tokens, entry.Key.Seed)])).ToList();
                var error = double.Hypot(mean.Bits.SamplingError, start?.Bits.SamplingError ?? 0);
                var bits = EstimatorTable.Find(results.Estimator).IsRandom ? Intervals.OfSeeds(gains, error)
                    : Intervals.OfExact(gains[0], error);
                yield return new Gain(model, mean, bits, mean.ExactBits - (start?.ExactBits ?? 0));
                before = mean;
            }
        }
    }
}
