namespace Emergence.Information.Exact;

/// <summary>A pair of classes with its weight under the joint distribution and under the product of the margins.</summary>
/// <param name="A">Class of x.</param>
/// <param name="B">Class of y.</param>
/// <param name="Joint">p_ab.</param>
/// <param name="Product">u_a v_b.</param>
public readonly record struct ClassPair(int A, int B, double Joint, double Product);

/// <summary>Pairs of classes that occur and the weights of all classes: what a critic on the support is trained by.</summary>
public class WeightedPairs
{
    private readonly double[] _xWeights;
    private readonly double[] _yWeights;
    private readonly ClassPair[] _support;
    private readonly (int A, int B)[]? _occurring;

    /// <param name="xWeights">u of every class of x.</param>
    /// <param name="yWeights">v of every class of y.</param>
    /// <param name="support">By a, then b.</param>
    /// <param name="occurring">Those and others that occur but weigh nothing here, in the same order; by default only those.</param>
    private protected WeightedPairs(ReadOnlySpan<double> xWeights, ReadOnlySpan<double> yWeights, ClassPair[] support,
        (int A, int B)[]? occurring = null)
    {
        (_xWeights, _yWeights, _support, _occurring) = (xWeights.ToArray(), yWeights.ToArray(), support, occurring);
        SupportProduct = support.Sum(pair => pair.Product);
    }

    /// <summary>u of every class of x.</summary>
    public ReadOnlySpan<double> XWeights => _xWeights;

    /// <summary>v of every class of y.</summary>
    public ReadOnlySpan<double> YWeights => _yWeights;

    /// <summary>S: the pairs that occur, by a, then b.</summary>
    public IReadOnlyList<ClassPair> Support => _support;

    /// <summary>Pairs that are not off the support, by a, then b.</summary>
    internal (int A, int B)[] Occurring => _occurring ?? [.. _support.Select(pair => (pair.A, pair.B))];

    /// <summary>Pairs off the support.</summary>
    internal long OffSupport => GridSize - (_occurring?.Length ?? _support.Length);

    /// <summary>sum_S u v, which is 1 - m.</summary>
    public double SupportProduct { get; }

    /// <summary>K_x K_y.</summary>
    public long GridSize => (long)_xWeights.Length * _yWeights.Length;

    /// <summary>The whole grid, a-major, but for what weighs nothing here though it occurs; p is 0 off the support.</summary>
    public IEnumerable<ClassPair> AllPairs()
    {
        var (next, occurring, passed) = (0, Occurring, 0);
        for (var a = 0; a < _xWeights.Length; a++)
        {
            for (var b = 0; b < _yWeights.Length; b++)
            {
                var occurs = passed < occurring.Length && occurring[passed] == (a, b);
                passed += occurs ? 1 : 0;
                if (!occurs)
                    yield return new(a, b, 0, _xWeights[a] * _yWeights[b]);
                else if (next < _support.Length && _support[next].A == a && _support[next].B == b)
                    yield return _support[next++];
            }
        }
    }

    /// <summary>log2 p / (u v).</summary>
    private protected static double PointwiseBits(ClassPair pair) => Math.Log2(pair.Joint / pair.Product);

    /// <summary>sum_S p log2(p / (u v)).</summary>
    private protected double PointwiseMean() => _support.Sum(pair => pair.Joint * PointwiseBits(pair));
}
