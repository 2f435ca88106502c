using System.Text;
using Emergence.Cli.Verbs;
using Emergence.Devices;
using Emergence.Files;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.KnownMi;
using Emergence.Pictures;
using Emergence.Tables;

namespace Emergence.Cli;

/// <summary>The tables of <c>calibrate</c>: estimates beside what is known to be true.</summary>
internal sealed class Calibration(Device device, CancellationToken cancellation)
{
    private static readonly double[] TrueBits = [0, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 10];

    /// <summary>What coverage is counted on: estimators without networks on cases they are made for, and s-mine on all cases of
    /// classes.</summary>
    private static readonly (string Case, string Estimator)[] Covered =
    [
        ("2", "gaussian"), ("3", "gaussian"), ("6", "gaussian"), ("2", "ksg"), ("3", "ksg"), ("11", "ksg"), ("17", "ksg"),
            ("14", "mixed-ksg"), ("18", "mixed-ksg"),
        ("2", "gaussian-shrunk"), ("6", "gaussian-shrunk"), ("20a", "grassberger"), ("20b", "grassberger"), ("25", "grassberger"),
            ("20b", "miller-madow"), ("25", "miller-madow"), ("20b", "chao-shen"), ("25", "chao-shen"), ("20b", "exact"),
        .. from id in new[] { "20a", "20b", "20c", "21", "23", "24", "25", "26", "27", "28" } select (id, SupportMine.EstimatorName),
    ];

    /// <summary>Estimators that the known cases say something about.</summary>
    public static IReadOnlyCollection<string> KnownEstimators { get; } =
        [.. KnownMiCases.All.SelectMany(known => known.Expectations).Select(expected => expected.Estimator).Distinct()];

    /// <summary>Estimators that coverage is counted for.</summary>
    public static IReadOnlyCollection<string> CoveredEstimators { get; } = [.. Covered.Select(pair => pair.Estimator).Distinct()];

    /// <summary>The whole list, or what it holds for some estimators; says whether all values lie where they must.</summary>
    public (Table Table, bool IsGood) Known(ulong seed, IReadOnlyList<Estimator>? chosen)
    {
        var table = new Table(
            TableColumn.Text("case"), TableColumn.Text("name"), TableColumn.Number("true_bits", 4), TableColumn.Text("estimator"),
                TableColumn.Number("mi_bits", 3), TableColumn.Number("from", 3), TableColumn.Number("to", 3), TableColumn.Text("expected"),
                TableColumn.Text("verdict"), TableColumn.Text("as_expected"));
        var isGood = true;
        foreach (var known in KnownMiCases.All)
        {
            var expectations = known.Expectations.Where(expected =>
                chosen == null || chosen.Any(estimator => estimator.Name == expected.Estimator)).ToList();
            var joint = expectations.Count > 0 ? known.Sample(KnownMiCases.Rows, seed).ToClasses() : null;
            foreach (var expected in expectations)
            {
                Console.Error.WriteLine($"case {known.Id}, {expected.Estimator}");
                var result = Estimate(EstimatorTable.Find(expected.Estimator), joint!, [seed]);
                var asExpected = expected.IsMet(result.MiBits, result.Verdict);
                isGood &= asExpected;
                table.Add(known.Id, known.Name, known.TrueBits, expected.Estimator, TableCell.Known(result.MiBits),
                    TableCell.Known(expected.Low), TableCell.Known(expected.High), expected.Kind, result.Verdict.Word(),
                    asExpected ? "yes" : "NO");
            }
        }

        return (table, isGood);
    }

    /// <summary>How often the intervals hold the truth.</summary>
    /// <param name="repeats">Samples of each case.</param>
    /// <param name="rows">Rows of each sample.</param>
    /// <param name="seed">Draws the first sample.</param>
    /// <param name="chosen">Only these estimators; null: all that coverage is counted for.</param>
    public Table Coverage(int repeats, int rows, ulong seed, IReadOnlyList<Estimator>? chosen)
    {
        var table = new Table(TableColumn.Text("case"), TableColumn.Text("name"), TableColumn.Number("true_bits", 4),
            TableColumn.Text("estimator"), TableColumn.Integer("rows"), TableColumn.Integer("repeats"), TableColumn.Number("mean_bits", 4),
            TableColumn.Number("covered_percent", 1));
        foreach (var (id, name) in Covered.Where(pair => chosen == null || chosen.Any(estimator => estimator.Name == pair.Estimator)))
        {
            var (known, estimator) = (KnownMiCases.All.Single(known => known.Id == id), EstimatorTable.Find(name));
            var (covered, sum) = (0, 0.0);
            for (var repeat = 0ul; repeat < (ulong)repeats; repeat++)
            {
                var sample = known.Sample(rows, seed + repeat).ToClasses();
                var result = Estimate(estimator, sample, estimator.IsRandom ? [3 * repeat, 3 * repeat + 1, 3 * repeat + 2] : [seed]);
                sum += result.MiBits / repeats;
                covered += result.Low <= known.TrueBits && known.TrueBits <= result.High ? 1 : 0;
            }

            table.Add(id, known.Name, known.TrueBits, name, rows, repeats, sum, 100.0 * covered / repeats);
            Console.Error.WriteLine($"case {id}, {name}: {covered} of {repeats}");
        }

        return table;
    }

    /// <summary>What <c>mi</c> says of rows as users bring them.</summary>
    /// <param name="repeats">Samples of each family.</param>
    /// <param name="rows">Rows of each sample.</param>
    /// <param name="seed">Draws the first sample.</param>
    /// <param name="chosen">Estimators; null: counts, neighbours and the closed form.</param>
    /// <param name="hasAuto">Also what the rows call for.</param>
    public Table Families(int repeats, int rows, ulong seed, IReadOnlyList<Estimator>? chosen, bool hasAuto)
    {
        var estimators = chosen ?? [.. new[] { "exact", "grassberger", "ksg", "mixed-ksg", "gaussian" }.Select(EstimatorTable.Find)];
        var table = new Table(TableColumn.Text("family"), TableColumn.Integer("rows"), TableColumn.Integer("seed"),
            TableColumn.Number("true_bits", 3), TableColumn.Text("estimator"), TableColumn.Number("mi_bits", 3),
            TableColumn.Number("lo", 3), TableColumn.Number("hi", 3), TableColumn.Text("verdict"), TableColumn.Text("holds"));
        foreach (var family in PairFamilies.All)
        {
            Console.Error.WriteLine(family.Name);
            for (var repeat = 0ul; repeat < (ulong)repeats; repeat++)
            {
                var joint = family.Sample(rows, seed + repeat);
                foreach (var result in MiVerb.Judge(device, estimators, hasAuto, joint, CriticPreset.Small.Name, [seed, seed + 1, seed + 2],
                    cancellation).Results)
                {
                    var holds = double.IsNaN(result.Low) ? "" : result.Low <= family.TrueBits && family.TrueBits <= result.High ? "yes"
                        : "no";
                    table.Add(family.Name, (long)rows, (long)(seed + repeat), family.TrueBits, result.Estimator,
                        TableCell.Known(result.MiBits), TableCell.Known(result.Low), TableCell.Known(result.High), result.Verdict.Word(),
                        holds);
                }
            }
        }

        return table;
    }

    /// <summary>
    /// The published protocol and s-mine on the toy model after its first, second and last word, with the same critic, rate
    /// and steps: what both say about the same rows. The rate is 1e-3; that of s-mine falls, from twice as much to 0, for at
    /// four words it has so much to learn by heart that it does not end level at a constant one.
    /// </summary>
    public Table Toy(int rows, IReadOnlyList<int> widths, int steps, ulong seed)
    {
        int[] slots = [0, 1, PrefixToy.Slots - 1];
        var joints = slots.ToDictionary(slot => slot, slot =>
            KnownMiCases.All.Single(known => known.Id == $"31{"abcd"[slot]}").Sample(rows, seed).ToClasses());
        var preset = CriticPreset.Small with { Name = "toy", Widths = widths, StepLimit = steps, GoesOnWhenLevel = true };
        var falling = preset with { Rate = LearningRate.Falling(2e-3, steps) };
        var requests = slots.SelectMany(slot =>
            new[] { ("paper", preset), ("s-mine", falling) }.Select(row => new EstimationRequest(
            EstimatorTable.Find(row.Item1), joints[slot], WithPairsFor(joints[slot], row.Item2), seed, (uint)slot))).ToList();
        foreach (var identity in requests.Select(request => request.Preset.Identity).Distinct())
            Console.Error.WriteLine(identity);
        var results = new Dictionary<EstimationRequest, MutualInformation>(ReferenceEqualityComparer.Instance);
        using var batch = new EstimationBatch(device, 1);
        batch.Run(
            requests,
            (request, result) =>
            {
                results.Add(request, result);
                Console.Error.WriteLine($"slot {request.Cell}, {result.Estimator}: {result.MiBits:0.000} of {result.ExactBits:0.000} bits");
            },
            cancellation);

        var table = new Table(
            TableColumn.Integer("words"), TableColumn.Text("estimator"), TableColumn.Number("mi_bits", 3),
                TableColumn.Number("exact_bits", 3), TableColumn.Number("mi_minus_exact_bits", 3), TableColumn.Number("support_bits", 3),
                TableColumn.Number("true_bits", 3), TableColumn.Number("log2_n", 3), TableColumn.Number("mu", 1), TableColumn.Integer(
                "steps"), TableColumn.Integer("steps_above_exact"), TableColumn.Text("stopped_by"), TableColumn.Text("verdict"));
        foreach (var (request, result) in requests.Select(request => (request, results[request])))
            table.Add((int)request.Cell + 1, result.Estimator, result.MiBits, result.ExactBits, result.MiBits - result.ExactBits,
                joints[(int)request.Cell].SupportBits, PrefixToy.TrueBits((int)request.Cell), result.Log2N, result.Mu, result.Steps,
                result.StepsAboveCeiling, result.StoppedBy.ToString().ToLowerInvariant(), result.Verdict.Word());
        return table;
    }

    public Table Normal(IReadOnlyList<Estimator> estimators, int dimensions, int rows, ulong seed, string? picture)
    {
        var table = new Table(TableColumn.Text("estimator"), TableColumn.Number("true_bits", 2), TableColumn.Number("mi_bits", 3),
            TableColumn.Number("lo", 3), TableColumn.Number("hi", 3), TableColumn.Text("verdict"));
        var curves = new List<LineSeries> { new("truth", [.. TrueBits.Select(bits => new LinePoint(bits, bits))], 0, Dashed: true) };
        foreach (var estimator in estimators)
        {
            var points = new List<LinePoint>();
            foreach (var bits in TrueBits)
            {
                var joint = KnownMiCases.NormalPairs(dimensions, bits).Sample(rows, seed).ToClasses();
                var result = Estimate(estimator, joint, [seed]);
                points.Add(new(bits, result.MiBits, result.Low, result.High));
                table.Add(estimator.Name, bits, TableCell.Known(result.MiBits), TableCell.Known(result.Low), TableCell.Known(result.High),
                    result.Verdict.Word());
            }

            curves.Add(new(estimator.Name, points, curves.Count));
        }

        if (picture != null)
        {
            var title = $"Normal data, {dimensions}+{dimensions} columns, {rows} rows";
            var chart = new LineChart
            {
                Title = title,
                YCaption = "estimate, bits",
                XCaption = "true bits",
                Unit = "bits",
                Series = curves,
            };
            WholeFile.Write(picture, Encoding.UTF8.GetBytes(chart.Draw().Standalone()));
        }

        return table;
    }

    /// <summary>Preset small has four pairs off the support for each of the 2,000 classes it is made for: as many for more
    /// classes.</summary>
    private static CriticPreset WithPairsFor(JointClasses joint, CriticPreset preset)
    {
        var pairs = Math.Max(preset.Pairs, 4 * joint.Support.Count);
        return preset with { Pairs = pairs, PairsAtScale = pairs };
    }

    private PairInformation Estimate(Estimator estimator, JointClasses joint, ulong[] seeds) =>
        MiVerb.Estimate(device, [estimator], joint, null, seeds, cancellation)[0];
}
