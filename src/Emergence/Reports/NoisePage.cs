using Emergence.Information;
using Emergence.Measurement.Results;
using Emergence.Pictures;

namespace Emergence.Reports;

/// <summary>The part of a run's page that comes first: what noise leaves.</summary>
internal sealed class NoisePage
{
    private readonly NoiseResults _noise;
    private readonly NoisePictures _pictures;
    private readonly NoiseTables _tables;

    private NoisePage(NoiseResults noise, RunResults run) =>
        (_noise, _pictures, _tables, Words) = (noise, new NoisePictures(noise), new NoiseTables(noise), new NoiseWords(noise, run));

    /// <summary>Null if there is nothing to show.</summary>
    public static NoisePage? Of(RunResults run)
    {
        var noise = new NoiseResults(run);
        return noise.HasEmergence ? new NoisePage(noise, run) : null;
    }

    public NoiseWords Words { get; }

    /// <summary>By file name, without ending.</summary>
    public IEnumerable<(string Name, SvgFigure Figure)> Figures =>
    [
        .. _noise.Shown.Select(sigma => (FormattableString.Invariant($"ie_sigma_{sigma}"), _pictures.Map(sigma))),
        ("ie_over_sigma", _pictures.Curves()),
    ];

    public void AddTo(HtmlPage page)
    {
        page.Section("What is left when states are known only so well");
        page.Paragraph(NoiseWords.Meaning);
        page.Columns(
            () => page.Slider(
                "Noise sigma",
                [.. _noise.Shown.Select<double, (string, Action)>(sigma => (NoiseWords.Size(sigma), () => AddPane(page, sigma)))],
                Math.Max(0, _noise.Shown.ToList().IndexOf(NoisyChannel.Sigma)),
                "Without scripts one size of the noise is shown; the table has all."),
            () => page.Figure(_pictures.Curves(),
                "To the right: more noise, doubled at every name. The left ends approach the exact IE; a curve that stays up longer is "
                + "that of a layer whose states are further apart. The band is the 95 % interval."));
        foreach (var note in Words.Notes)
            page.Paragraph(note);
        page.Table("E(T) at sigma 1, the noise that halves it, and exact beside", _tables.Means);
        page.Table("The same by layer", _tables.Layers, folded: true);
        page.Table("IE at every size of the noise", _tables.Curves, folded: true);
        page.Table("What noise leaves of every cell", _tables.Cells, folded: true);
    }

    private void AddPane(HtmlPage page, double sigma)
    {
        page.Paragraph(Words.At(sigma));
        page.Figure(_pictures.Map(sigma),
            "Upwards: layers. To the right: more tokens. The colours mean the same at every sigma. Rest the pointer on a field for its "
            + "interval and exact value.");
    }
}
