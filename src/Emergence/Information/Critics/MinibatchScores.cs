using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Information.Critics;

/// <summary>A critic's parameters and its scores of rows and of rows with the y of other rows.</summary>
internal sealed class MinibatchScores : IDisposable
{
    /// <summary>Pairs scored at once, fewer if memory is short.</summary>
    public const int ScoredAtOnce = 1 << 15;

    private readonly Device _device;
    private readonly CriticShape _shape;
    private readonly Tensor _x;
    private readonly Tensor _y;
    private readonly int[] _classX;
    private readonly int[] _classY;
    private readonly Tensor _batchX;
    private readonly Tensor _batchY;
    private readonly Tensor _batchA;
    private readonly Tensor _batchB;
    private readonly Critic _critic;
    private readonly double[] _batchScores;

    /// <param name="device">Computes.</param>
    /// <param name="shape">The critic.</param>
    /// <param name="x">(Kx, dx), borrowed.</param>
    /// <param name="y">(Ky, dy), borrowed.</param>
    /// <param name="classX">(N): where x of a row lies.</param>
    /// <param name="classY">(N): where y of a row lies.</param>
    /// <param name="batchRows">Rows of a step.</param>
    /// <param name="shifts">Other rows whose y each x meets in a step.</param>
    /// <param name="initial">ParameterCount parameters.</param>
    public MinibatchScores(Device device, CriticShape shape, Tensor x, Tensor y, int[] classX, int[] classY, int batchRows, int shifts,
        float[] initial)
    {
        (_device, _shape, _x, _y, _classX, _classY) = (device, shape, x, y, classX, classY);
        _batchX = device.Allocate(batchRows, shape.XColumns);
        _batchY = device.Allocate(batchRows, shape.YColumns);
        var (a, b) = ShiftedPairs(batchRows, 0, (shifts + 1) * batchRows);
        (_batchA, _batchB) = (device.AllocateIndices(a), device.AllocateIndices(b));
        _critic = device.CreateCritic(shape, batchRows, batchRows, a.Length);
        _batchScores = new double[a.Length];
        Parameters = device.Allocate(1, shape.ParameterCount);
        device.Upload(initial, Parameters);
    }

    /// <summary>(1, P).</summary>
    public Tensor Parameters { get; }

    /// <summary>Multiply-adds of a step.</summary>
    public double StepCost => _shape.StepMultiplyAdds(_batchX.Rows, _batchY.Rows, _batchA.Rows);

    /// <summary>Scores of a step, kept for <see cref="Backward"/>.</summary>
    public double[] Forward(ReadOnlySpan<int> rows)
    {
        Gather(rows, _batchX, _batchY);
        _critic.Forward(Parameters, _batchX, _batchY, _batchA, _batchB);
        _device.Download(_critic.Scores.RowRange(0, _batchScores.Length), _batchScores);
        return _batchScores;
    }

    /// <summary>Gradient by the parameters, of the last step's rows.</summary>
    public void Backward(ReadOnlySpan<double> scoreGradients, Tensor gradient)
    {
        _device.Upload(scoreGradients, _critic.ScoreGradients.RowRange(0, scoreGradients.Length));
        _critic.Backward(Parameters, _batchX, _batchY, _batchA, _batchB, gradient);
    }

    /// <summary>(shifts + 1, n) scores of rows that are only judged.</summary>
    public double[] Score(ReadOnlySpan<int> rows, int shifts)
    {
        using var x = _device.Allocate(rows.Length, _shape.XColumns);
        using var y = _device.Allocate(rows.Length, _shape.YColumns);
        Gather(rows, x, y);
        var scores = new double[(shifts + 1) * rows.Length];
        var count = rows.Length;
        var (made, tile) = Tiles.Fit(Math.Min(ScoredAtOnce, scores.Length), pairs => _device.CreateCritic(_shape, count, count, pairs));
        using var critic = made;
        for (var start = 0; start < scores.Length; start += tile)
        {
            count = Math.Min(tile, scores.Length - start);
            var pairs = ShiftedPairs(rows.Length, start, count);
            using var a = _device.AllocateIndices(pairs.A);
            using var b = _device.AllocateIndices(pairs.B);
            critic.Forward(Parameters, x, y, a, b);
            _device.Download(critic.Scores.RowRange(0, count), scores.AsSpan(start, count));
        }

        return scores;
    }

    public void Dispose()
    {
        _critic.Dispose();
        foreach (var tensor in new[] { _batchX, _batchY, _batchA, _batchB, Parameters })
            tensor.Dispose();
    }

    private void Gather(ReadOnlySpan<int> rows, Tensor x, Tensor y)
    {
        var (a, b) = (new int[rows.Length], new int[rows.Length]);
        for (var i = 0; i < rows.Length; i++)
            (a[i], b[i]) = (_classX[rows[i]], _classY[rows[i]]);
        using var fromX = _device.AllocateIndices(a);
        using var fromY = _device.AllocateIndices(b);
        _device.GatherRows(_x, fromX, x);
        _device.GatherRows(_y, fromY, y);
    }

    /// <summary>Entries start .. start + count - 1 of (shift, row): row i of x with row (i + shift) mod n of y.</summary>
    private static (int[] A, int[] B) ShiftedPairs(int rows, int start, int count)
    {
        var (a, b) = (new int[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            var (shift, row) = Math.DivRem(start + i, rows);
            (a[i], b[i]) = (row, (row + shift) % rows);
        }

        return (a, b);
    }
}
