using Emergence.Capture;
using Emergence.Measurement.Results;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>What noise leaves of a run, as tables; the limit without noise stands last.</summary>
/// <param name="noise">The run read through noise.</param>
/// <param name="nats">Write nats instead of bits.</param>
public sealed class NoiseTables(NoiseResults noise, bool nats = false)
{
    private readonly string _unit = nats ? "nats" : "bits";
    private readonly double _scale = nats ? Math.Log(2) : 1;

    /// <summary>The two numbers of E(T): what is left at sigma 1, and the noise that halves it.</summary>
    public Table Means
    {
        get
        {
            var table = new Table(TableColumn.Integer("tokens"), Amount("e_1"), Spread("e_1_lo"), Spread("e_1_hi"),
                TableColumn.Number("sigma_half", 3), TableColumn.Spread("sigma_half_lo", 3), TableColumn.Spread("sigma_half_hi", 3),
                Spread("sd_layers_1"), Spread("gain_1"), Amount("limit_e"));
            foreach (var mean in noise.Means)
                table.Add(mean.Tokens, _scale * mean.AtOne.Mean, _scale * mean.AtOne.Low, _scale * mean.AtOne.High,
                    TableCell.Defined(mean.Half.Sigma), TableCell.Defined(mean.Half.Low), TableCell.Defined(mean.Half.High),
                    _scale * mean.SdLayers, TableCell.Defined(_scale * mean.GainBits), _scale * mean.LimitBits);
            return table;
        }
    }

    /// <summary>IE through noise, of every layer.</summary>
    public Table Layers
    {
        get
        {
            var table = new Table(TableColumn.Integer("boundary"), TableColumn.Integer("tokens"), Amount("ie_1"), Spread("ie_1_lo"),
                Spread("ie_1_hi"), TableColumn.Number("sigma_half", 3), TableColumn.Spread("sigma_half_lo", 3),
                TableColumn.Spread("sigma_half_hi", 3), Amount("limit_ie"));
            foreach (var row in noise.Rows)
                table.Add(row.Boundary, row.Tokens, _scale * row.AtOne.Mean, _scale * row.AtOne.Low, _scale * row.AtOne.High,
                    TableCell.Defined(row.Half.Sigma), TableCell.Defined(row.Half.Low), TableCell.Defined(row.Half.High),
                    _scale * row.LimitBits);
            return table;
        }
    }

    /// <summary>IE at every size of the noise that was asked for.</summary>
    public Table Curves
    {
        get
        {
            var table = new Table(TableColumn.Number("sigma", 4), TableColumn.Integer("boundary"), TableColumn.Integer("tokens"),
                Amount("ie_sigma"), Spread("ie_sigma_lo"), Spread("ie_sigma_hi"), Amount("limit_ie"));
            foreach (var sigma in noise.Shown)
            {
                foreach (var row in noise.At(sigma).Emergence)
                    table.Add(sigma, row.Boundary, row.Tokens, _scale * row.Bits.Mean, _scale * row.Bits.Low, _scale * row.Bits.High,
                        _scale * row.ExactBits);
            }

            return table;
        }
    }

    /// <summary>Macro and micro cells at every size of the noise that was asked for, seeds together.</summary>
    public Table Cells
    {
        get
        {
            var table = new Table(TableColumn.Number("sigma", 4), TableColumn.Text("side"), TableColumn.Integer("boundary"),
                TableColumn.Integer("position"), TableColumn.Estimate($"left_{_unit}", 3), Amount("h_prefix"), Spread("remainder"));
            foreach (var sigma in noise.Shown)
            {
                foreach (var seeds in noise.At(sigma).Cells.GroupBy(cell => cell.Cell with { Seed = 0 }))
                {
                    var cells = seeds.Select(cell => cell.Information).ToList();
                    var error = Math.Sqrt(cells.Sum(cell => cell.SamplingErrorBits * cell.SamplingErrorBits)) / cells.Count;
                    table.Add(sigma, seeds.Key.Kind.Word(), seeds.Key.Boundary, seeds.Key.Position,
                        (_scale * cells.Average(cell => cell.MiBits), _scale * error), _scale * cells[0].HPrefixBits,
                        _scale * cells.Max(cell => cell.Noise.First(value => value.Sigma == sigma).RemainderBits));
                }
            }

            return table;
        }
    }

    private TableColumn Amount(string name) => TableColumn.Number($"{name}_{_unit}", 3);

    private TableColumn Spread(string name) => TableColumn.Spread($"{name}_{_unit}", 3);
}
