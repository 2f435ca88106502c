using Emergence.Datasets;
using Emergence.Information;
using Emergence.Information.Statistics;
using Emergence.Measurement.Results;
using Emergence.Pictures;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>
/// "hallucination": by number of shots, IE and its spreads beside how often the model goes on with an entity of the
/// category, or with one not named yet; and whether spread and loss of accuracy rise together.
/// </summary>
internal sealed class HallucinationStudy : Study
{
    // Means that should be equal differ in their last bits, and a rank would make something of it.
    private const int SpreadDigits = 9;

    public override string Name => "hallucination";

    public override string Description => "IE, its spreads and the accuracy of the model's own continuation, by number of shots";

    public override string Title => "Does the spread of information emergence foretell wrong continuations";

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        new("data", "NAME_OR_FILE", "A list of words", "country"),
        new("shots", "N", "Shots of a sequence", "7"),
        .. StudyOption.Measurement,
    ];

    public override StudyResult Run(StudyContext context)
    {
        var shots = context.Models.SelectMany(model => Measure(context, model)).ToList();
        var correlations = shots.GroupBy(shot => shot.Model).SelectMany(Own).Concat(PublishedShots.Correlations()).ToList();
        return new StudyResult
        {
            Finding = string.Join(" ", shots.GroupBy(shot => shot.Model).Select(Finding)),
            Sentences =
            [
                "Three spreads that the published table does not tell apart are kept apart here: over seeds (an error of the training), "
                    + "over layers (a property of the model), and over two halves of the data (an error of the sample).",
                $"{PublishedShots.Source} reports one SD beside values of up to 82 bits from 300,000 sequences, which hold 18.19 bits: "
                    + $"where an estimate is not bounded, its spread grows with the excess. Here no estimate can exceed what the "
                    + $"sequences hold.",
                "left_bits is what noise as large as the states leaves of E(T) (sigma 1), which depends on the model; its spread over "
                    + "layers is sd_layers_left.",
                "Shots before the best one count as losses as well: a model that has not understood yet is as wrong as one that has lost "
                    + "the thread.",
                "With a handful of shots a rank correlation has a wide interval: one that holds 0 says nothing either way.",
            ],
            HeldFixed =
            [
                ("data",
                    $"{context.Text("data")}, {shots.Max(shot => shot.Number)} shots; sequences of s shots are the beginnings of the "
                    + $"same sequences"),
                ("accuracy",
                    "the most likely next token behind the comma of shot s: any word of the list; stricter, one the sequence has not "
                    + "named"),
                ("halves", "two random halves of the sequences, one seed; SD of the two values"),
                ("estimator",
                    $"{context.Text("estimator")}, {RunWords.Plural(context.Whole("seeds"), "seed")}, boundaries "
                    + $"{context.Optional("boundaries") ?? "all"}"),
            ],
            Tables =
            [
                new("shots", "By number of shots", Table(shots)),
                new("correlations", "Rank correlation of spread and loss of accuracy (best accuracy minus this one), 95 % interval",
                    Correlations(correlations)),
                new("published", $"As published ({PublishedShots.Source}), GPT2-XL", PublishedShots.Table()),
            ],
            Figures =
            [
                new("accuracy", "Solid: the next token is a word of the list. Dashed: one that the sequence has not named yet.",
                    Accuracy(shots)),
                new("spread", "The three spreads of E(T).", Spreads(shots)),
            ],
        };
    }

    private static IEnumerable<Shot> Measure(StudyContext context, StudyModel model)
    {
        var settings = context.Measurement(model) with { Shots = context.Whole("shots") };
        var data = StudyContext.Sequences(settings);
        if (data.ShotLength != 2)
            throw new EmergenceException(
                $"{data.Name} is no list of words: expected one word a line, or "
                + $"{string.Join(", ", DatasetTable.Names.Take(4).Select(row => row.Name))}", ExitCode.Usage);
        var results = context.Measure(model.Name, settings);
        var halves = Halves(data, context.Settings.Seed)
            .Select((half, i) => context.Measure($"{model.Name}-half-{i + 1}", settings with { Seeds = 1 }, half).Means.Where(mean =>
            mean.Shot > 0).ToList()).ToList();
        var accuracy = context.Once($"{model.Name} accuracy", () => Accuracies(context, model, data));
        var noise = new NoiseResults(results).Means;
        foreach (var mean in results.Means.Where(mean => mean.Shot > 0))
        {
            var left = noise.FirstOrDefault(row => row.Tokens == mean.Tokens);
            double[] halved = [.. halves.Select(half => half.Single(other => other.Shot == mean.Shot).Bits.Mean)];
            var sdSeeds = EstimatorTable.Find(results.Estimator).IsRandom ? mean.Bits.SdSeeds : 0;
            yield return new Shot(model.Name, mean.Shot, mean.Bits, mean.ExactBits, Math.Round(sdSeeds, SpreadDigits),
                Math.Round(mean.SdLayers, SpreadDigits), Math.Round(StandardDeviation.Of(halved), SpreadDigits),
                100 * accuracy[2 * (mean.Shot - 1)], 100 * accuracy[2 * (mean.Shot - 1) + 1],
                left?.AtOne ?? Intervals.OfExact(double.NaN, double.NaN),
                left == null ? double.NaN : Math.Round(left.SdLayers, SpreadDigits));
        }
    }

    private static List<Dataset> Halves(Dataset data, ulong seed)
    {
        if (data.Count < 4)
            throw new EmergenceException($"{data.Name}: {data.Count} sequences cannot be halved: use more", ExitCode.Usage);
        var first = Subsampling.Draw(data.Count, data.Count / 2, seed, 0).Order().ToArray();
        return [Part(first), Part([.. Enumerable.Range(0, data.Count).Except(first)])];

        Dataset Part(int[] rows) => new(data.Name, data.TokenizerIdentity, data.Length, [.. rows.SelectMany(n => data[n].ToArray())])
        {
            ShotLength = data.ShotLength, Available = data.Available, BeginningOfSequence = data.BeginningOfSequence, Labels = data.Labels,
        };
    }

    /// <summary>(2 S): behind each shot, the share of sequences whose most likely next token is a word of the list, and one not named
    /// yet.</summary>
    private static double[] Accuracies(StudyContext context, StudyModel model, Dataset data)
    {
        using var loaded = context.Load(model);
        context.Say($"{model.Name}: continuations of {data.Count} sequences");
        var words = Enumerable.Range(0, data.Count).SelectMany(n => data[n].ToArray().Where((_, t) => t % 2 == 0)).ToHashSet();
        var shares = new double[data.Length];
        int[] ends = [.. Enumerable.Range(0, data.Length / 2).Select(shot => 2 * shot + 1)];
        Continuations.Read(loaded, data, ends, (position, sequences, logits) =>
        {
            var next = Continuations.Best(logits);
            shares[position - 1] += words.Contains(next) ? (double)sequences.Count / data.Count : 0;
            shares[position] += words.Contains(next) && !data[sequences[0]][..position].Contains(next)
                ? (double)sequences.Count / data.Count : 0;
        }, context.Cancellation);
        return shares;
    }

    private static IEnumerable<Correlation> Own(IGrouping<string, Shot> shots)
    {
        foreach (var (spread, values) in new (string, Func<Shot, double>)[] { ("sd_seeds", shot => shot.SdSeeds),
            ("sd_layers", shot => shot.SdLayers), ("sd_halves", shot => shot.SdHalves),
            ("sd_layers_left", shot => shot.SdLayersLeft) })
        {
            yield return new(shots.Key, spread, "category", Loss(shot => shot.Category, values));
            yield return new(shots.Key, spread, "not yet named", Loss(shot => shot.New, values));
        }

        RankCorrelation Loss(Func<Shot, double> accuracy, Func<Shot, double> spread) =>
            RankCorrelation.Of([.. shots.Select(spread)], [.. shots.Select(shot => shots.Max(accuracy) - accuracy(shot))]);
    }

    private static Table Table(IReadOnlyList<Shot> shots)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Integer("shot"), TableColumn.Number("e_bits", 3), TableColumn.Number("lo", 3),
                TableColumn.Number("hi", 3), TableColumn.Number("exact_bits", 3), TableColumn.Number("sd_seeds_bits", 4),
            TableColumn.Number("sd_layers_bits", 4), TableColumn.Number("sd_halves_bits", 4), TableColumn.Number("category_percent", 1),
                TableColumn.Number("new_percent", 1), TableColumn.Number("left_bits", 3), TableColumn.Number("left_lo", 3),
                TableColumn.Number("left_hi", 3), TableColumn.Number("sd_layers_left_bits", 4));
        foreach (var shot in shots)
            table.Add(shot.Model, shot.Number, shot.Bits.Mean, TableCell.Known(shot.Bits.Low), TableCell.Known(shot.Bits.High),
                shot.ExactBits, TableCell.Known(shot.SdSeeds), shot.SdLayers, shot.SdHalves, shot.Category, shot.New,
                TableCell.Known(shot.Left.Mean), TableCell.Known(shot.Left.Low), TableCell.Known(shot.Left.High),
                TableCell.Known(shot.SdLayersLeft));
        return table;
    }

    private static Table Correlations(IReadOnlyList<Correlation> correlations)
    {
        var table = new Table(TableColumn.Text("source"), TableColumn.Text("spread"), TableColumn.Text("accuracy"),
            TableColumn.Number("rho", 2), TableColumn.Number("lo", 2), TableColumn.Number("hi", 2), TableColumn.Integer("shots"));
        foreach (var (source, spread, accuracy, rank) in correlations)
            table.Add(source, spread, accuracy, TableCell.Known(rank.Rho), TableCell.Known(rank.Low), TableCell.Known(rank.High),
                rank.Count);
        return table;
    }

    private static SvgFigure Accuracy(IReadOnlyList<Shot> shots) => new LineChart
    {
        Title = "How often the model goes on with a word of the list",
        YCaption = "%",
        XCaption = "shots",
        Unit = "%",
        Series = [.. shots.GroupBy(shot => shot.Model).SelectMany((group, color) => new LineSeries[]
        {
            new($"{group.Key}, any", [.. group.Select(shot => new LinePoint(shot.Number, shot.Category))], color),
            new($"{group.Key}, not yet named", [.. group.Select(shot => new LinePoint(shot.Number, shot.New))], color, Dashed: true),
        })],
    }.Draw();

    private static SvgFigure Spreads(IReadOnlyList<Shot> shots) => new LineChart
    {
        Title = "SD of E(T)",
        YCaption = "bits",
        XCaption = "shots",
        Unit = "bits",
        Series = [.. shots.GroupBy(shot => shot.Model).SelectMany((group, i) => new LineSeries[]
        {
            new($"{group.Key}, seeds", [.. group.Select(shot => new LinePoint(shot.Number, shot.SdSeeds))], 3 * i),
            new($"{group.Key}, layers", [.. group.Select(shot => new LinePoint(shot.Number, shot.SdLayers))], 3 * i + 1),
            new($"{group.Key}, halves", [.. group.Select(shot => new LinePoint(shot.Number, shot.SdHalves))], 3 * i + 2),
        })],
    }.Draw();

    private static string Finding(IGrouping<string, Shot> shots)
    {
        var (best, last) = (shots.MaxBy(shot => shot.New)!, shots.Last());
        var strongest = Own(shots).Where(row => row.Accuracy != "category")
            .MaxBy(row => Math.Abs(double.IsNaN(row.Rank.Rho) ? 0 : row.Rank.Rho))!;
        var clear = strongest.Rank.Low > 0 || strongest.Rank.High < 0 ? "its interval leaves out 0" : "its interval holds 0";
        return $"{shots.Key} names a word of the list not yet named in {TableCell.Fixed(best.New, 0)} % of continuations at best (after "
            + $"{best.Number} shots) and in {TableCell.Fixed(last.New, 0)} % after {last.Number}; the strongest rank correlation of a "
            + $"spread with that loss is {TableCell.Fixed(strongest.Rank.Rho, 2)} ({strongest.Spread}), and {clear}.";
    }

    private sealed record Shot(string Model, int Number, Interval Bits, double ExactBits, double SdSeeds, double SdLayers, double SdHalves,
        double Category, double New, Interval Left, double SdLayersLeft);
}

/// <summary>A spread of IE against the loss of an accuracy.</summary>
internal sealed record Correlation(string Source, string Spread, string Accuracy, RankCorrelation Rank);
