using System.Globalization;
using Emergence.Information.Statistics;
using Emergence.Measurement.Results;
using Emergence.Pictures;
using Emergence.Tables;

namespace Emergence.Studies.InContext;

/// <summary>Scores of one mapping or baseline at one number of demonstrations, one a trial.</summary>
/// <param name="Mapping">Its name.</param>
/// <param name="Shots">Demonstrations.</param>
/// <param name="F1">Macro F1.</param>
/// <param name="Accuracy">Share of queries that are right.</param>
/// <param name="Own">Of the mapping by itself, on words; NaN where it has none.</param>
internal sealed record Score(string Mapping, int Shots, double[] F1, double[] Accuracy, double[] Own);

/// <summary>What was measured of one model.</summary>
internal sealed record ModelRun(
    string Model, InContextTask Task, IReadOnlyList<AnswerMapping> Mappings, IReadOnlyList<string> Notes,
    IReadOnlyList<Score> Scores, IReadOnlyList<Score> Baselines, IReadOnlyList<(string Mapping, EmergenceMean Mean)> Emergence);

/// <summary>Tables, pictures and sentences of the study of learning in context.</summary>
internal static class InContextReport
{
    private const double Surely = 0.05;

    public static StudyResult Write(StudyContext context, IReadOnlyList<ModelRun> runs)
    {
        List<NamedTable> tables =
        [
            new(
                "scores",
                "F1 by mapping and number of demonstrations: mean and SD over trials; own: how often the mapping alone is applied to "
                + "words that were not shown", Scores(runs)),
            new(
                "tests",
                "Paired t-tests of F1 between mappings at the most demonstrations, over trials; empty where all trials differ by the same",
                Tests(runs), IsLong: true),
            new("correlation", "Own score of the mapping against F1 with it, over mappings and numbers of demonstrations",
                Correlations(runs)),
        ];
        if (runs.Any(run => run.Emergence.Count > 0))
            tables.Add(
                new(
                "ie", "E(T) at the end of each shot of the same prompts, with texts cut to one length, beside F1 at so many demonstrations",
                Emergence(runs)));
        return new StudyResult
        {
            Finding = string.Join(" ", runs.Select(Finding)),
            Sentences = [.. runs.SelectMany(Sentences)],
            HeldFixed = HeldFixed(context, runs[0]),
            Tables = tables,
            Figures =
                [.. runs.SelectMany((run, i) => Figures(run, runs.Count > 1 ? $"{run.Model}: " : "", runs.Count > 1 ? $"_{i + 1}" : ""))],
        };
    }

    private static Table Scores(IReadOnlyList<ModelRun> runs)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Text("mapping"), TableColumn.Text("answers"), TableColumn.Integer("demonstrations"),
                TableColumn.Number("f1", 3), TableColumn.Number("sd_trials", 3),
            TableColumn.Number("accuracy", 3), TableColumn.Number("own_score", 3));
        foreach (var run in runs)
        {
            foreach (var score in run.Scores.Concat(run.Baselines))
            {
                var answers = run.Mappings.FirstOrDefault(mapping => mapping.Name == score.Mapping) is { } mapping
                    ? string.Join(" / ", mapping.Answers(0)) : null;
                table.Add(run.Model, score.Mapping, answers, score.Shots, score.F1.Average(), StandardDeviation.Of(score.F1),
                    score.Accuracy.Average(), TableCell.Defined(score.Own.Average()));
            }
        }

        return table;
    }

    private static Table Tests(IReadOnlyList<ModelRun> runs)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Integer("demonstrations"), TableColumn.Text("first"), TableColumn.Text("second"),
                TableColumn.Number("difference", 3), TableColumn.Number("t", 2),
            TableColumn.Integer("degrees"), TableColumn.Number("p", 4));
        foreach (var run in runs)
        {
            var last = AtMost(run.Scores).Concat(AtMost(run.Baselines)).ToList();
            for (var i = 0; i < last.Count; i++)
            {
                for (var j = i + 1; j < last.Count; j++)
                {
                    var test = PairedTest.Of(last[i].F1, last[j].F1);
                    table.Add(run.Model, last[i].Shots, last[i].Mapping, last[j].Mapping, test.Difference,
                        TableCell.Known(test.T), test.Degrees, double.IsFinite(test.T) ? test.P : TableCell.Empty);
                }
            }
        }

        return table;
    }

    private static Table Correlations(IReadOnlyList<ModelRun> runs)
    {
        var table = new Table(TableColumn.Text("model"), TableColumn.Integer("points"), TableColumn.Number("r", 3),
            TableColumn.Number("lo", 3), TableColumn.Number("hi", 3), TableColumn.Number("p", 4));
        foreach (var run in runs)
        {
            var points = Points(run);
            if (points.Count < 3)
                continue;
            var found = LinearCorrelation.Of([.. points.Select(point => point.Own.Average())],
                [.. points.Select(point => point.F1.Average())]);
            table.Add(run.Model, points.Count, found.R, TableCell.Defined(found.Low), TableCell.Defined(found.High), found.P);
        }

        return table;
    }

    private static Table Emergence(IReadOnlyList<ModelRun> runs)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Text("mapping"), TableColumn.Integer("shot"), TableColumn.Integer("tokens"),
                TableColumn.Number("e_bits", 3), TableColumn.Number("exact_bits", 3), TableColumn.Number("f1", 3));
        foreach (var run in runs)
        {
            foreach (var (mapping, mean) in run.Emergence)
            {
                var score = run.Scores.FirstOrDefault(score => score.Mapping == mapping && score.Shots == mean.Shot);
                table.Add(run.Model, mapping, mean.Shot, mean.Tokens, mean.Bits.Mean, mean.ExactBits, score == null ? TableCell.Empty
                    : score.F1.Average());
            }
        }

        return table;
    }

    private static IEnumerable<NamedFigure> Figures(ModelRun run, string prefix, string suffix)
    {
        var chains = run.Mappings.Where(mapping => mapping.Name.StartsWith("synonyms", StringComparison.Ordinal))
            .Select(mapping => mapping.Name).ToList();
        var first = run.Mappings.Select(mapping => mapping.Name).Where(name => !chains.Skip(1).Contains(name) && name != "keywords")
            .ToList();
        yield return new(
            "f1" + suffix, "Bands are one SD over trials; dashes are classifiers that see nothing but the demonstrations.",
            Chart($"{prefix}F1 by demonstrations", [.. run.Scores.Where(score => first.Contains(score.Mapping))], run.Baselines));
        List<string> second = ["vanilla", .. chains, "keywords"];
        yield return new(
            "chains" + suffix, "Labels exchanged for words that are further and further away.",
            Chart($"{prefix}F1 along chains of synonyms", [.. run.Scores.Where(score => second.Contains(score.Mapping))], []));
    }

    private static SvgFigure Chart(string title, IReadOnlyList<Score> scores, IReadOnlyList<Score> baselines)
    {
        var shots = scores.Select(score => score.Shots).Distinct().Order().ToList();
        return new LineChart
        {
            Title = title,
            YCaption = "F1, mean over classes",
            XCaption = "demonstrations",
            Unit = "",
            Series = [.. Lines(scores, false, 0), .. Lines(baselines, true, scores.Select(score => score.Mapping).Distinct().Count())],
            XLabels = [.. shots.Select((n, i) => ((double)i, FormattableString.Invariant($"{n}")))],
        }.Draw();

        IEnumerable<LineSeries> Lines(IReadOnlyList<Score> rows, bool dashed, int color) =>
            rows.GroupBy(score => score.Mapping).Select((group, i) => new LineSeries(
            group.Key, [.. group.Select(score => Point(score, dashed))], color + i, dashed));

        LinePoint Point(Score score, bool dashed)
        {
            var (mean, sd) = (score.F1.Average(), StandardDeviation.Of(score.F1));
            return dashed ? new(shots.IndexOf(score.Shots), mean) : new(shots.IndexOf(score.Shots), mean, mean - sd, mean + sd);
        }
    }

    private static string Finding(ModelRun run)
    {
        var last = AtMost(run.Scores).ToList();
        var (vanilla, best) = (last.Single(score => score.Mapping == "vanilla"), last.MaxBy(score => score.F1.Average())!);
        var others = string.Join(", ", last.Where(score => score != vanilla)
            .Select(score => $"{score.Mapping} {TableCell.Fixed(score.F1.Average(), 2)}"));
        var top = best == vanilla ? "" : $"; the best is {best.Mapping}";
        return $"{run.Model} with {vanilla.Shots} demonstrations: F1 {TableCell.Fixed(vanilla.F1.Average(), 2)} with the labels as they "
            + $"are; {others}{top}.";
    }

    private static IEnumerable<string> Sentences(ModelRun run)
    {
        var last = AtMost(run.Scores).ToList();
        var vanilla = last.Single(score => score.Mapping == "vanilla");
        var worse = last.Where(score => score != vanilla).Select(score => (score.Mapping, Test: PairedTest.Of(vanilla.F1, score.F1)))
            .Where(row => row.Test.P < Surely && double.IsFinite(row.Test.T)).ToList();
        yield return worse.Count == 0
            ? $"{run.Model}: none of the mappings differs from the labels as they are with p < {Surely} (paired t-test over "
                + $"{vanilla.F1.Length} trials, without a correction for many tests)."
            : $"{run.Model}: with p < {Surely} (paired t-tests over {vanilla.F1.Length} trials, without a correction for many tests) F1 "
                + $"differs from that with the labels as they are under "
                + $"{string.Join(", ", worse.Select(row => $"{row.Mapping} (by {TableCell.Fixed(-row.Test.Difference, 2)})"))}.";
        var chance = 1.0 / run.Task.Labels.Count;
        var baseline = AtMost(run.Baselines).MaxBy(score => score.F1.Average());
        if (baseline != null)
            yield return $"{run.Model}: the better of the classifiers that only see the demonstrations reaches "
                + $"{TableCell.Fixed(baseline.F1.Average(), 2)} ({baseline.Mapping}); guessing the {run.Task.Labels.Count} classes at "
                + $"random gives about {TableCell.Fixed(chance, 2)}, and always the same answer "
                + $"{TableCell.Fixed(2 * chance / (1 + chance) / run.Task.Labels.Count, 2)}.";
        foreach (var note in run.Notes)
            yield return $"{run.Model}: {note}.";
        if (run.Emergence.Count > 0)
            yield return AboutEmergence(run);
        yield return "Li et al. (ACL 2024, arXiv 2406.04216) find on larger models that exchanged labels are learned where the exchange "
            + "is a task that the model can do by itself, and that exchanged words of the text leave little more than a classifier on "
            + "the demonstrations has: tasks are composed from known ones, neither selected nor learned from nothing.";
    }

    /// <summary>An exchange of labels that keeps them apart changes nothing in the exact information of the prompts.</summary>
    private static string AboutEmergence(ModelRun run)
    {
        var texts = run.Mappings.Where(mapping => mapping.AltersText).Select(mapping => mapping.Name).ToHashSet();
        var last = run.Emergence.Where(row => row.Mean.Shot == run.Emergence.Max(other => other.Mean.Shot) && !texts.Contains(row.Mapping))
            .ToList();
        var (values, f1) = (last.Select(row => row.Mean.Bits.Mean).ToList(), AtMost(run.Scores)
            .Where(score => !texts.Contains(score.Mapping)).Select(score => score.F1.Average()).ToList());
        var above = last.Any(row => row.Mean.Bits.Mean > row.Mean.ExactBits)
            ? " IE by a noisy channel can lie above the exact one, as noise takes more from single tokens than from whole prompts."
            : "";
        return $"{run.Model}: between exchanges of labels, whose exact information is the same, E(T) after {last[0].Mean.Shot} shots "
            + $"differs by at most {TableCell.Fixed(values.Max() - values.Min(), 3)} bits, while F1 goes from "
            + $"{TableCell.Fixed(f1.Min(), 2)} to {TableCell.Fixed(f1.Max(), 2)}.{above}";
    }

    private static List<(string, string)> HeldFixed(StudyContext context, ModelRun run) =>
    [
        ("data",
            $"{Path.GetFileName(context.Text("data"))}, {run.Task.Examples.Count} rows to show and {run.Task.Queries.Count} to ask, of "
            + $"{context.Text("most-words")} words or fewer"),
        ("template", context.Text("template")),
        ("trials",
            $"{context.Text("trials")} of {context.Text("asked")} queries; classes as even as they can be; the same rows under every "
            + $"mapping, and more demonstrations are the fewer ones with others before them"),
        ("an answer",
            "the word of the highest next-token score among the words of the mapping; random words are drawn anew in every trial"),
        ("baselines", string.Create(CultureInfo.InvariantCulture, 
            $"logistic regression on counts of words, penalty {Baselines.CountPenalty}/2 |w|^2; least squares on the mean token "
            + $"embedding, penalty {Baselines.EmbeddingPenalty} |w|^2")),
        ("IE", context.Whole("ie-shots", 0) == 0 ? "not measured"
            : $"{context.Text("estimator")}, {context.Text("ie-shots")} shots, texts cut to {context.Text("field-tokens")} tokens"),
    ];

    private static List<Score> Points(ModelRun run) => [.. run.Scores.Where(score => score.Own.All(double.IsFinite))];

    private static IEnumerable<Score> AtMost(IReadOnlyList<Score> scores) =>
        scores.Where(score => score.Shots == scores.Max(other => other.Shots));
}
