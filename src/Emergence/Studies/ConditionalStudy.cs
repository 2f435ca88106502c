using Emergence.Information;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Settings;
using Emergence.Models;
using Emergence.Pictures;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>
/// "conditional": I(h_(l+1)^ma ; h_l^ma | h_l^mi), what a layer passes on about the prefix beyond what its last token
/// says alone: exact by classes, and by the chain rule as a difference of two s-mine estimates.
/// </summary>
internal sealed class ConditionalStudy : Study
{
    public override string Name => "conditional";

    public override string Description => "information of the macro representation given the micro one, exact and by the chain rule";

    public override string Title => "What a layer passes on beyond its own token";

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        .. StudyOption.Data,
        new("shots", "N", "Words of a sequence of a word list, or shots of a template", "2"),
        new("window", "N", "Tokens of a text window", "8"),
        new("positions", "LIST", "Tokens of a sequence, from 0; by default all"),
        .. StudyOption.Measurement.Where(option => option.Name != "estimator"),
    ];

    public override StudyResult Run(StudyContext context)
    {
        var values = context.Models.SelectMany(model => Measure(context, model)).ToList();
        return new StudyResult
        {
            Finding = string.Join(" ", values.GroupBy(value => value.Model).Select(Finding)),
            Sentences =
            [
                "Boundary 0 knows only its own token, so nothing can be passed on beyond it there. Further up the exact value is "
                    + "H(prefix given its last token) wherever a model keeps prefixes apart: a property of the data.",
                "s-mine cannot exceed the exact value of either term, so the difference of two of them can miss on both sides; the "
                    + "bracket is what they prove together with the exact terms: from s-mine(x,z) - exact(z) to exact(x,z) - s-mine(z).",
                Shortfall(values),
            ],
            HeldFixed =
            [
                ("data", $"{context.Text("data")}, the same sequences for both terms"),
                ("given", "z is boundary l of the last token alone, at position 0"),
                ("estimator", $"s-mine, {RunWords.Plural(context.Whole("seeds"), "seed")}; input of the first term is (x, z) side by side"),
            ],
            Tables = [new("conditional", "I(y; x | z) in bits, its bracket, and the two terms (x,z) and z", Table(values))],
            Figures = [.. values.GroupBy(value => value.Model)
                .Select(group => new NamedFigure($"map-{group.Key}",
                "Layers go up, tokens to the right: bits about the prefix that the last token alone does not say.", Map([.. group]))),
                new("curve", "Mean over positions: exact in dashes, s-mine with the mean of its brackets.", Curve(values))],
        };
    }

    private static IEnumerable<Conditional> Measure(StudyContext context, StudyModel model)
    {
        var settings = context.Measurement(model, estimator: "s-mine")
            with { Shots = context.Whole("shots"), Window = context.Whole("window"), Positions = context.Optional("positions") };
        using var plan = new MeasurementPlan(settings);
        var places = plan.Grid.Boundaries.SelectMany(l => plan.Grid.Positions.Select(t => (l, t))).ToList();
        string Key(int l, int t, string what) => $"{model.Name} l={l} t={t} {what}";
        bool IsDone((int L, int T) place) => context.Knows(Key(place.L, place.T, "exact")) && plan.Grid.Seeds.All(seed =>
            context.Knows(Key(place.L, place.T, $"whole {seed}")) && context.Knows(Key(place.L, place.T, $"alone {seed}")));
        if (places.Any(place => !IsDone(place)))
        {
            using var loaded = context.Load(model);
            var keys = new Dictionary<EstimationRequest, string>(ReferenceEqualityComparer.Instance);
            using var batch = new EstimationBatch(context.Device, context.Device.TrainingsAtOnce);
            batch.Run(Requests(loaded, keys), (request, value) => context.Once(keys[request], () => [value.MiBits]), context.Cancellation);

            IEnumerable<EstimationRequest> Requests(LanguageModel from, Dictionary<EstimationRequest, string> waiting)
            {
                var left = places.Where(place => !IsDone(place)).Select(place => place.l).ToHashSet();
                foreach (var joint in ConditionalJoints.Of(from, plan.Data, left, plan.Grid.Positions, context.Cancellation))
                {
                    context.Say($"{model.Name} boundary {joint.Boundary}, position {joint.Position}");
                    context.Once(Key(joint.Boundary, joint.Position, "exact"), () => [joint.Whole.Bits, joint.Alone.Bits]);
                    foreach (var (what, term, stream) in new[] { ("whole", joint.Whole, 0u), ("alone", joint.Alone, 1u) })
                    {
                        foreach (var seed in plan.Grid.Seeds.Where(seed =>
                            !context.Knows(Key(joint.Boundary, joint.Position, $"{what} {seed}"))))
                        {
                            var request = new EstimationRequest(plan.Estimator, term, plan.Preset, seed,
                                2 * (uint)(joint.Boundary * plan.Data.Length + joint.Position) + stream);
                            waiting.Add(request, Key(joint.Boundary, joint.Position, $"{what} {seed}"));
                            yield return request;
                        }
                    }
                }
            }
        }

        foreach (var (l, t) in places)
        {
            var exact = context.Once(Key(l, t, "exact"), () => throw new InvalidOperationException("measured above"));
            double[] Seeds(string what) =>
                [.. plan.Grid.Seeds.Select(seed =>
                context.Once(Key(l, t, $"{what} {seed}"), () => throw new InvalidOperationException("measured above"))[0])];
            yield return new Conditional(model.Name, l, t, plan.Data.Labels[t], exact[0], exact[1], Seeds("whole"), Seeds("alone"));
        }
    }

    private static Table Table(IReadOnlyList<Conditional> values)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Integer("boundary"), TableColumn.Integer("position"), TableColumn.Text("token"),
                TableColumn.Number("exact_bits", 3), TableColumn.Number("s_mine_bits", 3), TableColumn.Number("from", 3),
                TableColumn.Number("to", 3),
            TableColumn.Number("exact_xz_bits", 3), TableColumn.Number("s_mine_xz_bits", 3), TableColumn.Number("exact_z_bits", 3),
                TableColumn.Number("s_mine_z_bits", 3));
        foreach (var value in values)
            table.Add(value.Model, value.Boundary, value.Position, value.Token, value.ExactBits, value.Bits, value.From, value.To,
                value.ExactWhole, value.Whole.Average(), value.ExactAlone, value.Alone.Average());
        return table;
    }

    private static SvgFigure Map(IReadOnlyList<Conditional> values)
    {
        var (layers, positions) =
            (values.Select(value => value.Boundary).Distinct().ToList(), values.Select(value => value.Position).Distinct().ToList());
        var cells = new HeatmapCell[layers.Count, positions.Count];
        foreach (var value in values)
        {
            cells[layers.IndexOf(value.Boundary), positions.IndexOf(value.Position)] = new(
                value.Bits, value.Bits < value.ExactBits - 0.02 ? CellMark.Dot : CellMark.None,
                $"layer {value.Boundary}, {value.Token}: s-mine {TableCell.Fixed(value.Bits, 3)}, proven "
                    + $"{TableCell.Fixed(value.From, 3)} to {TableCell.Fixed(value.To, 3)}, exact {TableCell.Fixed(value.ExactBits, 3)} "
                    + $"bits");
        }

        return new Heatmap
        {
            Title = $"{values[0].Model}: macro given micro, s-mine",
            Unit = "bits",
            Digits = 2,
            Rows = [.. layers.Select(layer => FormattableString.Invariant($"{layer}"))],
            Columns = [.. positions.Select(t => Labels.Token(values.First(value => value.Position == t).Token))],
            Cells = cells,
            Legend = [(CellMark.Dot, "more than 0.02 bit below exact")],
        }.Draw();
    }

    private static SvgFigure Curve(IReadOnlyList<Conditional> values)
    {
        var series = new List<LineSeries>();
        foreach (var (color, group) in values.GroupBy(value => value.Model).Index())
        {
            var layers = group.GroupBy(value => value.Boundary).ToList();
            series.Add(
                new(
                group.Key,
                [.. layers.Select(at => new LinePoint(at.Key, at.Average(value => value.Bits), at.Average(value => value.From),
                at.Average(value => value.To)))], color));
            series.Add(new($"exact, {group.Key}", [.. layers.Select(at => new LinePoint(at.Key, at.Average(value => value.ExactBits)))],
                color, Dashed: true));
        }

        return new LineChart
        {
            Title = "Macro given micro by layer",
            YCaption = "bits",
            XCaption = "layer",
            Unit = "bits",
            Series = series,
        }.Draw();
    }

    private static string Finding(IGrouping<string, Conditional> values)
    {
        var most = values.MaxBy(value => value.ExactBits)!;
        return $"In {values.Key}, layers pass on up to {TableCell.Fixed(most.ExactBits, 2)} bits about the prefix that the last token "
            + $"does not say ({most.Token}, layer {most.Boundary}); the chain rule of two estimates reads "
            + $"{TableCell.Fixed(most.Bits, 2)} there, and proves {TableCell.Fixed(most.From, 2)} to {TableCell.Fixed(most.To, 2)}.";
    }

    private static string Shortfall(IReadOnlyList<Conditional> values)
    {
        var worst = values.MaxBy(value => Math.Abs(value.ExactBits - value.Bits))!;
        return $"The chain rule misses the exact value most in {worst.Model} at layer {worst.Boundary}, {worst.Token}: "
            + $"{TableCell.Fixed(worst.Bits, 2)} instead of {TableCell.Fixed(worst.ExactBits, 2)} bits.";
    }

    /// <summary>Exact terms in bits, and s-mine of both by seed.</summary>
    private sealed record Conditional(string Model, int Boundary, int Position, string Token, double ExactWhole, double ExactAlone,
        double[] Whole, double[] Alone)
    {
        public double ExactBits => ExactWhole - ExactAlone;

        public double Bits => Whole.Zip(Alone, (whole, alone) => whole - alone).Average();

        /// <summary>Every seed is a lower bound of its term: the best one counts. Information given something is never below 0.</summary>
        public double From => Math.Max(0, Whole.Max() - ExactAlone);

        public double To => ExactWhole - Alone.Max();
    }
}
