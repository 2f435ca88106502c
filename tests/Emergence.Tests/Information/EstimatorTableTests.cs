using Emergence.Devices.Randomness;
using Emergence.Information;
using Emergence.Information.Exact;

namespace Emergence.Tests.Information;

/// <summary>Every estimator by its name, on three cases whose information is known in closed form.</summary>
public sealed class EstimatorTableTests
{
    /// <summary>Bits of two normals with correlation 0.9, and of 8 classes of which a fifth is taken for another.</summary>
    private const double Normals = 1.198, Symmetric = 1.717;

    // SD of log2 p/(uv), 1.30 bits for the normals and 1.92 for the classes, over the root of 500 rows, three times.
    private const double OfNormals = 0.18, OfClasses = 0.26;

    // The same over the 50 rows that a network is judged on.
    private const double HeldOutNormals = 0.56, HeldOutClasses = 0.82;

    // The plug-in value of a table of 8 by 8 classes is high by 49 / (2 N ln 2).
    private const double Bias = 0.07;

    private const string OnlyClasses = "cannot work here: 500 distinct rows in 500";

    private static readonly Dictionary<string, Expectation[]> s_expected = new()
    {
        // Of rows that are all distinct, counting finds log2 N, and says so.
        ["exact"] = [At(8.966, 0.001, Verdict.AtCeiling), At(8.966, 0.001, Verdict.AtCeiling), At(Symmetric + Bias, OfClasses)],
        ["s-mine"] = [Between(0, 8.966, Verdict.Unreliable), Between(0, 8.966, Verdict.Unreliable), At(Symmetric + Bias - 0.01, OfClasses)],

        ["resolved"] =
            [Between(0, 8.946, Verdict.BelowExact), Between(0, 8.946, Verdict.BelowExact), At(Symmetric + Bias - 0.01, OfClasses)],

        // Reads too much, and is never called right here: fewer than 30 rows meet their partner, or steps are above the exact value.
        ["paper"] = [Between(0, 60, Verdict.Unreliable), Between(-1, 60, Verdict.Unreliable), Between(Symmetric, 60, Verdict.Unreliable)],
        ["miller-madow"] = [Refuses(OnlyClasses), Refuses(OnlyClasses), At(Symmetric, OfClasses)],
        ["grassberger"] = [Refuses(OnlyClasses), Refuses(OnlyClasses), At(Symmetric, OfClasses)],
        ["chao-shen"] = [Refuses(OnlyClasses), Refuses(OnlyClasses), At(Symmetric, OfClasses)],
        ["chao-wang-jost"] = [Refuses(OnlyClasses), Refuses(OnlyClasses), At(Symmetric, OfClasses)],
        ["mine-ema"] = [At(Normals, HeldOutNormals), At(0, 0.1), At(Symmetric, HeldOutClasses)],
        ["nwj"] = [At(Normals, HeldOutNormals), At(0, 0.1), At(Symmetric, HeldOutClasses)],
        ["infonce"] = [At(Normals, HeldOutNormals), At(0, 0.1), At(Symmetric, HeldOutClasses)],
        ["jsd"] = [At(Normals, HeldOutNormals), At(0, 0.1), At(Symmetric, HeldOutClasses)],
        ["smile"] = [At(Normals, HeldOutNormals), At(0, 0.1), At(Symmetric, HeldOutClasses)],

        ["ksg"] = [At(Normals, OfNormals), At(0, 0.15), Refuses("of 500 rows repeat another row")],
        ["mixed-ksg"] = [At(Normals, OfNormals), At(0, 0.15), At(Symmetric, OfClasses)],

        // Of classes it sees what is linear.
        ["gaussian"] = [At(Normals, OfNormals), At(0, 0.02), Between(0.1, Symmetric, Verdict.BelowExact)],
        ["gaussian-shrunk"] = [At(Normals, OfNormals), At(0, 0.02), Between(0.1, Symmetric, Verdict.BelowExact)],

        // Normal y in normal noise of the same size, half a bit whatever x is; four columns of classes hold no more than normals would.
        ["noisy-channel"] = [At(0.5, 0.06, Verdict.AtCeiling), At(0.5, 0.06, Verdict.AtCeiling), Between(0.5, 2)],
    };

    public static TheoryData<string, string> Names
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var row in EstimatorTable.Rows)
            {
                foreach (var name in s_cases)
                    data.Add(row.Name, name);
            }

            return data;
        }
    }

    [Fact]
    public void Every_row_has_its_expectations() => Assert.Equal(EstimatorTable.Rows.Select(row => row.Name)
        .Order(StringComparer.Ordinal), s_expected.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void An_estimator_finds_what_is_known_or_says_why_not(string estimator, string name)
    {
        // Trainings of the two that read whole data sets are cut short: on distinct rows they end without a value to rely on.
        var isShort = estimator is "s-mine" or "paper" && name != "classes";
        using var device = Cells.Open("cpu");

        var result = Cells.Estimate(device, Cells.Request(estimator, Case(name), isShort ? Cells.Sampling : null));

        var (low, high, verdict, refusal) = s_expected[estimator][Array.IndexOf(s_cases, name)];
        Assert.Equal(verdict, result.Verdict);
        if (refusal != null)
            Assert.Contains(refusal, result.Failure, StringComparison.Ordinal);
        else
            Assert.InRange(result.MiBits, low, high);
    }

    private static Expectation At(double bits, double tolerance, Verdict verdict = Verdict.Ok) =>
        new(bits - tolerance, bits + tolerance, verdict, null);

    private static Expectation Between(double low, double high, Verdict verdict = Verdict.Ok) => new(low, high, verdict, null);

    private static Expectation Refuses(string words) => new(0, 0, Verdict.Failed, words);

    private static readonly string[] s_cases = ["normals", "apart", "classes"];

    private const int Rows = 500;
    private const double Rho = 0.9;
    private const int Classes = 8;
    private const double Errors = 0.2;

    private static JointClasses Case(string name)
    {
        var random = new RandomSequence(31, 7, RandomStream.Samplers);
        var weights = Enumerable.Repeat(1.0, Rows).ToArray();
        if (name == "classes")
        {
            const int Columns = 4;
            var (x, y) = (new int[Rows], new int[Rows]);
            for (var n = 0; n < Rows; n++)
            {
                x[n] = random.NextInt(Classes);
                y[n] = random.NextDouble() < Errors ? (x[n] + 1 + random.NextInt(Classes - 1)) % Classes : x[n];
            }

            return new(
                new(Cells.Gather(Cells.Vectors(Classes, Columns, 3), Columns, x), Columns, weights),
                new(Cells.Gather(Cells.Vectors(Classes, Columns, 4), Columns, y), Columns, weights),
                isEnumeration: false);
        }

        var rho = name == "normals" ? Rho : 0;
        var (left, right) = (new float[Rows], new float[Rows]);
        for (var n = 0; n < Rows; n++)
        {
            var (a, b) = (random.NextNormal(), random.NextNormal());
            (left[n], right[n]) = ((float)a, (float)(rho * a + Math.Sqrt(1 - rho * rho) * b));
        }

        return new(new(left, 1, weights), new(right, 1, weights), isEnumeration: false);
    }

    private sealed record Expectation(double Low, double High, Verdict Verdict, string? Refusal);
}
