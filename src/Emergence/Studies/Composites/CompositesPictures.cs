using Emergence.Devices;
using Emergence.Models.Vision;
using Emergence.Pictures;

namespace Emergence.Studies.Composites;

/// <summary>The pictures of the study of composites.</summary>
internal sealed class CompositesPictures(
    CompositeRun best, IReadOnlyList<(Picture Picture, Composite Composite, int[] Top)> examples, IReadOnlyList<CurvePoint> byTrain,
    IReadOnlyList<CurvePoint> byCells, Func<CompositeRun, int, double> promise)
{
    private const int MostShown = 10;
    private const int Across = 5;
    private const double Side = 84, Gap = 16, Caption = 20;

    public IReadOnlyList<NamedFigure> All()
    {
        List<NamedFigure> figures = [];
        if (byTrain.Count > 0)
            figures.Add(
                new(
                "by_train", "More training images help only where single digits lie ready in the features. Bands are 95 % intervals.",
                Curve("Share with all digits on top by training images", "training images", byTrain, promised: false)));
        if (byCells.Count > 0)
            figures.Add(
                new(
                "by_cells",
                "Solid: measured. Dashed: all digits right if errors at single digits are independent. Bands are 95 % intervals.",
                Curve("Share with all digits on top by cells", "cells", byCells, promised: true)));
        foreach (var (name, isRight, caption) in new[]
            { ("right", true, "Right: the highest scores, the highest first, are the digits of the image."),
                ("wrong", false, "Wrong: below each image its highest scores; those that are not in it stand in brackets.") })
        {
            var chosen = examples.Where(example => IsRight(example) == isRight).Take(MostShown).ToList();
            if (chosen.Count > 0)
                figures.Add(new(name, caption, Gallery($"{(isRight ? "Right" : "Wrong")}: {best.Name}", chosen)));
        }

        return figures;
    }

    private static bool IsRight((Picture Picture, Composite Composite, int[] Top) example) =>
        example.Top.Order().SequenceEqual(example.Composite.Set);

    private SvgFigure Curve(string title, string along, IReadOnlyList<CurvePoint> points, bool promised)
    {
        var places = points.Select(point => point.At).Distinct().Order().ToList();
        return new LineChart
        {
            Title = title,
            YCaption = "share of test images",
            XCaption = along,
            Unit = "",
            XLabels = [.. places.Select((at, i) => ((double)i, FormattableString.Invariant($"{at}")))],
            Series =
            [
                .. points.GroupBy(point => point.Run).SelectMany((group, color) => new[]
                {
                    new LineSeries(group.Key.Feature, [.. group.Select(point =>
                        new LinePoint(places.IndexOf(point.At), point.Share.Share, point.Share.Low, point.Share.High))], color),
                    new LineSeries("independent", [.. group.Where(_ => promised)
                        .Select(point => new LinePoint(places.IndexOf(point.At), promise(point.Run, point.At)))], color,
                        Dashed: true) { InLegend = false },
                }.Where(series => series.Points.Count > 0)),
            ],
        }.Draw();
    }

    private static SvgFigure Gallery(string title, List<(Picture Picture, Composite Composite, int[] Top)> chosen)
    {
        var canvas = new SvgCanvas();
        var width = Across * (Side + Gap) + Gap;
        var top = canvas.Title(title, width) + 6;
        var ratio = (double)chosen[0].Picture.Rows / chosen[0].Picture.Columns;
        var (wide, high) = (Side * Math.Min(1, 1 / ratio), Side * Math.Min(1, ratio));
        foreach (var (i, (picture, composite, digits)) in chosen.Index())
        {
            var (x, y) = (Gap + i % Across * (Side + Gap), top + i / Across * (high + Caption + 6));
            var png = GreyPng.Write(Array.ConvertAll(picture.Pixels, value => (byte)Math.Round(255 * (1 - value))), picture.Columns);
            canvas.Image(x + (Side - wide) / 2, y, wide, high, png, $"digits {string.Join(' ', composite.Digits)}, told {composite.Label}");
            canvas.Text(x + Side / 2, y + high + 14,
                string.Join(' ', digits.Select(digit => composite.Set.Contains(digit) ? $"{digit}" : $"({digit})")), 12, SvgAnchor.Middle);
        }

        return canvas.Finish(title, width, top + Ceiling.Of(chosen.Count, Across) * (high + Caption + 6) + 4);
    }
}
