using Emergence.Devices;
using Emergence.Information.Canonical;

namespace Emergence.Information.Exact;

/// <summary>
/// The joint distribution of x and y over the same units, and what follows from it without any estimate: a finite data
/// set through a deterministic model makes both sides discrete.
/// </summary>
public sealed class JointClasses : WeightedPairs
{
    private CanonicalPairs? _canonical;

    /// <param name="x">One side.</param>
    /// <param name="y">The other side, of the same units with the same weights.</param>
    /// <param name="isEnumeration">The units are all there are, so there is no sampling error.</param>
    public JointClasses(RowClasses x, RowClasses y, bool isEnumeration)
        : base(x.Weights, y.Weights, FindSupport(x, y))
    {
        (X, Y, IsEnumeration) = (x, y, isEnumeration);
        Bits = HasConstantSide ? 0 : Math.Max(0, PointwiseMean());
    }

    public RowClasses X { get; }

    public RowClasses Y { get; }

    public bool IsEnumeration { get; }

    /// <summary>I_emp = sum_S p log2(p / (u v)): the information of these data, and the ceiling of s-mine.</summary>
    public double Bits { get; }

    /// <summary>H of the units, in bits: of the prefixes, for a model.</summary>
    public double UnitBits => Entropy.Bits(X.UnitWeights, X.TotalWeight);

    /// <summary>N if the unit weights are counts.</summary>
    public double Samples => X.TotalWeight;

    /// <summary>
    /// -log2 sum_S u v: what a critic reads that tells pairs of S from all others, but not how often each occurs. Bits from here
    /// to I_emp are the unevenness of the classes; in a sample of rows that are nearly all different, which of them came twice.
    /// </summary>
    public double SupportBits => -Math.Log2(SupportProduct);

    /// <summary>
    /// mu: how many of N rows a random shuffle of y leaves on S, in the mean; N sum w^2 if x and y are injective.
    /// </summary>
    public double Coincidences => Samples * SupportProduct;

    /// <summary>x or y is the same everywhere: the information is 0.</summary>
    public bool HasConstantSide => X.Count == 1 || Y.Count == 1;

    /// <summary>Standard error of <see cref="Bits"/> as an estimate for the source of a sample; 0 for an enumeration.</summary>
    public double StandardErrorBits
    {
        get
        {
            if (IsEnumeration)
                return 0;
            var variance = Support.Sum(pair => pair.Joint * (PointwiseBits(pair) - Bits) * (PointwiseBits(pair) - Bits));
            return Math.Sqrt(variance / Samples);
        }
    }

    /// <summary>
    /// As <see cref="StandardErrorBits"/>, for intervals: the spread of log2 p/(uv) that N rows show by chance alone, D/N nats^2,
    /// is taken out (by shrinking, James and Stein), and the spread D/(2 N^2) of the second order, which is all there is at
    /// uniform classes, is put in. D = |S| - K_x - K_y + 1 + 2 (sum p^2/(uv) - 1) is K - 1 for a bijection and
    /// (K_x - 1)(K_y - 1) for independent classes. 0 for an enumeration.
    /// </summary>
    public double SourceErrorBits
    {
        get
        {
            if (IsEnumeration)
                return 0;
            var variance = StandardErrorBits * StandardErrorBits * Samples;
            var freedom = Support.Count - X.Count - Y.Count + 1 + 2 * (Support.Sum(pair => pair.Joint * pair.Joint / pair.Product) - 1);
            var chance = Math.Max(0, freedom) / Samples / (Math.Log(2) * Math.Log(2));
            var kept = variance > chance ? (variance - chance) * (variance - chance) / variance : 0;
            return Math.Sqrt((kept + chance / 2) / Samples);
        }
    }

    /// <summary>i = log2 p / (u v) of each unit, in bits; its mean is <see cref="Bits"/>.</summary>
    public double[] UnitInformation()
    {
        var bits = Support.ToDictionary(pair => (pair.A, pair.B), PointwiseBits);
        var information = new double[X.UnitWeights.Length];
        for (var unit = 0; unit < information.Length; unit++)
            information[unit] = bits[(X.ClassOfUnit[unit], Y.ClassOfUnit[unit])];
        return information;
    }

    /// <summary>At most so many leading pairs; found once for all seeds.</summary>
    internal CanonicalPairs CanonicalPairs(int most, HostShare share) =>
        _canonical is { } found && found.Most == most ? found : _canonical = new CanonicalPairs(this, most, share);

    /// <summary>Classes of each of the N rows, in the order of the support, so that the order of the data does not matter.</summary>
    internal (int[] A, int[] B) Rows(string estimator)
    {
        var (a, b) = (new List<int>(), new List<int>());
        foreach (var pair in Support)
        {
            var weight = pair.Joint * Samples;
            var count = (int)Math.Round(weight);
            if (Math.Abs(weight - count) > 1e-6 * count)
                throw new EmergenceException(
                    $"estimator '{estimator}' works on rows that are all alike: expected whole-number weights, found {weight}",
                    ExitCode.Usage);
            a.AddRange(Enumerable.Repeat(pair.A, count));
            b.AddRange(Enumerable.Repeat(pair.B, count));
        }

        return ([.. a], [.. b]);
    }

    /// <summary>I_emp of what columns start .. start + count - 1 of both sides tell, as far as these exist.</summary>
    internal double SliceBits(int start, int count)
    {
        int[] Classes(RowClasses side)
        {
            var columns = Math.Min(count, side.Columns - start);
            return new RowClasses(side.Slice(start, columns), columns, side.Weights).ClassOfUnit.ToArray();
        }

        var (ofX, ofY) = (Classes(X), Classes(Y));
        double Entropy(IEnumerable<(int Class, double Weight)> weights) =>
            weights.GroupBy(entry => entry.Class, entry => entry.Weight).OrderBy(group => group.Key).Select(group => group.Sum())
                .Sum(weight => -weight * Math.Log2(weight));
        var x = Entropy(Support.Select(pair => (ofX[pair.A], pair.Joint)));
        var y = Entropy(Support.Select(pair => (ofY[pair.B], pair.Joint)));
        var both = Support.GroupBy(pair => (ofX[pair.A], ofY[pair.B]), pair => pair.Joint).OrderBy(group => group.Key)
            .Select(group => group.Sum()).Sum(weight => -weight * Math.Log2(weight));
        return Math.Max(0, x + y - both);
    }

    private static ClassPair[] FindSupport(RowClasses x, RowClasses y)
    {
        if (!x.UnitWeights.SequenceEqual(y.UnitWeights))
            throw new ArgumentException("x and y are not of the same units");
        var weights = new Dictionary<(int A, int B), double>();
        for (var unit = 0; unit < x.UnitWeights.Length; unit++)
        {
            var key = (x.ClassOfUnit[unit], y.ClassOfUnit[unit]);
            weights[key] = weights.GetValueOrDefault(key) + x.UnitWeights[unit];
        }

        return [.. weights.OrderBy(entry => entry.Key).Select(entry =>
            new ClassPair(entry.Key.A, entry.Key.B, entry.Value / x.TotalWeight, x.Weights[entry.Key.A] * y.Weights[entry.Key.B]))];
    }
}
