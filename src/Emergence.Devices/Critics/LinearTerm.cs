using Emergence.Devices.Tensors;

namespace Emergence.Devices.Critics;

/// <summary>
/// What may be added to a critic's scores: g(a) + h(b) with g = F w over features F of the rows of x, h of y, trained from zero
/// beside the critic at a rate of its own. It learns how often each row occurs, which a score that is constant on the pairs
/// that occur cannot say.
/// </summary>
public sealed class LinearTerm : IDisposable
{
    private readonly Tensor _ofX;
    private readonly Tensor _ofY;

    /// <param name="device">Holds the state.</param>
    /// <param name="x">(Kx, cx) features, borrowed.</param>
    /// <param name="y">(Ky, cy) features, borrowed.</param>
    public LinearTerm(Device device, Tensor x, Tensor y)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        (X, Y) = (x, y);
        var count = x.Columns + y.Columns;
        try
        {
            Parameters = device.Allocate(1, count);
            Gradient = device.Allocate(1, count);
            FirstMoment = device.Allocate(1, count);
            SecondMoment = device.Allocate(1, count);
            _ofX = device.Allocate(x.Rows, 1);
            _ofY = device.Allocate(y.Rows, 1);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>(Kx, cx).</summary>
    public Tensor X { get; }

    /// <summary>(Ky, cy).</summary>
    public Tensor Y { get; }

    /// <summary>(1, cx + cy): weights of x, then of y.</summary>
    public Tensor Parameters { get; }

    /// <summary>(1, cx + cy).</summary>
    public Tensor Gradient { get; }

    /// <summary>(1, cx + cy).</summary>
    public Tensor FirstMoment { get; }

    /// <summary>(1, cx + cy).</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Learning rate of each step (0 is the first).</summary>
    public required Func<int, double> Rate { get; init; }

    /// <summary>Multiply-adds of a step: forward, and for the weights' gradient.</summary>
    public double StepMultiplyAdds => 2.0 * ((double)X.Rows * X.Columns + (double)Y.Rows * Y.Columns);

    /// <summary>Adds the term to the score of every pair.</summary>
    /// <param name="device">Works.</param>
    /// <param name="scores">(R, 1).</param>
    /// <param name="a">(R, 1) Int32: row of x of each pair.</param>
    /// <param name="b">(R, 1) Int32: row of y of each pair.</param>
    public void Forward(Device device, Tensor scores, Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(device);
        device.WeighRows(X, Weights(Parameters, X, 0), _ofX);
        device.WeighRows(Y, Weights(Parameters, Y, X.Columns), _ofY);
        device.Embed(a, _ofX, 1, scores, accumulate: true);
        device.Embed(b, _ofY, 1, scores, accumulate: true);
    }

    /// <summary>The gradient by the weights.</summary>
    /// <param name="device">Works.</param>
    /// <param name="scoreGradients">(R, 1): gradient by every score.</param>
    /// <param name="a">(R, 1) Int32: row of x of each pair.</param>
    /// <param name="b">(R, 1) Int32: row of y of each pair.</param>
    public void Backward(Device device, Tensor scoreGradients, Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(device);
        device.SumByIndex(scoreGradients, a, _ofX);
        device.SumByIndex(scoreGradients, b, _ofY);
        device.SumWeightedRows(X, _ofX, Weights(Gradient, X, 0));
        device.SumWeightedRows(Y, _ofY, Weights(Gradient, Y, X.Columns));
    }

    /// <summary>Frees the tensors; some may be missing, if making them failed half-way.</summary>
    public void Dispose()
    {
        foreach (var tensor in new[] { Parameters, Gradient, FirstMoment, SecondMoment, _ofX, _ofY })
            tensor?.Dispose();
    }

    private static Tensor Weights(Tensor all, Tensor features, int start) => all.ColumnRange(start, features.Columns);
}
