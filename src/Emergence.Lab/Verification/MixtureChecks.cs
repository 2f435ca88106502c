using Emergence.Devices.Reference;
using Pair = (Emergence.Devices.Tensors.Tensor Tested, Emergence.Devices.Tensors.Tensor Expected);

namespace Emergence.Lab.Verification;

/// <summary>What noise leaves of states: distances of rows, and sums over the components of a normal mixture.</summary>
internal static class MixtureChecks
{
    /// <summary>Units by which an exponential errs beside its exponent.</summary>
    private const int ExponentialUnits = 8;

    private static readonly (int Rows, int Others, int Columns)[] s_rows =
        [(1, 1, 1), (3, 31, 33), (33, 257, 3), (31, 33, 257), (65, 1, 31)];

    private static readonly (int Draws, int Components, int Rows, int Sizes)[] s_draws =
        [(1, 1, 1, 1), (3, 31, 2, 3), (33, 257, 7, 8), (5, 33, 5, 1), (31, 1, 3, 2)];

    public static IEnumerable<OpCheck> All(bool small)
    {
        // 1,024 draws among 2,048 states of SmolLM2-135M.
        foreach (var (rows, others, columns) in (IEnumerable<(int, int, int)>)[.. s_rows, small ? (40, 300, 64) : (1024, 2048, 576)])
            yield return new(
                "SquareDistances", $"({rows}, {columns}) and ({others}, {columns})", run => Squares(run, rows, others, columns));
        foreach (var (draws, components, rows, sizes) in (IEnumerable<(int, int, int, int)>)
            [.. s_draws, small ? (40, 600, 40, 8) : (1024, 2048, 1024, 8)])
        {
            foreach (var hasDots in (bool[])[true, false])
                yield return new("SumMixture",
                    $"{draws} draws, {components} components, {sizes} sizes{(hasDots ? "" : ", no dots")}", run =>
                    Sum(run, draws, components, rows, sizes, hasDots));
        }
    }

    private static void Squares(OpRun run, int rows, int others, int columns)
    {
        // Every third row of b lies close to one of a, or on it.
        var (left, right) = (OpInputs.Values(run.Generator, rows * columns), OpInputs.Values(run.Generator, others * columns));
        for (var k = 0; k < others; k += 3)
        {
            for (var c = 0; c < columns; c++)
                right[k * columns + c] = (float)(left[k % rows * columns + c] + (k % 2 == 0 ? 0 : 1e-3 * right[k * columns + c]));
        }

        var (a, b, y) = (run.Matrix(left, rows, columns), run.Matrix(right, others, columns), run.Random(rows, others));
        var same = run.Indices([.. Enumerable.Range(0, rows).Select(m => m % 2 == 0 ? m % others : -1)]);
        foreach (var itself in (Pair?[])[null, same])
        {
            run.Both((device, on) => device.SquareDistances(on(a), on(b), itself is { } known ? on(known) : null, on(y)));
            var squares = run.Read(y, true);

            // By a product where the distance is not small beside the squares of both rows, else by differences.
            run.Compare(y, i => double.IsInfinity(squares[i]) ? 0 : 3 * new Precision(run.Precision.Sum).Chain(columns + 2)
                * Math.Min(Of(left, i / others) + Of(right, i % others), 50 * squares[i]));
        }

        double Of(double[] values, int row) => Enumerable.Range(row * columns, columns).Sum(i => values[i] * values[i]);
    }

    private static void Sum(OpRun run, int draws, int components, int rows, int sizes, bool hasDots)
    {
        double[] apart = [.. OpInputs.Values(run.Generator, rows * components, 8).Select(Math.Abs)];
        for (var m = 0; m < rows; m++)
            apart[m * components + m % components] = double.PositiveInfinity;
        double[] weights = [.. OpInputs.Values(run.Generator, components, 3).Select(value => -Math.Abs(value))];
        double[] inverse = [.. Enumerable.Range(0, sizes).Select(i => (double)(float)Math.Pow(2, 2 - i))];
        var (dots, squares, logs, own, inverses, sums) = (hasDots ? run.Random(draws, components) : (Pair?)null,
            run.Matrix(apart, rows, components), run.Matrix(weights, 1, components), run.Random(draws, 2), run.Matrix(inverse, 1, sizes),
            run.Random(draws, 2 * sizes));
        var ofDraw = run.RandomIndices(draws, rows);
        run.Both((device, on) => device.SumMixture(dots is { } known ? on(known) : null, on(squares), on(ofDraw), on(logs), on(own),
            on(inverses), on(sums)));

        var (along, of, row) = (dots is { } read ? run.Read(read, true) : null, run.Read(own, true), MatrixView.Indices(ofDraw.Expected));
        run.Compare(sums, at =>
        {
            var (p, i, sign) = (at / (2 * sizes), at % (2 * sizes) / 2, at % 2 == 0 ? 1 : -1);
            var (r, bound, sum) = (inverse[i], 0.0, 0.0);
            for (var k = 0; k < components; k++)
            {
                var (square, dot) = (apart[row[p] * components + k], along == null ? 0 : along[p * components + k]);
                if (double.IsInfinity(square))
                    continue;
                var term = Math.Exp(weights[k] - of[2 * p + 1] - square * r * r / 2 + sign * (dot - of[2 * p]) * r);
                sum += term;
                bound += term * (ExponentialUnits + 3 * (square * r * r / 2 + Math.Abs(weights[k]) + Math.Abs(of[2 * p + 1]))
                    + 3 * r * (Math.Abs(dot) + Math.Abs(of[2 * p])));
            }

            // Terms beyond what single precision tells from 0 beside 1 may be left out.
            return run.Precision.Sum * bound + run.Precision.Chain(components) * sum + components * Math.Exp(-40);
        });
    }
}
