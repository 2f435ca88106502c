using Emergence.Devices;
using Emergence.Pictures;

namespace Emergence.Studies.Skills;

/// <summary>The pictures of the study of skills.</summary>
internal sealed class SkillsPictures(SkillsReport report, ScalingLaw law)
{
    private const double MostBeta = 8;
    private const int Points = 29;
    private const int MostCurves = 6;

    public IReadOnlyList<NamedFigure> All()
    {
        List<NamedFigure> figures =
        [
            new(
                "bound",
                "Below its curve nothing is promised: a share alpha of the skills may meet the failed texts more than beta times as "
                + "often as a text does. Curves end where no share is promised.", Curves()),
            new(
                "graph",
                "Solid: how much of what the failed texts use lies in a share alpha of the skills, for the worst texts a local search "
                + "finds in a random graph. Dashed: what the bound allows; evenly spread failures have beta 1.", Graph()),
            new("tuples", "Solid: by the exponent of the law. Dashed: by the rule that ten times the data halve the excess.", Tuples()),
        ];
        if (report.Fit != null)
            figures.Add(new("law", "Points are trainings, one colour for each N; dashes are the fitted law.", Law(report.Fit)));
        return figures;
    }

    private SvgFigure Curves() => new LineChart
    {
        Title = FormattableString.Invariant($"Share of skills without a promise, theta {report.Theta}"),
        YCaption = "alpha",
        XCaption = "beta",
        Unit = "",
        Series =
        [
            .. report.SkillsPerText.Select((k, color) => new LineSeries(
                FormattableString.Invariant($"k = {k}"), [.. Enumerable.Range(1, Points).Select(i => 1 + i * (MostBeta - 1) / Points)
                    .Select(beta => new LinePoint(beta, new SkillBound(report.Theta, k).Alpha(beta)))], color)),
        ],
    }.Draw();

    private SvgFigure Graph() => new LineChart
    {
        Title = "Worst texts in a random graph",
        YCaption = "beta alpha: share of the failed texts' skills",
        XCaption = "alpha: share of the skills",
        Unit = "",
        XLabels = [.. SkillsReport.Alphas.Select((alpha, i) => ((double)i, FormattableString.Invariant($"{alpha}")))],
        Series =
        [
            .. report.Worst.GroupBy(worst => worst.SkillsPerText).SelectMany((group, color) => new[]
            {
                new LineSeries(FormattableString.Invariant($"k = {group.Key}, found"),
                    [.. group.Select((worst, i) => new LinePoint(i, worst.Alpha * worst.Beta))], color),
                new LineSeries(FormattableString.Invariant($"k = {group.Key}, bound"),
                    [.. group.Select((worst, i) => new LinePoint(i, worst.Alpha * report.FiniteBeta(worst)))], color, Dashed: true),
            }),
        ],
    }.Draw();

    private SvgFigure Tuples()
    {
        var steps = (int)Math.Floor(Math.Log10(report.Tokens.After / report.Tokens.Before) + 1e-9) + 1;
        var tokens = Enumerable.Range(0, steps).Select(i => report.Tokens.Before * Math.Pow(10, i)).ToList();
        return new LineChart
        {
            Title = "Tuples of skills that a larger model reaches",
            YCaption = "t",
            XCaption = "training tokens",
            Unit = "",
            XLabels = [.. tokens.Select((d, i) => ((double)i, FormattableString.Invariant($"{d:0.#e+0}")))],
            Series =
            [
                new("by the exponent", [.. tokens.Select((d, i) => Tuple(i, d))], 0),
                new("by halves", [.. tokens.Select((d, i) => new LinePoint(i, SkillTuples.ByHalves(report.Tokens.Before, d)))], 1,
                    Dashed: true),
            ],
        }.Draw();
    }

    private LinePoint Tuple(int i, double tokens)
    {
        var t = SkillTuples.ByExponent(report.Tokens.Before, tokens, law.DataExponent);
        if (report.Resampled.Count == 0)
            return new(i, t);
        var (low, high) = ScalingFit.Interval(report.Resampled, other =>
            SkillTuples.ByExponent(report.Tokens.Before, tokens, other.DataExponent));
        return new(i, t, low, high);
    }

    private SvgFigure Law(ScalingFit fit)
    {
        var tokens = fit.Runs.Select(run => run.Tokens).Distinct().Order().ToList();
        var sizes = fit.Runs.Select(run => run.Parameters).Distinct().Order().ToList();
        var every = Ceiling.Of(sizes.Count, MostCurves);
        var shown = sizes.Where((_, i) => i % every == 0).ToList();
        return new LineChart
        {
            Title = "Excess over the floor A by data",
            YCaption = "L - A [nats a token]",
            XCaption = "training tokens",
            Unit = "nats",
            XLabels = [.. tokens.Select((d, i) => ((double)i, FormattableString.Invariant($"{d:0.##e+0}")))],
            Series =
            [
                .. shown.SelectMany((n, color) => new[]
                {
                    new LineSeries(FormattableString.Invariant($"N = {n:0.##e+0}"), [.. fit.Runs.Where(run => run.Parameters == n)
                        .OrderBy(run => run.Tokens).Select(run => new LinePoint(tokens.IndexOf(run.Tokens), run.Loss - law.Floor))], color),
                    new LineSeries("law", [.. tokens.Select((d, i) => new LinePoint(i, law.Excess(n, d)))], color,
                        Dashed: true) { InLegend = false },
                }),
            ],
        }.Draw();
    }
}
