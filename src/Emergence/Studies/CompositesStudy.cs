using Emergence.Messages;
using Emergence.Models.Vision;
using Emergence.Studies.Composites;

namespace Emergence.Studies;

/// <summary>
/// "composites": whether a head that is told one of the digits of an image learns to see all of them (Arora and Goyal 2023,
/// the last experiment), from features that know single digits more or less well.
/// </summary>
internal sealed class CompositesStudy : Study
{
    private const int MostSeeds = 100;

    private static readonly string[] s_features = [CompositeTrial.Pixels, CompositeTrial.Hidden, CompositeTrial.Logits,
        CompositeTrial.Probabilities, CompositeTrial.Clip];

    public override string Name => "composites";

    public override string Description =>
        "images of several digits of which one is told: are all of them learned? needs no model, and may ask a CLIP vision model";

    public override string Title => "One digit told, all digits learned";

    public override int LeastModels => 0;

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        new(
            "images", "FILE", "Images of single digits: .csv or .npy with pixels and a label in every row, or MNIST's IDX, also as .gz",
            Kind: StudyOptionKind.File),
        new("labels", "FILE", "Labels where they are not in --images; those of IDX are found beside it", Kind: StudyOptionKind.File),
        new("label-column", "NAME", "Column of the labels, by name or number from 0, where it is not found by itself"),
        new("features", "LIST", $"What is known of an image: {string.Join(", ", s_features)}", string.Join(',', s_features[..^1])),
        new("pool", "LIST", "Features of the cells added (sum) or side by side (concat), or those of the whole image (whole)",
            "sum,concat"),
        new("encoder", "FOLDER", "CLIP vision model or CLIP model of Hugging Face's layout, for --features clip"),
        new("grid", "RxC", "Cells of an image, 1x1 to 4x4", "2x2"),
        new("train", "N", "Images that the head is trained on", "1000"),
        new("test", "N", "Images that it is tested on", "2000"),
        new("seeds", "S", "Repetitions: other splits, images, encoders", "3"),
        new("distinct", "", "All digits of an image differ, as they do where nothing is said", Kind: StudyOptionKind.Switch),
        new("repeats", "", "Digits may be there twice: then the set of digits counts", Kind: StudyOptionKind.Switch),
        new("encoder-images", "N", "Single digits that the encoder is trained on at most", "2000"),
        new("train-curve", "LIST", "Numbers of training images of the curve, or none", "30,100,300,1000,3000"),
        new("cells-curve", "LIST", "Numbers of cells of the curve, or none", "1,2,3,4,6,9"),
    ];

    public override StudyResult Run(StudyContext context)
    {
        var kinds = Kinds(context);
        var grid = CompositeGrid.Parse(context.Text("grid"));
        var isDistinct = context.Optional("repeats") == null;
        if (!isDistinct && context.Optional("distinct") != null)
            throw new EmergenceException("--distinct and --repeats: expected one of them", ExitCode.Usage);
        if (isDistinct && grid.Cells > DigitImages.Classes)
            throw new EmergenceException(
                $"--grid {grid}: {grid.Cells} cells, but there are {DigitImages.Classes} digits: expected --repeats", ExitCode.Usage);
        var (train, seeds) = (context.Whole("train", 10), context.Whole("seeds"));
        if (seeds > MostSeeds)
            throw new EmergenceException($"--seeds {seeds}: expected {MostSeeds} or fewer", ExitCode.Usage);
        var (trainCurve, cellsCurve) = (Curve(context, "train-curve", 10), Curve(context, "cells-curve", 1));
        if (isDistinct && cellsCurve.LastOrDefault() > DigitImages.Classes)
            throw new EmergenceException(
                $"--cells-curve: {cellsCurve[^1]} cells, but there are {DigitImages.Classes} digits: expected --repeats", ExitCode.Usage);
        _ = (context.Whole("test"), context.Whole("encoder-images", 10));
        var images = DigitImages.Read(context.Text("images"), context.Optional("labels"), context.Optional("label-column"));
        using var clip = new ClipFeatures(context);
        var described = clip.Description; // refuses a folder of another kind before anything is trained
        var trials = Enumerable.Range(0, seeds).Select(seed =>
            new CompositeTrial(context, images, isDistinct, context.Settings.Seed + (ulong)seed, clip.Read)).ToList();
        var runs = kinds.Select(kind => new CompositeRun(
            kind.Feature, kind.Pooling,
            [.. trials.Select((trial, i) => trial.Score(kind.Feature, kind.Pooling, grid, train, asksNeighbours: i == 0))],
            [.. trials.Select(trial => trial.Single(kind.Feature))])).ToList();

        // Curves are of one seed and of one way to pool: they show the course, not the last digit.
        var curved = runs.Where(run => run.Pooling == kinds[0].Pooling).ToList();
        return new CompositesReport
        {
            Context = context,
            Images = images,
            Grid = grid,
            IsDistinct = isDistinct,
            Train = train,
            Parts = trials[0].Parts,
            Clip = described,
            Runs = runs,
            ByTrain = [.. curved.SelectMany(run => trainCurve.Select(count =>
                new CurvePoint(run, count, trials[0].Score(run.Feature, run.Pooling, grid, count, asksNeighbours: false))))],
            ByCells = [.. curved.SelectMany(run => cellsCurve.Select(cells =>
                new CurvePoint(run, cells,
                    trials[0].Score(run.Feature, run.Pooling, CompositeGrid.Of(cells), train, asksNeighbours: false))))],
            Examples = best => trials[0].Examples(best.Feature, best.Pooling, grid, train),
        }.Write();
    }

    private static List<(string Feature, Pooling Pooling)> Kinds(StudyContext context)
    {
        var features = Words(context, "features", s_features);
        var pools = Words(context, "pool", [.. Enum.GetValues<Pooling>().Select(CompositeTrial.Word)])
            .Select(word => Enum.Parse<Pooling>(word, ignoreCase: true));
        var usesClip = features.Contains(CompositeTrial.Clip);
        if (usesClip != (context.Optional("encoder") != null))
            throw new EmergenceException(usesClip ? "--features clip: expected --encoder FOLDER, the CLIP vision model"
                : "--encoder: expected clip among --features", ExitCode.Usage);
        return [.. from pool in pools from feature in features select (feature, pool)];
    }

    private static List<string> Words(StudyContext context, string option, IReadOnlyList<string> known)
    {
        var words = context.Text(option).Split(',', StringSplitOptions.TrimEntries).Distinct().ToList();
        return words.TrueForAll(known.Contains) ? words
            : throw new EmergenceException(
                $"--{option} {Printable.Escape(context.Text(option))}: expected {string.Join(", ", known)}, or several with commas",
                ExitCode.Usage);
    }

    private static int[] Curve(StudyContext context, string option, int least) => context.Text(option) == "none" ? []
        : [.. NumberList.ParseWhole($"--{option}", context.Text(option), values => values.All(value => value >= least),
            $"whole numbers of {least} or more with commas, or none").Distinct().Order()];

    /// <summary>The model of the folder, loaded when the first picture is to be read.</summary>
    private sealed class ClipFeatures(StudyContext context) : IDisposable
    {
        private VisionModel? _model;

        /// <summary>Null if no model was asked.</summary>
        public string? Description => context.Optional("encoder") is { } folder
            ? $"{Printable.Escape(folder)}: {VisionConfig.Read(folder).Summary}" : null;

        public double[][] Read(IReadOnlyList<Picture> pictures)
        {
            if (_model == null)
            {
                context.Say($"loading {context.Text("encoder")}");
                _model = VisionModel.Load(context.Text("encoder"), context.Device, context.Settings.ModelOptions);
            }

            return _model.Embed(pictures, context.Cancellation);
        }

        public void Dispose() => _model?.Dispose();
    }
}
