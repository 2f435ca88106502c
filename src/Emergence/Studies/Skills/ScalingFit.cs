using Emergence.Devices.Randomness;
using Emergence.Information.Gaussian;

namespace Emergence.Studies.Skills;

/// <summary>
/// A scaling law fitted to runs: residuals are of ln L, under Huber's loss with the scale taken from the data, so that a few
/// runs that went wrong do little. Starts come from a grid of exponents, for which A, B and C are a linear problem; then
/// Levenberg and Marquardt's steps on all five. Intervals are those of a residual bootstrap.
/// </summary>
internal sealed class ScalingFit
{
    public const int LeastRuns = 6;
    public const int LeastValues = 3;

    private const int Unknowns = 5;
    private const int GridSteps = 16;
    private const int Starts = 4;
    private const double LeastFloor = 0.01; // share of the mean loss; at A = 0 the slope in sqrt A vanishes, and a start there never leaves
    private const double LeastExponent = 0.02, MostExponent = 2.5;

    private readonly double[] _size; // ln(N / N0) of each run
    private readonly double[] _data; // ln(D / D0)
    private readonly double[] _logLoss;
    private readonly double _meanSize; // ln N0
    private readonly double _meanData;
    private readonly double[] _point;

    public ScalingFit(IReadOnlyList<ScalingRun> runs)
    {
        Runs = runs;
        Require(runs.Count >= LeastRuns, $"{LeastRuns} runs or more, found {runs.Count}");
        Require(runs.Select(run => run.Parameters).Distinct().Count() >= LeastValues, $"{LeastValues} different N or more");
        Require(runs.Select(run => run.Tokens).Distinct().Count() >= LeastValues, $"{LeastValues} different D or more");
        (_meanSize, _meanData) = (runs.Average(run => Math.Log(run.Parameters)), runs.Average(run => Math.Log(run.Tokens)));
        _size = [.. runs.Select(run => Math.Log(run.Parameters) - _meanSize)];
        _data = [.. runs.Select(run => Math.Log(run.Tokens) - _meanData)];
        _logLoss = [.. runs.Select(run => Math.Log(run.Loss))];
        var solver = new ScalingSolver(_size, _data, _logLoss);
        var found = GridStarts().Select(solver.Solve).OrderBy(end => end.Distance).ToList();
        _point = found.Count > 0
            ? found[0].Point
            : throw new EmergenceException("expected runs of the form A + B/N^a + C/D^b, found a loss that does not fall with N and with D",
                ExitCode.Usage);
        Law = LawAt(_point);
        Residuals = [.. runs.Select((run, i) => _logLoss[i] - Math.Log(Law.Loss(run.Parameters, run.Tokens)))];
    }

    public IReadOnlyList<ScalingRun> Runs { get; }

    public ScalingLaw Law { get; }

    private double MeanLoss => Math.Exp(_logLoss.Average());

    /// <summary>ln L - ln L(N, D) of each run.</summary>
    public IReadOnlyList<double> Residuals { get; }

    /// <summary>Laws fitted to resampled data: the law's losses times resampled residuals, widened for the five constants.</summary>
    public IReadOnlyList<ScalingLaw> Resample(int count, ulong seed)
    {
        var widened = Math.Sqrt(Runs.Count / (double)(Runs.Count - Unknowns));
        var mean = Residuals.Average();
        var laws = new ScalingLaw[count];
        for (var draw = 0; draw < count; draw++)
        {
            var random = new RandomSequence(seed, (uint)draw, RandomStream.Resampling);
            var logLoss = _logLoss.Select((y, i) => y - Residuals[i] + widened * (Residuals[random.NextInt(Runs.Count)] - mean)).ToArray();
            laws[draw] = LawAt(new ScalingSolver(_size, _data, logLoss).Solve(_point).Point);
        }

        return laws;
    }

    /// <summary>The 95 % interval of a number of the law.</summary>
    public static (double Low, double High) Interval(IReadOnlyList<ScalingLaw> laws, Func<ScalingLaw, double> number)
    {
        var sorted = laws.Select(number).Order().ToArray();
        return (Quantile(sorted, 0.025), Quantile(sorted, 0.975));
    }

    private static double Quantile(double[] sorted, double share)
    {
        var at = share * (sorted.Length - 1);
        var below = (int)at;
        return below + 1 < sorted.Length ? sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]) : sorted[below];
    }

    private static void Require(bool condition, string expected)
    {
        if (!condition)
            throw new EmergenceException($"a scaling law has five constants: expected {expected}", ExitCode.Usage);
    }

    /// <summary>From (sqrt A, ln B', a, ln C', b) with B' and C' at the mean ln N and ln D.</summary>
    private ScalingLaw LawAt(double[] point) => new(
        point[0] * point[0], Math.Exp(point[1] + point[2] * _meanSize), point[2], Math.Exp(point[3] + point[4] * _meanData), point[4]);

    /// <summary>The exponents of the grid with the least relative squares, each with its best A, B and C.</summary>
    private IEnumerable<double[]> GridStarts()
    {
        var exponents = Enumerable.Range(0, GridSteps)
            .Select(i => LeastExponent * Math.Pow(MostExponent / LeastExponent, i / (GridSteps - 1.0))).ToArray();
        var points = from a in exponents from b in exponents let found = Linear(a, b) where found.Point != null select found;
        return points.OrderBy(found => found.Squares).Take(Starts).Select(found => found.Point!);
    }

    /// <summary>Least squares of L(N, D) / L - 1 in A, B and C; A = 0 if it would be negative, none if B or C would.</summary>
    private (double Squares, double[]? Point) Linear(double a, double b)
    {
        foreach (var first in (int[])[0, 1])
        {
            var (normal, right, columns) = (new double[9], new double[3], new double[3]);
            for (var i = 0; i < _size.Length; i++)
            {
                Columns(i, a, b, columns);
                for (var j = 0; j < 3; j++)
                {
                    right[j] += columns[j];
                    for (var k = 0; k < 3; k++)
                        normal[j * 3 + k] += columns[j] * columns[k];
                }
            }

            var size = 3 - first;
            if (SymmetricMatrix.Factor(SymmetricMatrix.Block(normal, 3, first, size), size) is not { } factor)
                continue;
            double[] found = [.. new double[first], .. SymmetricMatrix.Solve(factor, size, right.AsSpan(first))];
            if (found[1] <= 0 || found[2] <= 0)
                return (0, null);
            if (found[0] < 0)
                continue;
            var squares = 0.0;
            for (var i = 0; i < _size.Length; i++)
            {
                Columns(i, a, b, columns);
                squares += Math.Pow(columns[0] * found[0] + columns[1] * found[1] + columns[2] * found[2] - 1, 2);
            }

            return (squares, [Math.Sqrt(Math.Max(found[0], LeastFloor * MeanLoss)), Math.Log(found[1]), a, Math.Log(found[2]), b]);
        }

        return (0, null);
    }

    private void Columns(int run, double a, double b, double[] columns)
    {
        var weight = Math.Exp(-_logLoss[run]);
        (columns[0], columns[1], columns[2]) = (weight, weight * Math.Exp(-a * _size[run]), weight * Math.Exp(-b * _data[run]));
    }
}
