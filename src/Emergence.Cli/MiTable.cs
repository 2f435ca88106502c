using System.CommandLine;
using System.Globalization;
using System.Text;
using Emergence.Files;
using Emergence.Information;
using Emergence.Information.Exact;
using Emergence.Information.Statistics;
using Emergence.Pictures;
using Emergence.Tables;

namespace Emergence.Cli;

/// <summary>
/// Columns of one table held against each other: all against one, ranked, or all pairs. Names are counted, everything else is
/// read by mixed-ksg; rows without a value are left out pair by pair.
/// </summary>
internal sealed class MiTable(
    TableFlags flags, ParseResult parsed, string? target, int? permutations, ulong seed, CancellationToken cancellation)
{
    /// <summary>Shuffles behind a p-value if the user does not say.</summary>
    private const int DefaultShuffles = 99;

    /// <summary>What users ask a corrected p-value to be below.</summary>
    private const double Level = 0.05;

    private readonly DataTable _table = flags.ReadTable(parsed, target);
    private readonly bool _isRanking = target != null;

    public ExitCode Run(string? picture, bool json)
    {
        var goal = target == null ? -1 : _table.Find(target);
        if (_table.Columns.Count < 2)
            throw new EmergenceException($"{_table.Source}: expected 2 columns or more, found {_table.Columns.Count}", ExitCode.Usage);
        var pairs = target == null
            ? Enumerable.Range(0, _table.Columns.Count)
                .SelectMany(x => Enumerable.Range(x + 1, _table.Columns.Count - x - 1).Select(y => (X: x, Y: y)))
            : Enumerable.Range(0, _table.Columns.Count).Where(x => x != goal).Select(x => (X: x, Y: goal));
        var found = pairs.Select(Estimate).ToList();
        var corrected = Correct([.. found.Select(row => row.PValue)]);
        var rows = found.Zip(corrected, (row, p) => row with { Corrected = p }).ToList();
        if (target != null)
            rows = [.. rows.OrderByDescending(row => double.IsNaN(row.Result.MiBits) ? double.NegativeInfinity : row.Result.MiBits)];
        Print(rows, json);
        if (picture != null)
            WholeFile.Write(picture, Encoding.UTF8.GetBytes((target == null ? Matrix(rows) : Ranking(rows, target)).Standalone()));
        return ExitCode.Ok;
    }

    private static double[] Correct(double[] values)
    {
        var corrected = Shuffles.Holm([.. values.Where(value => !double.IsNaN(value))]);
        var next = 0;
        return Array.ConvertAll(values, value => double.IsNaN(value) ? double.NaN : corrected[next++]);
    }

    private Row Estimate((int X, int Y) pair)
    {
        cancellation.ThrowIfCancellationRequested();
        var (sides, dropped) = flags.Pair(parsed, _table, pair.X, pair.Y);
        var about = new Row(_table.NameOf(pair.X), _table.NameOf(pair.Y), new("", double.NaN, double.NaN, double.NaN, Verdict.Failed, null),
            sides.Rows, dropped, double.NaN, double.NaN, pair);
        if (sides.X[0].Levels < 2 || sides.Y[0].Levels < 2)
            return about with
            {
                Result = about.Result with
                {
                    Note = sides.Rows == 0 ? "no row has a value in both" : "one value everywhere: tells nothing",
                },
            };
        var joint = sides.ToClasses();
        var estimator = EstimatorTable.Find(sides.X.Concat(sides.Y).All(column => column.Kind == ColumnKind.Labels) ? "grassberger"
            : "mixed-ksg");
        var result = new PairEvidence(joint, sides.Window).Judge(PairInformation.OfTable(estimator, joint, sides.Window));
        var readings = sides.X.Concat(sides.Y).Select(column => column.Reading).OfType<string>();
        var test = permutations == null && !_isRanking ? null
            : PermutationTest.Run(estimator, joint, sides.Window, permutations ?? DefaultShuffles, seed);
        string[] notes = [.. result.Note == null ? Array.Empty<string>() : [result.Note], .. readings];
        return about with { Result = result with { Note = string.Join("; ", notes) }, PValue = test?.PValue ?? double.NaN };
    }

    private void Print(List<Row> rows, bool json)
    {
        TableColumn[] names = _isRanking ? [TableColumn.Text("column")] : [TableColumn.Text("x"), TableColumn.Text("y")];
        var table =
            new Table([.. names, TableColumn.Text("estimator"), TableColumn.Number("mi_bits", 3), TableColumn.Number("lo", 3),
            TableColumn.Number("hi", 3), TableColumn.Number("p_value", 3), TableColumn.Number("p_corrected", 3), TableColumn.Integer("n"),
            TableColumn.Integer("dropped"), TableColumn.Text("verdict"), TableColumn.Text("note")]);
        foreach (var row in rows)
        {
            TableCell[] who = _isRanking ? [row.X] : [row.X, row.Y];
            table.Add([.. who, row.Result.Estimator, TableCell.Known(row.Result.MiBits), TableCell.Known(row.Result.Low),
                TableCell.Known(row.Result.High), TableCell.Known(row.PValue), TableCell.Known(row.Corrected), (long)row.Rows,
                (long)row.Dropped, row.Result.Verdict.Word(), row.Result.Note]);
        }

        Console.Error.WriteLine(_table.Description);
        Console.Out.Write(table.ToString(json ? TableFormat.Jsonl : TableFormat.Text));
        Hint(rows);
    }

    /// <summary>A hint for tables of many pairs: few shuffles may not reach the value, and yet the smallest p-value they allow, times the
    /// pairs, is not small.</summary>
    private void Hint(List<Row> rows)
    {
        var (shuffles, tests) = (permutations ?? DefaultShuffles, rows.Count(row => !double.IsNaN(row.PValue)));
        var least = 1.0 / (shuffles + 1);
        if (tests * least > Level && rows.Exists(row => row.PValue <= least))
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{shuffles} shuffles of {tests} pairs can say no p_corrected below {Math.Min(1, tests * least):0.00}: --permutations "
                + $"{Math.Ceiling(tests / Level) - 1:0} can say {Level}"));
    }

    private static SvgFigure Ranking(List<Row> rows, string target) => new BarChart
    {
        Title = $"What tells of {target}",
        YCaption = "mutual information, bits",
        Unit = "bits",
        Bars = [.. rows.Where(row => !double.IsNaN(row.Result.MiBits)).Select(row =>
            new Bar(row.X, Math.Max(0, row.Result.MiBits), row.Result.Low, row.Result.High, row.Result.Verdict == Verdict.Ok ? 0 : 1))],
        Legend = [("ok", 0), ("not ok", 1)],
    }.Draw();

    private SvgFigure Matrix(List<Row> rows)
    {
        var count = _table.Columns.Count;
        var cells = new HeatmapCell[count, count];
        for (var i = 0; i < count; i++)
            cells[i, i] = new(double.NaN);
        foreach (var row in rows)
            cells[row.Place.X, row.Place.Y] = cells[row.Place.Y, row.Place.X] =
                new(double.IsNaN(row.Result.MiBits) ? double.NaN : Math.Max(0, row.Result.MiBits));
        string[] names = [.. Enumerable.Range(0, count).Select(_table.NameOf)];
        return new Heatmap
        {
            Title = "Mutual information of all pairs, bits",
            Rows = names,
            Columns = names,
            Cells = cells,
            Unit = "bits",
            RowCaption = "",
            Digits = 2,
        }.Draw();
    }

    private sealed record Row(string X, string Y, PairInformation Result, int Rows, int Dropped, double PValue, double Corrected,
        (int X, int Y) Place);
}
