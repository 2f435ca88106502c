using System.CommandLine;
using System.Text;
using Emergence.Devices;
using Emergence.Information;
using Emergence.Information.KnownMi;
using Emergence.Reports;

namespace Emergence.Cli.Verbs;

/// <summary>How estimators do where the information is known: at a user's own size, on all cases, and how their intervals cover.</summary>
internal static class CalibrateVerb
{
    private static readonly double[] TrueBits = [0, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 10];

    public static Command Create()
    {
        var known = new Option<bool>("--known") { Description = $"All cases of known information at {KnownMiCases.Rows} rows, against what each estimator must do" };
        var coverage = new Option<int>("--coverage") { Description = "How often the 95 % intervals hold the truth, over so many samples of --samples rows", HelpName = "REPEATS" };
        var dimensions = new Option<int>("--dim") { Description = "Columns a side of normal data with 0 to 10 bits", HelpName = "D", DefaultValueFactory = _ => 1 };
        var samples = new Option<int>("--samples") { Description = "Rows", HelpName = "N", DefaultValueFactory = _ => 2_000 };
        var estimators = MiVerb.Estimators("ksg,gaussian,mine-ema");
        var seed = new Option<ulong>("--seed") { Description = "Draws the samples and trains", HelpName = "N", DefaultValueFactory = _ => 4 };
        var picture = new Option<string>("--svg") { Description = "Also draw estimates over truth into this file", HelpName = "FILE.svg" };
        var (device, json) = (new DeviceFlags(), Flags.Json());
        var command = new Command("calibrate", "Hold estimators against data whose mutual information is known") { known, coverage, dimensions, samples, estimators, seed, picture, json };
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            var (rows, first) = (parsed.GetValue(samples), parsed.GetValue(seed));
            if (rows < 2 || parsed.GetValue(dimensions) < 1)
                throw new EmergenceException($"expected 2 rows and 1 column or more, found {rows} and {parsed.GetValue(dimensions)}", ExitCode.Usage);
            using var interruption = new Interruption();
            using var machine = device.Open(parsed);
            var run = new Run(machine, interruption.Token);
            var (table, isGood) = parsed.GetValue(known) ? run.Known(first)
                : parsed.GetValue(coverage) > 0 ? (run.Coverage(parsed.GetValue(coverage), rows, first), true)
                : (run.Normal(MiVerb.Choose(parsed.GetRequiredValue(estimators)), parsed.GetValue(dimensions), rows, first, parsed.GetValue(picture)), true);
            Console.Out.Write(table.ToString(parsed.GetValue(json) ? TableFormat.Jsonl : TableFormat.Text));
            return (int)(isGood ? ExitCode.Ok : ExitCode.Failed);
        });
        return command;
    }

    private sealed class Run(Device device, CancellationToken cancellation)
    {
        /// <summary>The whole list; says whether all values lie where they must.</summary>
        public (Table Table, bool IsGood) Known(ulong seed)
        {
            var table = new Table(
                TableColumn.Text("case"), TableColumn.Text("name"), TableColumn.Number("true_bits", 4), TableColumn.Text("estimator"), TableColumn.Number("mi_bits", 3), TableColumn.Number("from", 3), TableColumn.Number("to", 3), TableColumn.Text("expected"), TableColumn.Text("verdict"), TableColumn.Text("as_expected"));
            var isGood = true;
            foreach (var known in KnownMiCases.All)
            {
                var joint = known.Sample(KnownMiCases.Rows, seed).ToClasses();
                foreach (var expected in known.Expectations)
                {
                    Console.Error.WriteLine($"case {known.Id}, {expected.Estimator}");
                    var result = Estimate(EstimatorTable.Find(expected.Estimator), joint, [seed]);
                    var asExpected = expected.MustRefuse ? result.Verdict == Verdict.Failed : result.MiBits >= expected.Low && result.MiBits <= expected.High;
                    isGood &= asExpected;
                    var kind = expected.MustRefuse ? "refusal" : expected.IsFailure ? "documented failure" : "estimate";
                    table.Add(known.Id, known.Name, known.TrueBits, expected.Estimator, MiVerb.Known(result.MiBits), MiVerb.Known(expected.Low), MiVerb.Known(expected.High), kind, result.Verdict.Word(), asExpected ? "yes" : "NO");
                }
            }

            return (table, isGood);
        }

        /// <summary>Estimators without networks on cases they are made for, and s-mine at 25 classes.</summary>
        public Table Coverage(int repeats, int rows, ulong seed)
        {
            (string Case, string Estimator)[] pairs = [("2", "gaussian"), ("3", "gaussian"), ("6", "gaussian"), ("2", "ksg"), ("3", "ksg"), ("11", "ksg"), ("17", "ksg"), ("14", "mixed-ksg"), ("18", "mixed-ksg"), ("20a", "grassberger"), ("20b", "grassberger"), ("25", "grassberger"), ("20b", "exact"), ("23", "s-mine")];
            var table = new Table(TableColumn.Text("case"), TableColumn.Text("name"), TableColumn.Number("true_bits", 4), TableColumn.Text("estimator"), TableColumn.Integer("rows"), TableColumn.Integer("repeats"), TableColumn.Number("mean_bits", 4), TableColumn.Number("covered_percent", 1));
            foreach (var (id, name) in pairs)
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

        public Table Normal(IReadOnlyList<Estimator> estimators, int dimensions, int rows, ulong seed, string? picture)
        {
            var table = new Table(TableColumn.Text("estimator"), TableColumn.Number("true_bits", 2), TableColumn.Number("mi_bits", 3), TableColumn.Number("lo", 3), TableColumn.Number("hi", 3), TableColumn.Text("verdict"));
            var curves = new List<LineSeries> { new("truth", [.. TrueBits.Select(bits => new LinePoint(bits, bits))], 0, Dashed: true) };
            foreach (var estimator in estimators)
            {
                var points = new List<LinePoint>();
                foreach (var bits in TrueBits)
                {
                    var joint = KnownMiCases.NormalPairs(dimensions, bits).Sample(rows, seed).ToClasses();
                    var result = Estimate(estimator, joint, [seed]);
                    points.Add(new(bits, result.MiBits, result.Low, result.High));
                    table.Add(estimator.Name, bits, MiVerb.Known(result.MiBits), MiVerb.Known(result.Low), MiVerb.Known(result.High), result.Verdict.Word());
                }

                curves.Add(new(estimator.Name, points, curves.Count));
            }

            if (picture != null)
            {
                var title = $"Normal data, {dimensions}+{dimensions} columns, {rows} rows";
                var chart = new LineChart { Title = title, YCaption = "estimate, bits", XCaption = "true bits", Unit = "bits", Series = curves };
                WholeFile.Write(picture, Encoding.UTF8.GetBytes(chart.Draw().Standalone()));
            }

            return table;
        }

        private PairInformation Estimate(Estimator estimator, JointClasses joint, ulong[] seeds) =>
            MiVerb.Estimate(device, [estimator], joint, CriticPreset.Small, seeds, cancellation)[0];
    }
}
