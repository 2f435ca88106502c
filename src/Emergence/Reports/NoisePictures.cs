using Emergence.Measurement.Results;
using Emergence.Pictures;

namespace Emergence.Reports;

/// <summary>The pictures of what noise leaves.</summary>
/// <param name="noise">The run read through noise; it has IE.</param>
internal sealed class NoisePictures(NoiseResults noise)
{
    /// <summary>IE by layer and token at one size of the noise; all sizes have the colours of the exact values.</summary>
    public SvgFigure Map(double sigma) => new RunPictures(new RunSummary(noise.At(sigma)))
        .Emergence($"IE by layer and token at sigma {NoiseWords.Size(sigma)}", Range);

    /// <summary>IE over sigma after the last token, a curve a layer, spread over the layers if there are more than colours.</summary>
    public SvgFigure Curves()
    {
        var tokens = noise.Means[^1].Tokens;
        var layers = noise.Rows.Where(row => row.Tokens == tokens).Select(row => row.Boundary).ToList();
        var most = Math.Min(layers.Count, SvgFigure.SeriesColors);
        int[] shown = [.. Enumerable.Range(0, most).Select(i => layers[most == 1 ? 0 : i * (layers.Count - 1) / (most - 1)])];
        var sizes = noise.Curve(tokens).Select(point => point.Sigma).ToList();
        return new LineChart
        {
            Title = $"IE over the size of the noise, after {RunWords.Plural(tokens, "token")}",
            YCaption = "IE [bits]",
            XCaption = "sigma",
            Unit = "bits",
            XLabels = [.. sizes.Select(sigma => (Math.Log2(sigma), NoiseWords.Size(sigma)))],
            Series =
            [
                .. shown.Select((layer, color) => new LineSeries($"layer {layer}",
                    [.. noise.Curve(layer, tokens).Select(point =>
                        new LinePoint(Math.Log2(point.Sigma), point.Bits.Mean, point.Bits.Low, point.Bits.High))], color)),
            ],
        }.Draw();
    }

    private (double Low, double High) Range
    {
        get
        {
            var values = noise.Shown.SelectMany(sigma => noise.At(sigma).Emergence)
                .SelectMany(row => new[] { row.Bits.Mean, row.ExactBits }).Where(double.IsFinite).DefaultIfEmpty(0).ToList();
            return (Math.Min(0, values.Min()), values.Max());
        }
    }
}
