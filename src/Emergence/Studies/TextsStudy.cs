using Emergence.Datasets;
using Emergence.Information;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Settings;
using Emergence.Messages;
using Emergence.Models;
using Emergence.Pictures;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>
/// "texts": two or more text files through one small model. Only the texts are needed, so that closed models can be
/// compared; the difference of IE is taken at equal n, by subsampling without replacement.
/// </summary>
internal sealed class TextsStudy : Study
{
    private const double Inside = 0.95;

    public override string Name => "texts";

    public override string Description =>
        "IE by token of two or more text files, at equal numbers of texts; how many texts tell them apart";

    public override string Title => "What tells texts apart: information emergence by origin";

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        new(
            "text", "FILE",
            "A text (.txt one paragraph a line, .csv or .jsonl with \"text\"); two or more, the first is compared with each",
            Kind: StudyOptionKind.File, IsRepeated: true),
        new("window", "N", "Tokens after a full stop", "8"),
        new("sizes", "LIST", "Numbers of texts to compare at; by default 1/16, 1/8, 1/4 and 1/2 of the smaller file's windows"),
        new("draws", "N", "Subsamples of each text and size", "200"),
        new("beside", "LIST", "Estimators shown beside exact at the largest size", "noisy-channel,s-mine"),
        .. StudyOption.Measurement.Where(option => option.Name is "sequences" or "preset" or "boundaries"),
        new("seeds", "N", "Trainings of each cell", "1"),
    ];

    public override StudyResult Run(StudyContext context)
    {
        var (paths, model) = (context.All("text"), context.Models[0]);
        if (paths.Count < 2)
            throw new EmergenceException($"study {Name} compares texts: expected --text twice or more, found {paths.Count}",
                ExitCode.Usage);
        if (context.Models.Count > 1)
            throw new EmergenceException($"study {Name} reads all texts with one model: expected one --model, found {context.Models.Count}",
                ExitCode.Usage);
        var names = Names(paths);
        var data = paths.Select(path =>
            Windows(context, model, path, context.Optional("sequences") == null ? int.MaxValue : context.Whole("sequences"))).ToList();
        var sizes = Sizes(context, [.. data.Select(set => set.Count)]);
        var draws = Draws(context, model, names, data, sizes);
        var comparisons = sizes.SelectMany(size => names.Skip(1).SelectMany(other => Compare(names[0], other, size, draws))).ToList();
        var (beside, throughNoise) = Beside(context, model, paths, names, sizes[^1]);
        return new StudyResult
        {
            Finding = Finding(comparisons, names, sizes),
            Sentences = [.. throughNoise, .. Sentences(comparisons, data, names, sizes)],
            HeldFixed =
            [
                ("model", model.Reference),
                ("texts", string.Join("; ",
                    names.Zip(data, (name, set) => $"{name}: {set.Count} windows of {set.Length} tokens after a full stop"))),
                ("statistic",
                    $"exact E(T), mean over boundaries {context.Optional("boundaries") ?? "(all)"}, of n windows drawn without "
                    + $"replacement; {context.Whole("draws")} draws a text, draws of the two texts independent"),
                ("interval",
                    "the middle 95 % of the differences of those draws; at n = N/2 a draw without replacement spreads 0.71 times as much "
                    + "as a fresh text would"),
            ],
            Tables =
            [
                new("differences", $"E(T) of {names[0]} and of the others at equal n", Table(comparisons)),
                new("beside", $"E(T) by other estimators, n = {sizes[^1]}; where positions are saturated only these can still differ",
                    beside),
                new(
                    "published",
                    $"IE by token of texts by origin, as published (Table 2; {Published.Source}), 300,000 texts: values above 18.19 bits "
                    + $"are not information of that sample", PublishedTexts.Table()),
            ],
            Figures =
            [
                new(
                    "e",
                    $"Mean of {context.Whole("draws")} subsamples of {sizes[^1]} windows, with the middle 95 %. Past the vertical line "
                    + $"more than half of the windows have a prefix of their own, and exact IE says more about n than about the text.",
                    ByToken(comparisons, sizes[^1], names)),
                new(
                    "auc",
                    "How often one subsample tells the texts apart in the right direction, or in the other one: 0.5 is never, 0 and 1 "
                    + "are always.", Separation(comparisons, names)),
            ],
        };
    }

    private static Dataset Windows(StudyContext context, StudyModel model, string path, int most) =>
        TextWindows.Create(path, model.Tokenizer,
            new DatasetOptions { Window = context.Whole("window"), Sequences = most, Seed = context.Settings.Seed });

    private static List<string> Names(IReadOnlyList<string> paths)
    {
        var names = paths.Select(path => Path.GetFileNameWithoutExtension(path)).ToList();
        return names.Distinct().Count() == names.Count ? names : throw new EmergenceException(
            $"two texts are named '{names.GroupBy(name => name).First(group => group.Count() > 1).Key}': rename one file", ExitCode.Usage);
    }

    private static List<int> Sizes(StudyContext context, IReadOnlyList<int> counts)
    {
        var least = counts.Min();
        var list = context.Optional("sizes") ?? string.Join(',', new[] { 16, 8, 4, 2 }.Select(part => least / part).Distinct());
        return [.. NumberList.ParseWhole("--sizes", list, values =>
            values.All(size => size >= 2 && size <= least), $"whole numbers from 2 to {least}, the windows of the smaller text").Order()];
    }

    /// <summary>(draw, T) of each text and size: E(T), then the number of distinct prefixes.</summary>
    private static Dictionary<(string Text, int Size), (double[] Bits, double[] Prefixes)[]> Draws(
        StudyContext context, StudyModel model, IReadOnlyList<string> names, IReadOnlyList<Dataset> data, IReadOnlyList<int> sizes)
    {
        var layers = ModelConfig.Read(model.Folder).Layers;
        var boundaries = new CellGrid(layers, 1, EstimatorTable.Find("exact"), context.Optional("boundaries"), null, 1, 1).Boundaries;
        var (draws, all) = (context.Whole("draws", 2), new Dictionary<(string, int), (double[], double[])[]>());
        foreach (var (index, name) in names.Index())
        {
            ExactEmergence? exact = null;
            foreach (var size in sizes)
            {
                var values = context.Once($"{name} n={size}", () =>
                {
                    context.Say($"{name}: {draws} subsamples of {size} of {data[index].Count} windows");
                    exact ??= Classes(context, model, data[index], boundaries);
                    return [.. Enumerable.Range(0, draws).SelectMany(draw =>
                        Flat(exact, Subsampling.Draw(data[index].Count, size, context.Settings.Seed + (ulong)index, (uint)draw)))];
                });
                all[(name, size)] = [.. values.Chunk(2 * data[index].Length)
                    .Select(draw => (draw[..data[index].Length], draw[data[index].Length..]))];
            }
        }

        return all;
    }

    private static ExactEmergence Classes(StudyContext context, StudyModel model, Dataset data, IReadOnlyList<int> boundaries)
    {
        using var loaded = context.Load(model);
        return ExactEmergence.Of(loaded, data, boundaries, context.Cancellation);
    }

    private static IEnumerable<double> Flat(ExactEmergence exact, int[] sequences)
    {
        var (bits, prefixes) = exact.Mean(sequences);
        return [.. bits, .. prefixes.Select(count => (double)count)];
    }

    private static IEnumerable<Comparison> Compare(string first, string other, int size,
        Dictionary<(string Text, int Size), (double[] Bits, double[] Prefixes)[]> draws)
    {
        var (a, b) = (draws[(first, size)], draws[(other, size)]);
        for (var t = 0; t < a[0].Bits.Length; t++)
        {
            var (ofA, ofB) = (a.Select(draw => draw.Bits[t]).ToList(), b.Select(draw => draw.Bits[t]).ToList());
            var differences = ofA.SelectMany(left => ofB.Select(right => left - right)).ToList();
            yield return new Comparison(other, size, t + 1, Spread.Of(ofA), Spread.Of(ofB), Spread.Of(differences),
                Subsampling.AreaUnderCurve(ofA, ofB), a.Average(draw => draw.Prefixes[t]), b.Average(draw => draw.Prefixes[t]));
        }
    }

    private static Table Table(IReadOnlyList<Comparison> comparisons)
    {
        var table = new Table(
            TableColumn.Text("with"), TableColumn.Integer("n"), TableColumn.Integer("tokens"), TableColumn.Number("first_bits", 3),
                TableColumn.Number("other_bits", 3), TableColumn.Number("difference_bits", 3), TableColumn.Number("lo", 3),
                TableColumn.Number("hi", 3),
            TableColumn.Number("auc", 3), TableColumn.Number("first_k", 0), TableColumn.Number("other_k", 0),
                TableColumn.Text("saturated"));
        foreach (var row in comparisons)
            table.Add(row.Other, row.Size, row.Tokens, row.First.Mean, row.Second.Mean, row.Difference.Mean, row.Difference.Low,
                row.Difference.High, row.Area, row.FirstPrefixes, row.OtherPrefixes, row.IsSaturated ? "yes" : "no");
        return table;
    }

    /// <summary>E(T) by other estimators, and what the noisy channel among them says of the texts.</summary>
    private static (Table Table, List<string> Words) Beside(StudyContext context, StudyModel model, IReadOnlyList<string> paths,
        IReadOnlyList<string> names, int size)
    {
        var (words, left) = (new List<string>(), new List<(string Name, RunResults Run)>());
        var table = new Table(TableColumn.Text("text"), TableColumn.Text("estimator"), TableColumn.Integer("tokens"),
            TableColumn.Number("e_bits", 3), TableColumn.Number("lo", 3), TableColumn.Number("hi", 3), TableColumn.Number("exact_bits", 3));
        foreach (var estimator in context.Text("beside").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var (path, name) in paths.Zip(names))
            {
                var settings = new MeasurementSettings
                {
                    Model = model.Reference, Data = path, Window = context.Whole("window"), Sequences = size,
                        Boundaries = context.Optional("boundaries"), Estimator = estimator, Preset = context.Optional("preset"),
                        Seeds = context.Whole("seeds"), Seed = context.Settings.Seed,
                    Device = context.Settings.Device, DeviceOptions = context.Settings.DeviceOptions,
                        ModelOptions = context.Settings.ModelOptions, Command = context.Command,
                };
                var run = context.Measure($"{name}-{estimator}", settings, Windows(context, model, path, size));
                if (estimator == NoisyChannel.EstimatorName)
                    left.Add((name, run));
                foreach (var mean in run.Means)
                    table.Add(name, estimator, mean.Tokens, mean.Bits.Mean, TableCell.Known(mean.Bits.Low), TableCell.Known(mean.Bits.High),
                        mean.ExactBits);
            }
        }

        foreach (var (name, run) in left.Skip(1))
        {
            if (RunComparison.Of(left[0].Run, run) is [.., var last])
                words.Add($"With noise as large as the states, E({last.Tokens}) of {left[0].Name} is "
                    + $"{TableCell.Fixed(last.First.Mean, 2)} bits and of {name} {TableCell.Fixed(last.Second.Mean, 2)}, at n = {size}: "
                        + $"{Word(last.Verdict)}.");
        }

        return (table, words);
    }

    private static string Word(ComparisonVerdict verdict) => verdict == ComparisonVerdict.CannotTell
        ? "the interval of the difference holds 0" : $"the first is {(verdict == ComparisonVerdict.Same ? "the same" : verdict.Word())}";

    private static SvgFigure ByToken(IReadOnlyList<Comparison> comparisons, int size, IReadOnlyList<string> names)
    {
        var largest = comparisons.Where(row => row.Size == size).ToList();
        var first = largest.Where(row => row.Other == names[1]).ToList();
        List<LineSeries> series = [new(names[0], [.. first.Select(row => Point(row.Tokens, row.First))], 0)];
        series.AddRange(names.Skip(1).Select((other, i) =>
            new LineSeries(other, [.. largest.Where(row => row.Other == other).Select(row => Point(row.Tokens, row.Second))], i + 1)));
        var saturated = largest.Where(row => row.IsSaturated).Select(row => row.Tokens).DefaultIfEmpty(0).Min();
        return new LineChart
        {
            Title = $"E(T) by origin, n = {size}",
            YCaption = "E(T) [bits]",
            XCaption = "T, tokens after a full stop",
            Unit = "bits",
            Series = series,
            Borders = saturated > 1 ? [(saturated - 0.5, "saturated \u2192")] : [],
        }.Draw();
    }

    private static SvgFigure Separation(IReadOnlyList<Comparison> comparisons, IReadOnlyList<string> names)
    {
        var sizes = comparisons.Select(row => row.Size).Distinct().Order().ToList();
        var tokens = comparisons.Select(row => row.Tokens).Distinct().Order().ToList();
        var shown = tokens.Where(t => t is 1 or 2 or 4 || t == tokens[^1]).ToList();
        var series = names.Skip(1).SelectMany((other, o) => shown.Select((t, i) => new LineSeries(
            names.Count > 2 ? $"{other}, T = {t}" : $"T = {t}",
            [.. comparisons.Where(row => row.Other == other && row.Tokens == t).OrderBy(row => row.Size)
                .Select(row => new LinePoint(sizes.IndexOf(row.Size), row.Area))], o * shown.Count + i))).ToList();
        return new LineChart
        {
            Title = $"Telling {names[0]} from {string.Join(", ", names.Skip(1))}",
            YCaption = "AUC of E(T)",
            XCaption = "texts of each origin",
            Unit = "",
            Series = series,
            XLabels = [.. sizes.Select((size, i) => ((double)i, FormattableString.Invariant($"{size}")))],
        }.Draw();
    }

    private static string Finding(IReadOnlyList<Comparison> comparisons, IReadOnlyList<string> names, IReadOnlyList<int> sizes) =>
        string.Join(" ", names.Skip(1).Select(other =>
    {
        var apart = comparisons.Where(row => row.Other == other && Math.Max(row.Area, 1 - row.Area) >= Inside && !row.IsSaturated).ToList();
        if (apart.Count == 0)
            return $"{names[0]} and {other} cannot be told apart by E(T) with up to {sizes[^1]} texts each at positions that are not "
                + $"saturated.";
        var (least, best) = (apart.Min(row => row.Size), apart.Where(row => row.Size == apart.Min(r => r.Size))
            .MaxBy(row => Math.Abs(row.Area - 0.5))!);
        return $"{least} texts of each origin tell {names[0]} from {other} (AUC {TableCell.Fixed(Math.Max(best.Area, 1 - best.Area), 2)} "
            + $"at T = {best.Tokens}): E(T) of {names[0]} is {TableCell.Fixed(Math.Abs(best.Difference.Mean), 2)} bits "
            + $"{(best.Difference.Mean > 0 ? "higher" : "lower")}.";
    }));

    private static List<string> Sentences(
        IReadOnlyList<Comparison> comparisons, IReadOnlyList<Dataset> data, IReadOnlyList<string> names, IReadOnlyList<int> sizes)
    {
        var saturated = comparisons.Where(row => row.Size == sizes[^1] && row.IsSaturated).Select(row => row.Tokens).Distinct().Order()
            .ToList();
        List<string> sentences =
        [
            saturated.Count > 0
                ? $"At n = {sizes[^1]}, positions T = {string.Join(", ", saturated)} are saturated: more than half of the windows have a "
                    + $"prefix of their own, exact E(T) is near log2 n for any text, and a difference there says little. The noisy "
                    + $"channel and s-mine are in the table beside."
                : $"At n = {sizes[^1]} no position is saturated.",
            "E(1) is 0 for every text by definition: the whole is the token. The first position says how varied the beginnings of "
                + "sentences are only through later ones.",
        ];
        if (data.Select(set => set.Count).Min() < 1_000)
            sentences.Add(
                $"The smaller file has {data.Min(set => set.Count)} windows: a verdict on a kind of text needs more, and files of the "
                + $"same subject and register.");
        sentences.Add(
            $"A difference between {names[0]} and another file is one between these files: subject, register and clean-up differ too, "
            + $"and nothing here says which of them it is.");
        return sentences;
    }

    private static LinePoint Point(int x, Spread spread) => new(x, spread.Mean, spread.Low, spread.High);

    private sealed record Comparison(string Other, int Size, int Tokens, Spread First, Spread Second, Spread Difference, double Area,
        double FirstPrefixes, double OtherPrefixes)
    {
        /// <summary>In the mean over draws more than half of the texts of either origin have a prefix of their own.</summary>
        public bool IsSaturated => Math.Max(FirstPrefixes, OtherPrefixes) > Size / 2.0;
    }

    private readonly record struct Spread(double Mean, double Low, double High)
    {
        public static Spread Of(List<double> values)
        {
            var sorted = values.Order().ToList();
            return new(values.Average(), Subsampling.Quantile(sorted, (1 - Inside) / 2), Subsampling.Quantile(sorted, (1 + Inside) / 2));
        }
    }
}
