using System.Text.Json;
using Emergence.Devices.Randomness;
using Emergence.Files;
using Emergence.Information;
using Emergence.Information.Exact;
using Emergence.Information.KnownMi;
using Emergence.Information.Statistics;

namespace Emergence.Tests.Information;

/// <summary>What <c>mi</c> says of rows as users bring them: right, or not ok.</summary>
public sealed class PairEvidenceTests
{
    private static readonly string[] Formulas =
        ["exact", "miller-madow", "grassberger", "chao-shen", "ksg", "mixed-ksg", "gaussian", "gaussian-shrunk"];

    public static TheoryData<string, int, ulong> Families()
    {
        var data = new TheoryData<string, int, ulong>();
        foreach (var family in PairFamilies.All)
        {
            foreach (var (rows, seed) in new[] { (1000, 11ul), (2000, 12ul) })
                data.Add(family.Name, rows, seed);
        }

        return data;
    }

    /// <summary>
    /// No value that is called ok is farther from the truth than its interval and 0.15 bit (0.1 of the value above 1.5 bits). Five
    /// copies of every row are, to one who counts, as many true classes: what is counted there is passed over.
    /// </summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void What_is_called_ok_is_near_the_truth(string name, int rows, ulong seed)
    {
        var family = PairFamilies.All.Single(family => family.Name == name);
        foreach (var result in Judge(family.Sample(rows, seed),
            Formulas.Where(estimator => name != "every row 5 times" || Array.IndexOf(Formulas, estimator) > 3)))
        {
            var tolerance = Math.Max(0.15, 0.1 * family.TrueBits);
            var isNear = result.Estimator == "exact" || Math.Abs(result.MiBits - family.TrueBits) < tolerance;
            var isInside = result.Low - 0.03 <= family.TrueBits && family.TrueBits <= result.High + 0.03;
            Assert.True(result.Verdict != Verdict.Ok || (isNear && (result.Estimator != "exact" || isInside)),
                $"{result}, true {family.TrueBits}");
        }
    }

    /// <summary>Smooth pairs of a column each are not doubted.</summary>
    [Theory]
    [InlineData("normal .3")]
    [InlineData("normal .75")]
    [InlineData("normal .95")]
    [InlineData("wiggly .75")]
    [InlineData("half-cube .75")]
    [InlineData("one decimal")]
    [InlineData("zero-inflated Poisson")]
    [InlineData("staircase 5")]
    public void What_is_right_is_called_ok(string name)
    {
        var family = PairFamilies.All.Single(family => family.Name == name);
        for (var seed = 20ul; seed < 24; seed++)
        {
            foreach (var result in Judge(family.Sample(2000, seed), ["mixed-ksg"]))
                Assert.True(result.Verdict == Verdict.Ok, $"{result}");
        }
    }

    /// <summary>Pairs of files with what is expected of each, recorded beside them.</summary>
    [Fact]
    public void Recorded_pairs_are_right_or_not_ok()
    {
        var folder = TestData.Large("cases/mi2");
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "truth.json")));
        foreach (var pair in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            JointClasses joint;
            try
            {
                var (tables, _) = PairedTables.Pair([Read(folder, pair, "x"), Read(folder, pair, "y")], dropsMissing: false);
                joint = new(new(Columns(tables[0])), new(Columns(tables[1])), isEnumeration: false);
            }
            catch (EmergenceException error)
                when (error.ExitCode == ExitCode.Usage && error.Message.Contains("has no value", StringComparison.Ordinal))
            {
                Assert.All(pair.GetProperty("expect").EnumerateArray(), expected =>
                    Assert.True(expected.TryGetProperty("within_or_not_ok", out _)));
                continue;
            }

            var expectations = pair.GetProperty("expect").EnumerateArray().ToList();
            var names = expectations.SelectMany(expected =>
                expected.GetProperty("estimators").EnumerateArray().Select(name => name.GetString()!)).Distinct();
            var results = Judge(joint, names).ToDictionary(result => result.Estimator);
            foreach (var expected in expectations)
            {
                foreach (var name in expected.GetProperty("estimators").EnumerateArray().Select(name => name.GetString()!))
                    Assert.True(IsMet(expected, pair, results[name]), $"{pair.GetProperty("x")} {expected} {results[name]}");
            }
        }
    }

    [Fact]
    public void Shuffles_tell_dependence_from_chance()
    {
        foreach (var name in new[] { "mixed-ksg", "gaussian", "grassberger" })
        {
            var (linked, apart) = name == "grassberger" ? ("wide ids", "1,000 classes, none") : ("normal .75", "independent");
            var found = PermutationTest.Run(EstimatorTable.Find(name), PairFamilies.All.Single(family => family.Name == linked)
                .Sample(600, 1), 0, 49, 1)!;
            Assert.Equal(1 / 50.0, found.PValue);
            Assert.InRange(found.NullBits, -0.2, 0.4);
            var chance = PermutationTest.Run(EstimatorTable.Find(name), PairFamilies.All.Single(family => family.Name == apart)
                .Sample(600, 1), 0, 49, 1)!;
            Assert.InRange(chance.PValue, 0.04, 1);
        }

        Assert.Equal([0.03, 0.06, 0.06], Shuffles.Holm([0.01, 0.04, 0.03]), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.All(Shuffles.Of(100, 5, 10, 1), order => Assert.All(Enumerable.Range(0, 10), run =>
            Assert.Equal(Enumerable.Range(order[10 * run], 10), order[(10 * run)..(10 * run + 10)])));
    }

    /// <summary>z = x + y with unit normals: apart without z, 1/2 log2(det C_xz det C_yz / (det C_z det C)) = 0.2925 bits... given z +
    /// noise.</summary>
    [Fact]
    public void A_common_effect_links_its_causes_and_a_common_cause_parts_its_effects()
    {
        var random = new RandomSequence(3, 1, RandomStream.Samplers);
        double[] Draw() => [.. Enumerable.Range(0, 4000).Select(_ => random.NextNormal())];
        var (a, b, c) = (Draw(), Draw(), Draw());
        double[] Add(double[] left, double[] right) => [.. left.Zip(right, (l, r) => l + r)];
        static SideColumn[] Side(double[] values) => [SideColumn.Of("v", values)];

        // Given z = a + b + c: correlation of a and b is -1/2, so that they share -1/2 log2(3/4).
        var effect = Side(Add(Add(a, b), c));
        foreach (var estimator in new[] { "ksg", "gaussian" })
        {
            Assert.Equal(-0.5 * Math.Log2(0.75), ConditionalInformation.Estimate(estimator, Side(a), Side(b), effect, 0).MiBits, 0.05);
            Assert.Equal(0, ConditionalInformation.Estimate(estimator, Side(Add(a, c)), Side(Add(b, c)), Side(c), 0).MiBits, 0.06);
        }

        double[] Bit(double[] values) => [.. values.Select(value => value > 0 ? 1.0 : 0)];
        var (x, y) = (Bit(a), Bit(b));
        var parity = Side([.. x.Zip(y, (l, r) => (l + r) % 2)]);
        Assert.Equal(1, ConditionalInformation.Estimate("exact", Side(x), Side(y), parity, 0).MiBits, 0.01);
        Assert.Equal(0, ConditionalInformation.Estimate("grassberger", Side(x), Side(y), Side(Bit(c)), 0).MiBits, 0.01);
    }

    [Fact]
    public void Values_of_rows_average_to_the_estimate()
    {
        var joint = PairFamilies.All.Single(family => family.Name == "normal .75").Sample(1500, 2);
        Assert.Equal(Judge(joint, ["ksg"]).Single().MiBits, RowInformation.Of("ksg", joint, 0)!.Average(), 1e-9);
        Assert.Equal(Judge(joint, ["gaussian"]).Single().MiBits, RowInformation.Of("gaussian", joint, 0)!.Average(), 2e-3);
    }

    private static List<PairInformation> Judge(JointClasses joint, IEnumerable<string> estimators)
    {
        using var device = Cells.Open("cpu");
        var evidence = new PairEvidence(joint, 0);
        return [.. estimators.Select(name =>
            evidence.Judge(PairInformation.Of(joint, [Cells.Estimate(device, Cells.Request(name, joint))])))];
    }

    private static DataTable Read(string folder, JsonElement pair, string side) =>
        DataFile.Read(Path.Combine(folder, pair.GetProperty(side).GetString()!), new());

    private static SideColumn[] Columns(DataTable table) =>
        [.. table.Columns.Select((column, number) => new SideColumn(table.NameOf(number), column.Numbers, column.Codes, column.Levels))];

    private static bool IsMet(JsonElement expected, JsonElement pair, PairInformation result)
    {
        var truth = pair.GetProperty(expected.TryGetProperty("equals", out var field) ? field.GetString()! : "truth_bits").GetDouble();
        var isNotOk = result.Verdict != Verdict.Ok;
        if (expected.TryGetProperty("within", out var within))
            return Math.Abs(result.MiBits - truth) <= within.GetDouble();
        if (expected.TryGetProperty("within_or_not_ok", out var near))
            return isNotOk || Math.Abs(result.MiBits - truth) <= near.GetDouble();
        return expected.TryGetProperty("verdict", out var word) ? result.Verdict.Word() == word.GetString()
            : isNotOk || (result.Low <= truth && truth <= result.High);
    }
}
