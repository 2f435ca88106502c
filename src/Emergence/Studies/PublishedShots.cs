using Emergence.Information.Statistics;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>The published table of IE, its SD and the accuracy of output by number of shots 1 .. 7, GPT2-XL.</summary>
internal static class PublishedShots
{
    public const string Source = Published.Source;

    // "<0.01" of one shot counts as 0.
    private static readonly double[] Value = [4.013, 8.34, 12.95, 26.81, 61.59, 82.49, 71.52];
    private static readonly double[] Sd = [0, 0.59, 0.84, 2.61, 6.59, 7.22, 7.05];

    private static readonly (string Data, double[] Percent)[] Accuracy =
    [
        ("country", [0, 54.15, 74.29, 88.47, 46.21, 21.59, 22.68]),
        ("animal", [0, 44.51, 69.43, 76.19, 64.19, 36.14, 33.54]),
        ("color", [0, 37.49, 66.51, 72.18, 73.16, 46.95, 38.49]),
    ];

    public static Table Table()
    {
        var table = new Table([TableColumn.Integer("shot"), TableColumn.Number("ie_bits", 2), TableColumn.Number("sd_bits", 2),
            .. Accuracy.Select(row => TableColumn.Number($"{row.Data}_percent", 2))]);
        for (var i = 0; i < Value.Length; i++)
            table.Add([i + 1, Value[i], Sd[i], .. Accuracy.Select(row => (TableCell)row.Percent[i])]);
        return table;
    }

    public static IEnumerable<Correlation> Correlations() =>
        Accuracy.Select(row => new Correlation("published, GPT2-XL", "sd", row.Data,
            RankCorrelation.Of(Sd, [.. row.Percent.Select(percent => row.Percent.Max() - percent)])));
}
