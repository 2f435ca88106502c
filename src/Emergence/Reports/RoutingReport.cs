using System.Globalization;
using System.Text;
using Emergence.Files;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Settings;
using Emergence.Messages;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>The routing of a run's sequences, as a table beside its results.</summary>
public static class RoutingReport
{
    private const string FileName = "routing.csv";

    private static readonly TableColumn[] s_columns =
    [
        TableColumn.Integer("layer"), TableColumn.Integer("experts"), TableColumn.Integer("idle"), TableColumn.Number("least_percent", 2),
        TableColumn.Number("most_percent", 2), TableColumn.Number("entropy_bits", 3), TableColumn.Number("entropy_limit_bits", 3),
        TableColumn.Number("token_bits", 3), TableColumn.Number("position_bits", 3), TableColumn.Number("ie_bits", 3),
    ];

    /// <summary>Runs the model once more and writes the table into the run's folder, from where its page takes it.</summary>
    public static Table Write(MeasurementPlan plan, RunResults results, string folder, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(results);
        var emergence = LastEmergence(results);
        using var model = plan.LoadModel(folder);
        var layers = new RoutingRun(model, plan.Data).Run(cancellation)
            .Select(layer => (layer, emergence.GetValueOrDefault(layer.Layer, double.NaN))).ToList();
        var table = new Table(s_columns);
        foreach (var (layer, bits) in layers)
            table.Add(Row(layer, bits));
        WholeFile.Write(Path.Combine(folder, FileName), Encoding.UTF8.GetBytes(table.ToString(TableFormat.Csv)));
        return table;
    }

    /// <summary>IE of each layer at its last token, in bits.</summary>
    internal static Dictionary<int, double> LastEmergence(RunResults results) => results.Emergence.GroupBy(row => row.Boundary)
        .ToDictionary(group => group.Key, group => group.MaxBy(row => row.Tokens)!.Bits.Mean);

    internal static Table Table(IEnumerable<(string Model, LayerRouting Layer, double EmergenceBits)> layers)
    {
        var table = new Table([TableColumn.Text("model"), .. s_columns]);
        foreach (var (model, layer, emergence) in layers)
            table.Add([model, .. Row(layer, emergence)]);
        return table;
    }

    private static TableCell[] Row(LayerRouting layer, double emergence) =>
    [
        layer.Layer, layer.Shares.Count, layer.Idle, 100 * layer.Shares.Min(), 100 * layer.Shares.Max(), layer.EntropyBits, layer.MostBits,
        layer.TokenBits, layer.PositionBits, TableCell.Known(emergence),
    ];

    /// <summary>The section of a run's page, where its folder has the table.</summary>
    internal static void AddTo(HtmlPage page, string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return;
        page.Section("Where the routers send the tokens");
        page.Paragraph("Every token of every sequence counts alike, and so does each expert it is sent to. The information between expert "
            + "and token, and between expert and position, is counted: nothing is estimated.");
        var table = new Table(s_columns);
        foreach (var (number, line) in File.ReadAllLines(path).Index().Skip(1))
        {
            var cells = line.Split(',');
            if (cells.Length != s_columns.Length)
                throw Damaged($"expected {s_columns.Length} figures, found {cells.Length}");
            table.Add([.. cells.Zip(s_columns, (cell, column) => Read(cell, column) ?? throw Damaged(
                $"{column.Name} is {Printable.Quote(cell)}, expected a number"))]);

            EmergenceException Damaged(string what) => new($"{Printable.Escape(path)}: line {number + 1}: {what}");
        }

        page.Table("Routing by layer", table);
    }

    private static TableCell? Read(string cell, TableColumn column)
    {
        if (cell.Length == 0)
            return TableCell.Empty;
        if (column.Kind == TableColumnKind.Integer)
            return long.TryParse(cell, CultureInfo.InvariantCulture, out var whole) ? whole : null;
        return double.TryParse(cell, CultureInfo.InvariantCulture, out var value) ? value : null;
    }
}
