using Emergence.Capture;
using Emergence.Information;
using Emergence.Measurement.Results;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>A run as tables; the unit is in the names of the columns.</summary>
/// <param name="results">What was measured.</param>
/// <param name="nats">Write nats instead of bits.</param>
public sealed class RunTables(RunResults results, bool nats = false)
{
    private readonly string _unit = nats ? "nats" : "bits";
    private readonly double _scale = nats ? Math.Log(2) : 1;

    /// <summary>One row a cell, without times: equal runs give equal bytes.</summary>
    public Table Cells
    {
        get
        {
            var table = new Table(
                TableColumn.Text("kind"), TableColumn.Integer("boundary"), TableColumn.Integer("position"),
                    TableColumn.Verbatim("estimator"), TableColumn.Integer("seed"),
                Amount("mi"), Amount("exact"), Amount("h_prefix"), TableColumn.Number("log2_n", 3), TableColumn.Integer("k"),
                    TableColumn.Number("mu", 1),
                TableColumn.Integer("collisions_x"), TableColumn.Integer("collisions_y"), Spread("sd"), TableColumn.Integer("steps"),
                    TableColumn.Text("stopped_by"),
                Amount("max_gap"), Amount("held_out_gap"), TableColumn.Integer("steps_above"), TableColumn.Number("max_score", 1),
                    TableColumn.Integer("non_finite"), TableColumn.Text("verdict"));
            foreach (var (cell, value, _) in results.Cells)
            {
                table.Add(
                    cell.Kind.Word(), cell.Boundary, cell.Position, cell.Estimator, (long)cell.Seed,
                    _scale * value.MiBits, _scale * value.ExactBits, _scale * value.HPrefixBits, value.Log2N, value.K, value.Mu,
                    value.CollisionsX, value.CollisionsY, _scale * value.SdBits, value.Steps, value.StoppedBy.ToString().ToLowerInvariant(),
                    Known(value.MaxGapBits), Known(value.HeldOutGapBits), value.StepsAboveCeiling, value.MaxScore, value.NonFinite,
                        value.Verdict.Word());
            }

            return table;
        }
    }

    /// <summary>IE(l, T) with its 95 % interval, the exact value and the worst verdict of its cells.</summary>
    public Table Emergence
    {
        get
        {
            var table = new Table(TableColumn.Integer("boundary"), TableColumn.Integer("tokens"), Amount("ie"), TableColumn.Spread("lo", 3),
                TableColumn.Spread("hi", 3), Amount("exact"), TableColumn.Text("verdict"));
            foreach (var row in results.Emergence)
                table.Add(row.Boundary, row.Tokens, _scale * row.Bits.Mean, _scale * row.Bits.Low, _scale * row.Bits.High,
                    _scale * row.ExactBits, row.Verdict.Word());
            return table;
        }
    }

    /// <summary>E(T) and what each shot adds.</summary>
    public Table Means
    {
        get
        {
            var table = new Table(
                TableColumn.Integer("tokens"), Amount("e"), TableColumn.Spread("lo", 3), TableColumn.Spread("hi", 3), Amount("exact"),
                    TableColumn.Text("verdict"), Spread("sd_seeds"), Spread("sd_layers"), TableColumn.Integer("shot"), Amount("gain"));
            foreach (var mean in results.Means)
            {
                TableCell shot = mean.Shot > 0 ? mean.Shot : TableCell.Empty;
                table.Add(mean.Tokens, _scale * mean.Bits.Mean, _scale * mean.Bits.Low, _scale * mean.Bits.High, _scale * mean.ExactBits,
                    mean.Verdict.Word(), _scale * mean.Bits.SdSeeds, _scale * mean.SdLayers, shot, Known(mean.GainBits));
            }

            return table;
        }
    }

    /// <summary>All that is made of the cells: IE, its means, and the self-check if there was one.</summary>
    public IReadOnlyList<Table> OfEmergence => results.SelfCheck.Count == 0 ? [Emergence, Means] : [Emergence, Means, SelfCheck];

    /// <summary>The self-check: what was found beside what must be.</summary>
    public Table SelfCheck
    {
        get
        {
            var table = new Table(
                TableColumn.Integer("boundary"), TableColumn.Integer("position"), TableColumn.Text("test"), TableColumn.Text("claim"),
                    Amount("found"), Amount("expected"), Amount("tolerance"), TableColumn.Text("result"), TableColumn.Text("note"));
            foreach (var check in results.SelfCheck)
                table.Add(check.Boundary, check.Position, check.Test, check.Claim, _scale * check.FoundBits,
                    _scale * check.ExpectedBits, _scale * check.ToleranceBits, check.Word, check.Failure);
            return table;
        }
    }

    /// <summary>In the unit; empty if there is none, as if nothing was trained or no shot ends.</summary>
    private TableCell Known(double bits) => double.IsNaN(bits) ? TableCell.Empty : _scale * bits;

    private TableColumn Spread(string name) => TableColumn.Spread($"{name}_{_unit}", 3);

    private TableColumn Amount(string name) => TableColumn.Number($"{name}_{_unit}", 3);
}
