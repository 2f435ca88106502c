using System.Text.Json.Serialization;
using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Information;

/// <summary>One relation that mutual information obeys, held against an estimator.</summary>
/// <param name="Test">Its name.</param>
/// <param name="Claim">The relation.</param>
/// <param name="FoundBits">Mean over the seeds; NaN if the estimator gave no value.</param>
/// <param name="ExpectedBits">What it must be, or be at most.</param>
/// <param name="ToleranceBits">How far off still counts.</param>
/// <param name="IsBound">Expected is an upper bound.</param>
/// <param name="Failure">Why there is no value.</param>
public sealed record ConsistencyCheck(string Test, string Claim, double FoundBits, double ExpectedBits, double ToleranceBits, bool IsBound,
    string? Failure = null)
{
    /// <summary>Where it was held against the estimator: x is boundary l of this number, y is l + 1.</summary>
    [JsonRequired, JsonPropertyOrder(-1)]
    public int Boundary { get; init; }

    /// <summary>t, from 0.</summary>
    [JsonRequired, JsonPropertyOrder(-1)]
    public int Position { get; init; }

    public bool Holds => FoundBits <= ExpectedBits + ToleranceBits && (IsBound || FoundBits >= ExpectedBits - ToleranceBits);

    public string Word => Failure != null ? "no value" : Holds ? "holds" : "broken";
}

/// <summary>
/// The self-consistency battery on vectors of a user (after Song and Ermon 2020): what mutual information obeys whatever
/// its value. Some of the classes that occur together are taken, each equally often, so that every estimator has rows that
/// repeat; no true value is needed.
/// </summary>
public static class SelfConsistency
{
    /// <summary>Rows of every problem.</summary>
    private const int Rows = 2048;

    /// <summary>Pairs of vectors that are taken, and those of the products of two.</summary>
    private const int Units = 64, FewUnits = 16;

    /// <summary>What seeds may differ by, in bits and as a share; for sums a share as for the cases of known information.</summary>
    private const double LeastTolerance = 0.05, Share = 0.05, SumShare = 0.15;

    private const int TrainingsAtOnce = 24;

    /// <param name="device">Trains.</param>
    /// <param name="estimator">What is checked.</param>
    /// <param name="joint">The vectors of one cell.</param>
    /// <param name="preset">Size of the trainings.</param>
    /// <param name="seeds">Trainings of each problem; one if the estimator is not random.</param>
    /// <param name="cell">Separates the random numbers of cells.</param>
    /// <param name="cancellation">Ends the work between steps.</param>
    public static IReadOnlyList<ConsistencyCheck> Check(Device device, Estimator estimator, JointClasses joint, CriticPreset preset,
        IReadOnlyList<ulong> seeds, uint cell, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        ArgumentNullException.ThrowIfNull(joint);
        var (x, y) = Choose(joint, seeds[0], cell);
        var few = Math.Min(FewUnits, x.Length);
        var grid = Enumerable.Range(0, few).SelectMany(i => Enumerable.Range(0, few).Select(j => (I: i, J: j))).ToArray();
        var coarse = Merge(y);
        (string Name, JointClasses Joint)[] problems =
        [
            ("base", Problem(x, y)),
            ("swapped", Problem(y, x)),
            ("mapped", Problem(x, Map(y, seeds[0], cell))),
            ("coarse", Problem(x, coarse)),
            ("more", Problem(x, Join(y, coarse))),
            ("few", Problem(x[..few], y[..few])),
            ("twice", Problem([.. grid.Select(at => (float[])[.. x[at.I], .. x[at.J]])],
                [.. grid.Select(at => (float[])[.. y[at.I], .. y[at.J]])])),
            ("apart", Problem([.. grid.Select(at => x[at.I])], [.. grid.Select(at => y[at.J])])),
        ];
        var values = Estimate(device, estimator, problems, preset, estimator.IsRandom ? seeds : [seeds[0]], cell, cancellation);
        double Of(string name) => values[name].Bits;
        ConsistencyCheck Line(string test, string claim, string found, double expected, double tolerance, bool isBound = false) =>
            new(test, claim, Of(found), expected, tolerance, isBound, values[found].Failure ?? values["base"].Failure);
        var near = Math.Max(LeastTolerance, Share * Math.Abs(Of("base")));
        return
        [
            Line("independence", "every x with every y: I = 0", "apart", 0, LeastTolerance),
            Line("data processing", "I(x; g(y)) <= I(x; y), g merges two vectors each", "coarse", Of("base"), near, isBound: true),
            Line("nothing added", "I(x; [y, g(y)]) = I(x; y)", "more", Of("base"), near),
            Line("additivity", "two independent copies: I = 2 I", "twice", 2 * Of("few"),
                Math.Max(LeastTolerance, SumShare * 2 * Math.Abs(Of("few")))),
            Line("symmetry", "I(y; x) = I(x; y)", "swapped", Of("base"), near),
            Line("invariance", "I(x; f(y)) = I(x; y), f mirrors and bends", "mapped", Of("base"), near),
        ];
    }

    /// <summary>Mean over the seeds, or why there is none.</summary>
    private static Dictionary<string, (double Bits, string? Failure)> Estimate(Device device, Estimator estimator, (string Name,
        JointClasses Joint)[] problems, CriticPreset preset, IReadOnlyList<ulong> seeds, uint cell, CancellationToken cancellation)
    {
        var found = problems.ToDictionary(problem => problem.Joint, _ => new List<MutualInformation>());
        using var batch = new EstimationBatch(device, TrainingsAtOnce);
        batch.Run(
            problems.SelectMany(problem => seeds.Select(seed => new EstimationRequest(estimator, problem.Joint, preset, seed, cell))),
            (request, result) => found[request.Joint].Add(result),
            cancellation);
        return problems.ToDictionary(problem => problem.Name, problem =>
        {
            var results = found[problem.Joint].OrderBy(result => result.Seed).ToList();
            return (results.Average(result => result.MiBits), results.Select(result => result.Failure)
                .FirstOrDefault(failure => failure != null));
        });
    }

    /// <summary>(n) vectors of both sides that occur together.</summary>
    private static (float[][] X, float[][] Y) Choose(JointClasses joint, ulong seed, uint cell)
    {
        var order = Enumerable.Range(0, joint.Support.Count).ToArray();
        new RandomSequence(seed, cell, RandomStream.Tasks).Shuffle(order.AsSpan());
        var chosen = order[..Math.Min(Units, order.Length)];
        return ([.. chosen.Select(k => Vector(joint.X, joint.Support[k].A))], [.. chosen.Select(k => Vector(joint.Y, joint.Support[k].B))]);
    }

    private static float[] Vector(RowClasses side, int k) => side.Rows.Slice(k * side.Columns, side.Columns).ToArray();

    private static JointClasses Problem(float[][] x, float[][] y)
    {
        var counts = Enumerable.Repeat((double)Math.Max(1, Rows / x.Length), x.Length).ToArray();
        RowClasses Side(float[][] rows) => new([.. rows.SelectMany(row => row)], rows[0].Length, counts);
        return new(Side(x), Side(y), isEnumeration: false);
    }

    private static float[][] Join(float[][] left, float[][] right) => [.. left.Zip(right, (a, b) => (float[])[.. a, .. b])];

    /// <summary>A function of y: every two different vectors become the first of them.</summary>
    private static float[][] Merge(float[][] y)
    {
        var side = new RowClasses([.. y.SelectMany(row => row)], y[0].Length, [.. Enumerable.Repeat(1.0, y.Length)]);
        return [.. side.ClassOfUnit.ToArray().Select(k => Vector(side, k / 2 * 2))];
    }

    /// <summary>A mirror across a random plane, then asinh: one-to-one. Columns are standardised first, as estimators do.</summary>
    private static float[][] Map(float[][] y, ulong seed, uint cell)
    {
        var side = new RowClasses([.. y.SelectMany(row => row)], y[0].Length, [.. Enumerable.Repeat(1.0, y.Length)]);
        var (values, columns) = side.Standardise();
        if (columns == 0)
            return y;
        var random = new RandomSequence(seed, cell + 1, RandomStream.Tasks);
        var normal = Enumerable.Range(0, columns).Select(_ => random.NextNormal()).ToArray();
        var square = normal.Sum(value => value * value);
        var mapped = new float[side.Count][];
        for (var k = 0; k < side.Count; k++)
        {
            var row = values.AsSpan(k * columns, columns).ToArray();
            var product = 2 * row.Zip(normal, (a, b) => a * b).Sum() / square;
            mapped[k] = [.. row.Zip(normal, (a, b) => (float)Math.Asinh(a - product * b))];
        }

        return [.. side.ClassOfUnit.ToArray().Select(k => mapped[k])];
    }
}
