using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Models;
using Emergence.Pictures;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>
/// "routing": where the routers of a mixture of experts send the tokens of a data set, and what that depends on: the token
/// or its position. All of it is counted, nothing estimated; IE of the same layer stands beside it.
/// </summary>
internal sealed class RoutingStudy : Study
{
    public override string Name => "routing";

    public override string Description => "which experts rows are sent to, by token and by position, beside information emergence";

    public override string Title => "What the routers of a mixture of experts go by";

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        .. StudyOption.Data,
        new("shots", "N", "Words of a sequence of a word list, or shots of a template", "3"),
        new("window", "N", "Tokens of a text window", "8"),
        .. StudyOption.Measurement.Where(option => option.Name is "sequences" or "preset"),
        new("estimator", "NAME", "Of information emergence", "exact"),
        new("seeds", "N", "Trainings of each cell", "1"),
    ];

    public override StudyResult Run(StudyContext context)
    {
        foreach (var model in context.Models)
            RoutingRun.RequireExperts(ModelConfig.Read(model.Folder));
        var layers = context.Models.SelectMany(model => Read(context, model)).ToList();
        return new StudyResult
        {
            Finding = string.Join(" ", layers.GroupBy(layer => layer.Model).Select(Finding)),
            Sentences =
            [
                "Every token of every sequence counts alike, and so does each of the experts it is sent to. Both kinds of information are "
                + "sums over counts of these data: exact for them, and too high for the language at large where tokens are rare.",
                "I(expert; token) near the entropy of the routing says that a router goes by the token alone; where it is lower, the rest "
                + "of the entropy is context. Where the data have the same tokens at the same positions, the two kinds cannot be told "
                + "apart.",
            ],
            HeldFixed =
            [
                ("data", $"{context.Text("data")}, whole sequences with causal attention"),
                ("routing", "as the model routes: its own number of experts a row, ties to the lower expert"),
                ("emergence", $"IE(l, T) of the layer at the last token, estimator {context.Text("estimator")}"),
            ],
            Tables = [new("layers", "Routing of every layer that has experts", RoutingReport.Table(Rows(layers))),
                new("experts", "Share of rows of every expert, in percent", Experts(layers), IsLong: true)],
            Figures = [.. layers.GroupBy(layer => layer.Model).SelectMany(group => Figures(group.Key, [.. group]))],
        };
    }

    private static IEnumerable<RoutedLayer> Read(StudyContext context, StudyModel model)
    {
        var settings = context.Measurement(model) with { Shots = context.Whole("shots"), Window = context.Whole("window") };
        var layers = RoutingRun.Layers(ModelConfig.Read(model.Folder));
        string Key(int layer) => $"{model.Name} layer {layer}";
        if (layers.Any(layer => !context.Knows(Key(layer))))
        {
            var data = StudyContext.Sequences(settings);
            using var loaded = context.Load(model);
            foreach (var layer in new RoutingRun(loaded, data).Run(context.Cancellation))
            {
                context.Say($"{model.Name} layer {layer.Layer}");
                context.Once(Key(layer.Layer), () => [layer.EntropyBits, layer.TokenBits, layer.PositionBits, .. layer.Shares]);
            }
        }

        var emergence = RoutingReport.LastEmergence(context.Measure(model.Name, settings));
        foreach (var layer in layers)
        {
            var values = context.Once(Key(layer), () => throw new InvalidOperationException("read above"));
            yield return new(model.Name, new(layer, values[3..], values[0], values[1], values[2]),
                emergence.GetValueOrDefault(layer, double.NaN));
        }
    }

    private static IEnumerable<(string Model, LayerRouting Layer, double EmergenceBits)> Rows(IEnumerable<RoutedLayer> layers) =>
        layers.Select(layer => (layer.Model, layer.Routing, layer.EmergenceBits));

    private static Table Experts(IReadOnlyList<RoutedLayer> layers)
    {
        var table = new Table(TableColumn.Text("model"), TableColumn.Integer("layer"), TableColumn.Integer("expert"),
            TableColumn.Number("share_percent", 2));
        foreach (var (model, routing, _) in layers)
        {
            for (var e = 0; e < routing.Shares.Count; e++)
                table.Add(model, routing.Layer, e, 100 * routing.Shares[e]);
        }

        return table;
    }

    private static IEnumerable<NamedFigure> Figures(string model, IReadOnlyList<RoutedLayer> layers)
    {
        yield return new($"map-{model}",
            "Layers go up, experts to the right: percent of what is sent. A row of one colour is a router that "
            + "uses all experts alike.", Map(model, layers));
        yield return new($"curve-{model}", "The entropy of the routing, and how much of it the token and the position account for; dashed "
            + "the information emergence of the same layer.", Curve(model, layers));
    }

    private static SvgFigure Map(string model, IReadOnlyList<RoutedLayer> layers)
    {
        var experts = layers.Max(layer => layer.Routing.Shares.Count);
        var cells = new HeatmapCell[layers.Count, experts];
        foreach (var (i, layer) in layers.Index())
        {
            for (var e = 0; e < layer.Routing.Shares.Count; e++)
            {
                var share = 100 * layer.Routing.Shares[e];
                cells[i, e] = new(share, Tooltip: $"layer {layer.Routing.Layer}, expert {e}: {TableCell.Fixed(share, 2)} %");
            }
        }

        return new Heatmap
        {
            Title = $"{model}: what each expert gets",
            Unit = "%",
            Digits = 1,
            RowCaption = "layer",
            Rows = [.. layers.Select(layer => FormattableString.Invariant($"{layer.Routing.Layer}"))],
            Columns = [.. Enumerable.Range(0, experts).Select(e => FormattableString.Invariant($"{e}"))],
            ColumnCaption = "expert",
            Cells = cells,
        }.Draw();
    }

    private static SvgFigure Curve(string model, IReadOnlyList<RoutedLayer> layers)
    {
        List<LineSeries> series =
        [
            new("entropy", Points(layer => layer.Routing.EntropyBits), 0),
            new("token", Points(layer => layer.Routing.TokenBits), 1),
            new("position", Points(layer => layer.Routing.PositionBits), 2),
        ];
        if (layers.All(layer => double.IsFinite(layer.EmergenceBits)))
            series.Add(new("IE", Points(layer => layer.EmergenceBits), 3, Dashed: true));
        return new LineChart
        {
            Title = $"{model}: what the routing goes by",
            YCaption = "bits",
            XCaption = "layer",
            Unit = "bits",
            Series = series,
        }.Draw();

        IReadOnlyList<LinePoint> Points(Func<RoutedLayer, double> value) =>
            [.. layers.Select(layer => new LinePoint(layer.Routing.Layer, value(layer)))];
    }

    private static string Finding(IGrouping<string, RoutedLayer> layers)
    {
        var (entropy, token, position) = (layers.Average(layer => layer.Routing.EntropyBits),
            layers.Average(layer => layer.Routing.TokenBits), layers.Average(layer => layer.Routing.PositionBits));
        return $"In {layers.Key}, the routing has {TableCell.Fixed(entropy, 2)} bits in the mean over {layers.Count()} layers, of which "
            + $"the token accounts for {TableCell.Fixed(token, 2)} and the position for {TableCell.Fixed(position, 2)}.";
    }

    private sealed record RoutedLayer(string Model, LayerRouting Routing, double EmergenceBits);
}
