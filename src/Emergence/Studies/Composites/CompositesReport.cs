using System.Globalization;
using System.Text.Json.Nodes;
using Emergence.Information.Statistics;
using Emergence.Models.Vision;
using Emergence.Studies.Skills;
using Emergence.Tables;

namespace Emergence.Studies.Composites;

/// <summary>Tables, pictures and sentences of the study of composites.</summary>
internal sealed class CompositesReport
{
    /// <summary>Share of the skills that the bound leaves out.</summary>
    private const double Alpha = 0.1;

    /// <summary>Of the experiment that this one follows: images of four digits for training, share of successes.</summary>
    private const double PublishedTrain = 1000, PublishedShare = 0.92;

    public required StudyContext Context { get; init; }

    public required DigitImages Images { get; init; }

    public required CompositeGrid Grid { get; init; }

    public required bool IsDistinct { get; init; }

    public required int Train { get; init; }

    /// <summary>Single images for the encoder, for training composites and for test composites.</summary>
    public required (int Encoder, int Training, int Test) Parts { get; init; }

    /// <summary>The CLIP model that was asked, or none.</summary>
    public required string? Clip { get; init; }

    public required IReadOnlyList<CompositeRun> Runs { get; init; }

    public required IReadOnlyList<CurvePoint> ByTrain { get; init; }

    public required IReadOnlyList<CurvePoint> ByCells { get; init; }

    /// <summary>Test composites of the first seed with the digits on top.</summary>
    public required Func<CompositeRun, IReadOnlyList<(Picture Picture, Composite Composite, int[] Top)>> Examples { get; init; }

    /// <summary>Chosen by what its heads lost on held-out training images: the test has no say.</summary>
    private CompositeRun Best => Runs.MinBy(run => run.HeldOutLoss)!;

    /// <summary>Chance, the lowest loss: the same for all.</summary>
    private CompositeScore Any => Runs[0].Scores[0];

    public StudyResult Write()
    {
        List<NamedTable> tables =
        [
            new("scores", "Share of test images whose highest scores are their digits, with 95 % intervals (Wilson) over all seeds",
                Scores()),
            new("information", "Information in bits, over seeds: about single digits, the set of digits, and the emergence of the whole",
                InformationTable()),
            new("published", "The experiment that this one follows: a pretrained CLIP vision transformer, images of four digits",
                Published()),
        ];
        if (ByTrain.Count > 0)
            tables.Add(new("by_train", $"By training images, {Pooled}, first seed", Curve(ByTrain, "train")));
        if (ByCells.Count > 0)
            tables.Add(new("by_cells", $"By cells, {Pooled}, first seed, beside what single digits promise", CellsTable()));
        tables.Add(new("recall", "Of the test images with a digit, the share that has it on top", Recall(), IsLong: true));
        return new StudyResult
        {
            Finding = Finding(),
            Sentences = Sentences(),
            HeldFixed = HeldFixed(),
            Tables = tables,
            Figures = new CompositesPictures(Best, Examples(Best), ByTrain, ByCells, Promise).All(),
            Values = Values(),
        };
    }

    /// <summary>Share of images of k cells of which all digits are right if errors at single digits are independent.</summary>
    private static double Promise(CompositeRun run, int cells) => Math.Pow(run.Singles[0].Accuracy, cells);

    private string Pooled => $"pooled by {CompositeTrial.Word(Runs[0].Pooling)}";

    private Table Scores()
    {
        var table = new Table(
            TableColumn.Text("features"), TableColumn.Text("pool"), TableColumn.Number("share", 3), TableColumn.Number("share_lo", 3),
            TableColumn.Number("share_hi", 3), TableColumn.Spread("sd_seeds", 3), TableColumn.Number("digits_on_top", 2),
            TableColumn.Number("loss_nats", 3), TableColumn.Number("lowest_loss_nats", 3), TableColumn.Text("l2"),
            TableColumn.Number("single_accuracy", 3));
        foreach (var run in Runs)
            table.Add(
                run.Feature, CompositeTrial.Word(run.Pooling), run.Share.Share, run.Share.Low, run.Share.High,
                SeedSpread([.. run.Scores.Select(score => score.Hits / score.Trials)]), run.Mean(score => score.DigitsOnTop), run.Loss,
                run.Mean(score => score.LowestLoss),
                string.Join(' ', run.Scores.Select(score => score.L2.ToString("0.###", CultureInfo.InvariantCulture))),
                run.SingleAccuracy);
        return table;
    }

    private Table InformationTable()
    {
        var table = new Table(
            TableColumn.Text("features"), TableColumn.Text("pool"), TableColumn.Number("rank_bits", 3),
            TableColumn.Number("rank_ceiling", 3), TableColumn.Number("cell_rank_bits", 3), TableColumn.Number("cell_rank_ceiling", 3),
            TableColumn.Number("set_bits", 3), TableColumn.Number("set_neighbours", 3), TableColumn.Number("set_ceiling", 3),
            TableColumn.Number("cell_bits", 3), TableColumn.Number("cell_neighbours", 3), TableColumn.Number("cell_ceiling", 3),
            TableColumn.Number("emergence", 3), TableColumn.Spread("sd_seeds", 3));
        foreach (var run in Runs)
            table.Add(
                run.Feature, CompositeTrial.Word(run.Pooling), run.Mean(score => score.PresenceBits),
                run.Mean(score => score.PresenceCeiling), run.Mean(score => score.CellBits), run.Mean(score => score.CellCeiling),
                run.Mean(score => score.SetBits), run.Scores[0].SetNeighbourBits, run.Mean(score => score.SetCeiling),
                run.Singles.Average(single => single.Bits), run.Singles[0].NeighbourBits, run.Singles.Average(single => single.Ceiling),
                run.Emergence.Average(), SeedSpread(run.Emergence));
        return table;
    }

    private Table Published()
    {
        var table = new Table(TableColumn.Text("source"), TableColumn.Text("features"), TableColumn.Integer("train"),
            TableColumn.Number("share", 3));
        table.Add("Arora and Goyal 2023", "CLIP vision transformer, fine-tuned", (long)PublishedTrain, PublishedShare);
        table.Add("here", Best.Name, Train, Best.Share.Share);
        return table;
    }

    private static Table Curve(IReadOnlyList<CurvePoint> points, string at)
    {
        var table = new Table(
            TableColumn.Text("features"), TableColumn.Integer(at), TableColumn.Number("share", 3), TableColumn.Number("share_lo", 3),
            TableColumn.Number("share_hi", 3), TableColumn.Number("digits_on_top", 2), TableColumn.Number("loss_nats", 3),
            TableColumn.Number("chance", 4));
        foreach (var point in points)
            table.Add(point.Run.Feature, point.At, point.Share.Share, point.Share.Low, point.Share.High, point.Score.DigitsOnTop,
                point.Score.Loss, point.Score.Chance);
        return table;
    }

    /// <summary>theta is the share of single digits that the features get wrong.</summary>
    private Table CellsTable()
    {
        var table = new Table(
            TableColumn.Text("features"), TableColumn.Integer("cells"), TableColumn.Number("share", 3), TableColumn.Number("share_lo", 3),
            TableColumn.Number("share_hi", 3), TableColumn.Number("chance", 4), TableColumn.Number("theta", 3),
            TableColumn.Number("independent", 3), TableColumn.Number("union_bound", 3), TableColumn.Number("beta_bound", 2));
        foreach (var point in ByCells)
        {
            var theta = 1 - point.Run.Singles[0].Accuracy;
            var bound = theta is > 0 and < 1 ? new SkillBound(theta, point.At).Beta(Alpha) : double.NaN;
            table.Add(
                point.Run.Feature, point.At, point.Share.Share, point.Share.Low, point.Share.High, point.Score.Chance, theta,
                Promise(point.Run, point.At), Math.Max(0, 1 - point.At * theta), TableCell.Known(bound));
        }

        return table;
    }

    private Table Recall()
    {
        var table = new Table([TableColumn.Text("features"), TableColumn.Text("pool"), .. Enumerable.Range(0, DigitImages.Classes)
            .Select(digit => TableColumn.Spread(FormattableString.Invariant($"digit_{digit}"), 3))]);
        foreach (var run in Runs)
            table.Add([run.Feature, CompositeTrial.Word(run.Pooling), .. Enumerable.Range(0, DigitImages.Classes)
                .Select(digit => (TableCell)run.Mean(score => score.Recall[digit]))]);
        return table;
    }

    private string Finding() => string.Create(
        CultureInfo.InvariantCulture, $"Told one digit of {Grid.Cells}, a head on {Words(Best)} puts all of them on top in "
            + $"{100 * Best.Share.Share:0.0} % "
            + $"[{100 * Best.Share.Low:0.0}, {100 * Best.Share.High:0.0}] of new images (chance {100 * Any.Chance:0.00} %).");

    private List<string> Sentences()
    {
        List<string> sentences = [];
        var worst = Runs.MaxBy(run => run.HeldOutLoss)!;
        if (worst != Best)
            sentences.Add(string.Create(
                CultureInfo.InvariantCulture, $"On {Words(worst)} it is {100 * worst.Share.Share:0.0} %: "
                    + $"the effect is as strong as single digits lie ready in the features."));
        var (cell, cellCeiling) = (Best.Singles.Average(single => single.Bits), Best.Singles.Average(single => single.Ceiling));
        sentences.AddRange(
            string.Create(
                CultureInfo.InvariantCulture, $"Its loss is {Best.Loss:0.000} nats; the lowest there is, {Any.LowestLoss:0.000}, has who "
                    + $"knows all digits but not which is told."),
            string.Create(
                CultureInfo.InvariantCulture, $"The features of the whole hold {Best.Mean(score => score.SetBits):0.00} bits or more of "
                    + $"the {Any.SetCeiling:0.00} about the set of digits, those of one cell {cell:0.00} of {cellCeiling:0.00} about its "
                    + $"digit: an emergence of {Best.Emergence.Average():0.00} bits by these two lower bounds."),
            "set_bits and cell_bits are lower bounds: what a guess from the head's scores is worth. set_neighbours and cell_neighbours are "
            + "mixed-ksg on the same scores, first seed, cut at the ceiling. rank_bits is exact for these test images: of a digit being "
            + "there and its rank; cell_rank_bits of a cell showing it.");
        if (!IsDistinct)
            sentences.Add("Digits may repeat within an image: an image counts where its set of digits, however many they are, is on top.");
        sentences.Add("Intervals are over test images; these share single digits, so that seeds may differ by more.");
        sentences.Add(Clip == null ? "Not run on published weights of CLIP: --features clip --encoder FOLDER does." : $"CLIP is {Clip}.");
        return sentences;
    }

    private List<(string Name, string Value)> HeldFixed()
    {
        List<(string, string)> held =
        [
            ("images", $"{Path.GetFileName(Images.Source)}: {Images.Count} digits of {Images.Rows} x {Images.Columns} pixels"),
            ("split", $"{Parts.Encoder} for the encoder, {Parts.Training} for training images, {Parts.Test} for test images, none in two"),
            ("composites", $"{Grid} cells, {(IsDistinct ? "all digits different" : "digits may repeat")}, one digit told at random"),
            ("head", "multinomial logistic regression, L2 of 0.1, 0.01 or 0.001 by a fifth of the training images, then trained on all"),
            ("training and test images", FormattableString.Invariant($"{Train} and {Any.Trials}")),
            ("seeds", FormattableString.Invariant($"{Runs[0].Scores.Count} from {Context.Settings.Seed}")),
        ];
        if (Clip != null)
            held.Add(("CLIP", Clip));
        return held;
    }

    private List<(string, JsonNode?)> Values() =>
    [
        ("share", Best.Share.Share),
        ("share_low", Best.Share.Low),
        ("share_high", Best.Share.High),
        ("loss_nats", Best.Loss),
        ("single_accuracy", Best.SingleAccuracy),
        ("features", Best.Feature),
        ("pool", CompositeTrial.Word(Best.Pooling)),
        ("grid", Grid.ToString()),
        ("train", Train),
        ("test", (int)Any.Trials),
        ("seeds", Runs[0].Scores.Count),
        ("distinct", IsDistinct),
        ("digits_on_top", Best.Mean(score => score.DigitsOnTop)),
        ("chance", Any.Chance),
        ("lowest_loss_nats", Best.Mean(score => score.LowestLoss)),
        ("set_bits", Best.Mean(score => score.SetBits)),
        ("emergence_bits", Best.Emergence.Average()),
    ];

    private static string Words(CompositeRun run) => $"{run.Feature} ({CompositeTrial.Word(run.Pooling)})";

    /// <summary>NaN of one seed.</summary>
    private static double SeedSpread(double[] seeds) => seeds.Length > 1 ? StandardDeviation.Of(seeds) : double.NaN;
}
