using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Information;
using Emergence.Information.Statistics;
using Emergence.Measurement.Grid;
using Emergence.Models;
using Emergence.Pictures;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>
/// "next-token": what every boundary says about the next token by the model's own head (final norm, unembedding):
/// I(prefix; next) = H(mean p) - mean H(p), a sum and no estimate, beside what the layer carries about its prefix.
/// </summary>
internal sealed class NextTokenStudy : Study
{
    public override string Name => "next-token";

    public override string Description => "I(prefix; next token) at every boundary by the model's own head, beside what the layer carries";

    public override string Title => "How much of what a layer carries is about the next token";

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        .. StudyOption.Data,
        new("shots", "N", "Words of a sequence of a word list, or shots of a template", "3"),
        new("window", "N", "Tokens of a text window", "8"),
        .. StudyOption.Measurement.Where(option => option.Name is "sequences" or "preset"),
        new("estimator", "NAME", "Of what a layer carries", "exact"),
        new("seeds", "N", "Trainings of each cell", "1"),
        new("boundaries", "LIST", "Where the head reads, e.g. 0,3,10-12; by default all"),
    ];

    public override StudyResult Run(StudyContext context)
    {
        var readings = context.Models.SelectMany(model => Read(context, model)).ToList();
        var last = readings.GroupBy(reading => reading.Model)
            .Select(group => group.Where(reading => reading.Boundary == group.Max(other => other.Boundary)).ToList()).ToList();
        return new StudyResult
        {
            Finding = string.Join(" ",
                last.Select(end =>
                $"At boundary {end[0].Boundary}, {end[0].Model}'s head tells {TableCell.Fixed(end.Average(reading => reading.Bits), 2)} "
                + $"bits about the next token in the mean over {end.Count} positions.")),
            Sentences = Sentences(readings),
            HeldFixed = HeldFixed(context, readings),
            Tables = [new("boundaries", "Mean over positions, by boundary", ByBoundary(readings)),
                new("positions", "Every boundary and position", ByPosition(readings), IsLong: true)],
            Figures = [.. readings.GroupBy(reading => reading.Model)
                .Select(group => new NamedFigure($"map-{group.Key}",
                "Boundaries go up. Boundary 0 is the embedding, the last one gives the model's own probabilities.", Map([.. group]))),
                new(
                    "curve",
                    "The mean over positions of what the head reads, and dashed what the data themselves hold about the next token; a "
                    + "head that guesses wrong can say more than that, and where prefixes occur once in a sample they foretell their "
                    + "next token.", Curve(readings))],
        };
    }

    private static IEnumerable<Reading> Read(StudyContext context, StudyModel model)
    {
        var boundaries = Boundaries(context, model);
        int[] between = [.. boundaries.Where(boundary => boundary < ModelConfig.Read(model.Folder).Layers)];
        var settings = context.Measurement(model) with
        {
            Shots = context.Whole("shots"),
            Window = context.Whole("window"),
            Boundaries = string.Join(',', between.Length > 0 ? between : [0]),
        };
        var carried = context.Measure(model.Name, settings).Cells.Where(cell => cell.Cell.Kind == CaptureKind.Macro)
            .GroupBy(cell => (cell.Cell.Boundary, cell.Cell.Position))
            .ToDictionary(group => group.Key, group => group.Average(cell => cell.Information.MiBits));
        var data = StudyContext.Sequences(settings);
        string Key(int boundary) => $"{model.Name} boundary {boundary}";
        if (boundaries.Any(boundary => !context.Knows(Key(boundary))))
        {
            using var loaded = context.Load(model);
            var head = new HeadInformation(loaded, data);
            head.Run(boundaries.Where(boundary => !context.Knows(Key(boundary))).ToHashSet(), (boundary, values) =>
                context.Once(Key(boundary), () => values), context.Say, context.Cancellation);
        }

        foreach (var boundary in boundaries)
        {
            var values = context.Once(Key(boundary), () => throw new InvalidOperationException("read above"));
            for (var t = 0; t < data.Length; t++)
            {
                var own = t + 1 < data.Length ? data.TokenBits[t + 1] - (data.PrefixBits[t + 1] - data.PrefixBits[t]) : double.NaN;
                yield return new Reading(model.Name, boundary, t, data.Labels[t], values[2 * t] - values[2 * t + 1], values[2 * t],
                    values[2 * t + 1], carried.GetValueOrDefault((boundary, t), double.NaN), own, data.PrefixBits[t]);
            }
        }
    }

    private static IReadOnlyList<int> Boundaries(StudyContext context, StudyModel model)
    {
        var layers = ModelConfig.Read(model.Folder).Layers;
        return new CellGrid(layers + 1, 1, EstimatorTable.Find("exact"), context.Optional("boundaries"), null, 1, 1).Boundaries;
    }

    private static Table ByBoundary(IReadOnlyList<Reading> readings)
    {
        var table = new Table(TableColumn.Text("model"), TableColumn.Integer("boundary"), TableColumn.Number("next_bits", 3),
            TableColumn.Number("h_mean_p_bits", 3), TableColumn.Number("mean_h_p_bits", 3), TableColumn.Number("carried_bits", 3),
            TableColumn.Number("share_percent", 1));
        foreach (var group in readings.GroupBy(reading => (reading.Model, reading.Boundary)))
        {
            var (bits, carried) = (group.Average(reading => reading.Bits), group.Average(reading => reading.CarriedBits));
            table.Add(group.Key.Model, group.Key.Boundary, bits, group.Average(reading => reading.MeanBits),
                group.Average(reading => reading.OwnBits), TableCell.Known(carried), TableCell.Known(100 * bits / carried));
        }

        return table;
    }

    private static Table ByPosition(IReadOnlyList<Reading> readings)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Integer("boundary"), TableColumn.Integer("position"), TableColumn.Text("token"),
                TableColumn.Number("next_bits", 4), TableColumn.Number("h_mean_p_bits", 4),
            TableColumn.Number("mean_h_p_bits", 4), TableColumn.Number("carried_bits", 4), TableColumn.Number("data_bits", 4));
        foreach (var reading in readings)
            table.Add(reading.Model, reading.Boundary, reading.Position, reading.Label, reading.Bits, reading.MeanBits, reading.OwnBits,
                TableCell.Known(reading.CarriedBits), TableCell.Known(reading.DataBits));
        return table;
    }

    private static SvgFigure Map(IReadOnlyList<Reading> readings)
    {
        var (boundaries, positions) = (readings.Select(reading => reading.Boundary).Distinct()
            .ToList(), readings.Select(reading => reading.Position).Distinct().ToList());
        var cells = new HeatmapCell[boundaries.Count, positions.Count];
        foreach (var reading in readings)
            cells[boundaries.IndexOf(reading.Boundary), reading.Position] = new(reading.Bits,
                Tooltip: $"boundary {reading.Boundary}, {reading.Label}: {TableCell.Fixed(reading.Bits, 3)} bits about the next token");
        return new Heatmap
        {
            Title = $"{readings[0].Model}: bits about the next token",
            Unit = "bits",
            Digits = 2,
            RowCaption = "boundary",
            Rows = [.. boundaries.Select(boundary => FormattableString.Invariant($"{boundary}"))],
            Columns = [.. positions.Select(t => Labels.Token(readings.First(reading => reading.Position == t).Label))],
            ColumnCaption = "the prefix ends with this token",
            Cells = cells,
        }.Draw();
    }

    private static SvgFigure Curve(IReadOnlyList<Reading> readings)
    {
        var series = new List<LineSeries>();
        foreach (var (color, group) in readings.GroupBy(reading => reading.Model).Index())
        {
            var data = group.Where(reading => !double.IsNaN(reading.DataBits)).ToList();
            series.Add(new(group.Key, [.. group.GroupBy(reading => reading.Boundary)
                .Select(at => new LinePoint(at.Key, at.Average(reading => reading.Bits)))], color));
            if (data.Count > 0)
                series.Add(new($"the data, {group.Key}", [.. group.Select(reading => reading.Boundary).Distinct()
                    .Select(boundary => new LinePoint(boundary, data.Average(reading => reading.DataBits)))], color, Dashed: true));
        }

        return new LineChart
        {
            Title = "Information about the next token by boundary",
            YCaption = "bits",
            XCaption = "boundary",
            Unit = "bits",
            Series = series,
        }.Draw();
    }

    private static List<string> Sentences(IReadOnlyList<Reading> readings)
    {
        List<string> sentences = [
            "H(mean p) - mean H(p) is a sum over the vocabulary, with no critic and nothing trained. Before the last boundary the head "
            + "reads states it was not trained on: the value is what this head reads there, not all that could be read; with tied "
            + "weights, boundary 0 reads back its own token."];
        foreach (var group in readings.GroupBy(reading => reading.Model))
        {
            var means = group.GroupBy(reading => reading.Boundary)
                .Select(at => (Boundary: at.Key, Bits: at.Average(reading => reading.Bits),
                Carried: at.Average(reading => reading.CarriedBits))).ToList();
            var most = means.MaxBy(mean => mean.Bits);
            var carried = means.Where(mean => mean.Carried > 0).ToList();
            var share = carried.Count == 0 ? ""
                : $" At boundary {carried[^1].Boundary} the layer carries {TableCell.Fixed(carried[^1].Carried, 2)} bits about its "
                + $"prefix, of which the head reads {TableCell.Fixed(100 * carried[^1].Bits / carried[^1].Carried, 0)} % as news about "
                + $"the next token.";
            sentences.Add($"{group.Key}: the head reads most at boundary {most.Boundary}, {TableCell.Fixed(most.Bits, 2)} bits.{share}");
        }

        return sentences;
    }

    private static List<(string, string)> HeldFixed(StudyContext context, IReadOnlyList<Reading> readings) =>
    [
        ("data",
            $"{context.Text("data")}, {readings.Max(reading => reading.Position) + 1} tokens; the prefixes have "
            + $"{TableCell.Fixed(readings.Max(reading => reading.PrefixBits), 3)} bits at the last one"),
        ("head", "the model's final norm and unembedding at every boundary; probabilities at temperature 1, in double precision"),
        ("carried", $"macro information between boundaries l and l+1, estimator {context.Text("estimator")}"),
        ("weights", "every sequence counts alike"),
    ];

    private sealed record Reading(string Model, int Boundary, int Position, string Label, double Bits, double MeanBits, double OwnBits,
        double CarriedBits, double DataBits, double PrefixBits);
}

/// <summary>The two entropies of what a head says behind every position, boundary by boundary.</summary>
internal sealed class HeadInformation
{
    private readonly LanguageModel _model;
    private readonly Dataset _data;
    private readonly PrefixForest _forest;
    private readonly int _first;

    public HeadInformation(LanguageModel model, Dataset data)
    {
        (_model, _data) = (model, data);
        _first = data.BeginningOfSequence == null ? 0 : 1;
        _forest = PrefixForest.Macro([.. Enumerable.Range(0, data.Count)
            .Select(n => data.BeginningOfSequence is { } start ? [start, .. data[n]] : data[n].ToArray())], model.Config);
    }

    /// <param name="boundaries">Where to read.</param>
    /// <param name="finished">Told (2 T) values of each boundary: H(mean p) and mean H(p) at each position, in bits.</param>
    /// <param name="say">Told how far it is.</param>
    /// <param name="cancellation">Ends the work soon.</param>
    public void Run(IReadOnlySet<int> boundaries, Action<int, double[]> finished, Action<string> say, CancellationToken cancellation)
    {
        using var stream = new BoundaryStream(_model, _forest);
        foreach (var boundary in stream.Run(cancellation))
        {
            if (!boundaries.Contains(boundary.Index))
                continue;
            say($"boundary {boundary.Index} of {_model.Layers}");
            var values = new double[2 * _data.Length];
            for (var t = 0; t < _data.Length; t++)
                (values[2 * t], values[2 * t + 1]) = Entropies(boundary, t, cancellation);
            finished(boundary.Index, values);
            if (boundary.Index == boundaries.Max())
                return;
        }
    }

    private (double OfMean, double Mean) Entropies(Boundary boundary, int position, CancellationToken cancellation)
    {
        var counts = Enumerable.Range(0, _data.Count).GroupBy(n => _forest.Rows(n)[position + _first]).OrderBy(group => group.Key)
            .Select(group => (Row: group.Key, Count: group.Count())).ToList();
        var (mean, bits) = (new double[_model.VocabularySize], 0.0);
        new OutputHead(_model).Read(boundary.Rows, [.. counts.Select(entry => entry.Row)], (i, logits) =>
        {
            var weight = (double)counts[i].Count / _data.Count;
            bits += weight * Softmax.Add(logits, weight, mean);
        }, cancellation);
        return (Softmax.Bits(mean), bits);
    }
}
