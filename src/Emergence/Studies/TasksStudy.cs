using Emergence.Datasets;
using Emergence.Information.Statistics;
using Emergence.Measurement.Results;
using Emergence.Pictures;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>"tasks": generated few-shot tasks; IE by shots against the accuracy of the answers by shots, across models.</summary>
internal sealed class TasksStudy : Study
{
    // An accuracy that rises by less, in percent points, has not taken off.
    private const double LeastRise = 10;

    public override string Name => "tasks";

    public override string Description =>
        $"IE by shots against accuracy by shots on generated tasks ({string.Join(", ", GeneratedTasks.All.Select(task => task.Name))})";

    public override string Title => "Do information emergence and the ability to answer take off together";

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        new("task", "NAME", "One of the tasks; by default all", IsRepeated: true),
        new("shots", "N", "Shots of a sequence", "4"),
        .. StudyOption.Measurement.Where(option => option.Name is not ("sequences" or "seeds")),
        new("sequences", "N", "How many sequences of a task at most", "64"),
        new("seeds", "N", "Trainings of each cell", "1"),
    ];

    public override StudyResult Run(StudyContext context)
    {
        var tasks = context.All("task").Count == 0 ? GeneratedTasks.All : [.. context.All("task").Select(GeneratedTasks.Find)];
        var notes = new List<string>();
        var shots = context.Models.SelectMany(model => tasks.SelectMany(task => Measure(context, model, task, notes))).ToList();
        if (shots.Count == 0)
            throw new EmergenceException($"no task fits the tokenizers: {string.Join("; ", notes)}", ExitCode.Usage);
        var takeoffs = shots.GroupBy(shot => (shot.Model, shot.Task)).Select(TakeOff.Of).ToList();
        return new StudyResult
        {
            Finding = Finding(takeoffs),
            Sentences =
            [
                .. notes,
                "A curve has taken off at the first shot that is past half of the way from its first value to its highest one; an "
                    + "accuracy that rises by less than 10 points has not.",
                "left_bits is what noise as large as the states leaves of E(T) (sigma 1): it depends on the model, E(T) itself does not.",
                "E(T) grows with every shot because the sequences hold more, whatever the model can do with them: a model that answers "
                    + "nothing right shows the same rise. Agreement of the two shots is therefore no sign that one brings about the other.",
            ],
            HeldFixed =
            [
                ("shots", $"{context.Whole("shots")}; the answer of shot s has s - 1 answered questions before it"),
                ("sequences", $"at most {context.Whole("sequences")} a task, questions differ within a sequence"),
                ("accuracy", "the most likely next token is the answer; 'among answers': the most likely one of the task's answers is"),
                ("estimator",
                    $"{context.Text("estimator")}, boundaries {context.Optional("boundaries") ?? "all"}, "
                    + $"{RunWords.Plural(context.Whole("seeds"), "seed")}"),
            ],
            Tables =
            [
                new("takeoff", "Where accuracy and E(T) take off, and their rank correlation over shots", Table(takeoffs)),
                new("shots", "By task and shot", Shots(shots), IsLong: true),
            ],
            Figures = [.. context.Models.SelectMany(model => Figures(model.Name, [.. shots.Where(shot => shot.Model == model.Name)]))],
        };
    }

    private static IEnumerable<Shot> Measure(StudyContext context, StudyModel model, GeneratedTask task, List<string> notes)
    {
        var (count, name) = (context.Whole("shots"), $"{model.Name}-{task.Name}");
        var options = new DatasetOptions { Shots = count, Sequences = context.Whole("sequences"), Seed = context.Settings.Seed };
        TemplateData made;
        try
        {
            made = TemplateSequences.Create(task.Name, ShotTemplate.Parse(task.Template), task.Rows, model.Tokenizer, options,
                fieldTokens: null);
        }
        catch (EmergenceException error) when (error.ExitCode == ExitCode.Usage)
        {
            notes.Add($"{model.Name} does not do {task.Name}: {error.Message}.");
            yield break;
        }

        var results = context.Measure(name, context.Measurement(model, task.Name) with { Shots = count }, made.Data);
        var accuracy = context.Once($"{name} accuracy", () => Accuracies(context, model, made));
        var noise = new NoiseResults(results).Means;
        foreach (var mean in results.Means.Where(mean => mean.Shot > 0))
            yield return new Shot(model.Name, task.Name, mean.Shot, mean.Bits, mean.ExactBits,
                noise.FirstOrDefault(row => row.Tokens == mean.Tokens)?.AtOne ?? Intervals.OfExact(double.NaN, double.NaN),
                100 * accuracy[2 * mean.Shot - 2], 100 * accuracy[2 * mean.Shot - 1]);
    }

    /// <summary>(2 S): at each shot, the share of sequences whose answer is the most likely token, and the most likely of the
    /// answers.</summary>
    internal static double[] Accuracies(StudyContext context, StudyModel model, TemplateData made)
    {
        using var loaded = context.Load(model);
        var data = made.Data;
        context.Say($"{model.Name}: answers to {data.Name}");
        var shares = new double[2 * (data.Length / data.ShotLength)];
        int[] before = [.. Enumerable.Range(0, data.Length / data.ShotLength)
            .Select(shot => shot * data.ShotLength + made.LabelOffset - 1)];
        Continuations.Read(loaded, data, before, (position, sequences, logits) =>
        {
            var (shot, free, among) =
                (position / data.ShotLength, Continuations.Best(logits), Continuations.Best(logits, made.LabelTokens));
            foreach (var n in sequences)
            {
                shares[2 * shot] += data[n][position + 1] == free ? 1.0 / data.Count : 0;
                shares[2 * shot + 1] += data[n][position + 1] == among ? 1.0 / data.Count : 0;
            }
        }, context.Cancellation);
        return shares;
    }

    private static Table Table(IReadOnlyList<TakeOff> takeoffs)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Text("task"), TableColumn.Number("first_percent", 1),
                TableColumn.Number("best_percent", 1), TableColumn.Integer("accuracy_takes_off"), TableColumn.Integer("e_takes_off"),
            TableColumn.Text("agree"), TableColumn.Number("rho", 2), TableColumn.Number("lo", 2), TableColumn.Number("hi", 2),
            TableColumn.Integer("left_takes_off"), TableColumn.Number("left_rho", 2));
        foreach (var row in takeoffs)
            table.Add(row.Model, row.Task, row.First, row.Best, row.Accuracy is { } shot ? shot : TableCell.Empty, row.Emergence is { } at
                ? at : TableCell.Empty, row.Accuracy == null ? "" : row.Agrees ? "yes"
                : "no", TableCell.Known(row.Rank.Rho), TableCell.Known(row.Rank.Low), TableCell.Known(row.Rank.High),
                row.Left is { } left ? left : TableCell.Empty, TableCell.Known(row.LeftRho));
        return table;
    }

    private static Table Shots(IReadOnlyList<Shot> shots)
    {
        var table = new Table(TableColumn.Text("model"), TableColumn.Text("task"), TableColumn.Integer("shot"),
            TableColumn.Number("e_bits", 3), TableColumn.Number("lo", 3), TableColumn.Number("hi", 3), TableColumn.Number("exact_bits", 3),
            TableColumn.Number("left_bits", 3), TableColumn.Number("left_lo", 3), TableColumn.Number("left_hi", 3),
            TableColumn.Number("accuracy_percent", 1), TableColumn.Number("among_answers_percent", 1));
        foreach (var shot in shots)
            table.Add(shot.Model, shot.Task, shot.Number, shot.Bits.Mean, TableCell.Known(shot.Bits.Low), TableCell.Known(shot.Bits.High),
                shot.ExactBits, TableCell.Known(shot.Left.Mean), TableCell.Known(shot.Left.Low), TableCell.Known(shot.Left.High),
                shot.Accuracy, shot.Among);
        return table;
    }

    private static IEnumerable<NamedFigure> Figures(string model, IReadOnlyList<Shot> shots)
    {
        if (shots.Count == 0)
            yield break;
        yield return new($"accuracy-{model}", "The most likely next token is the answer.",
            Chart($"{model}: right answers", "%", "%", shot => new LinePoint(shot.Number, shot.Accuracy)));
        yield return new($"e-{model}", "Mean of IE over layers at the end of each shot.", Chart($"{model}: E(T) at the end of shots",
            "E(T) [bits]", "bits", shot => new LinePoint(shot.Number, shot.Bits.Mean, shot.Bits.Low, shot.Bits.High)));

        SvgFigure Chart(string title, string caption, string unit, Func<Shot, LinePoint> point) => new LineChart
        {
            Title = title,
            YCaption = caption,
            XCaption = "shot",
            Unit = unit,
            Series = [.. shots.GroupBy(shot => shot.Task)
                .Select((group, i) => new LineSeries(group.Key, [.. group.Select(point)], i, Dashed: i >= SvgFigure.SeriesColors))],
        }.Draw();
    }

    private static string Finding(IReadOnlyList<TakeOff> takeoffs) => string.Join(" ", takeoffs.GroupBy(row => row.Model).Select(rows =>
    {
        var taken = rows.Where(row => row.Accuracy != null).ToList();
        return taken.Count == 0
            ? $"{rows.Key} answers none of {rows.Count()} tasks better with more shots, while E(T) rises in all of them."
            : $"{rows.Key}: accuracy takes off in {taken.Count} of {rows.Count()} tasks "
                + $"({string.Join(", ", taken.Select(row => $"{row.Task} at shot {row.Accuracy}"))}), and at the same shot as E(T) in "
                + $"{taken.Count(row => row.Agrees)} of them.";
    }));

    private sealed record Shot(string Model, string Task, int Number, Interval Bits, double ExactBits, Interval Left, double Accuracy,
        double Among);

    private sealed record TakeOff(string Model, string Task, double First, double Best, int? Accuracy, int? Emergence, RankCorrelation Rank,
        int? Left, double LeftRho)
    {
        public bool Agrees => Accuracy == Emergence;

        public static TakeOff Of(IEnumerable<Shot> shots)
        {
            var all = shots.ToList();
            var (accuracy, bits) = (all.Select(shot => shot.Accuracy).ToList(), all.Select(shot => shot.Bits.Mean).ToList());
            var left = all.Select(shot => shot.Left.Mean).ToList();
            return new(all[0].Model, all[0].Task, accuracy[0], accuracy.Max(), At(accuracy, LeastRise), At(bits, 0),
                RankCorrelation.Of(bits, accuracy), At(left, 0), RankCorrelation.Of(left, accuracy).Rho);
        }

        /// <summary>The first shot past half of the rise; null if the rise is too small.</summary>
        private static int? At(List<double> values, double least)
        {
            var rise = values.Max() - values[0];
            return rise > least ? values.FindIndex(value => value > values[0] + rise / 2) + 1 : null;
        }
    }
}
