using Emergence.Devices.Tensors;

namespace Emergence.Devices.Critics;

/// <summary>
/// A statistics network on a device: the memory of its two passes, over up to Kx and Ky rows of inputs and up to R pairs, and the
/// passes themselves. Its parameters are the caller's.
/// </summary>
public abstract class Critic(CriticShape shape, int xRows, int yRows, int pairs) : IDisposable
{
    public CriticShape Shape { get; } = shape;

    /// <summary>Kx at most.</summary>
    public int XRows { get; } = xRows;

    /// <summary>Ky at most.</summary>
    public int YRows { get; } = yRows;

    /// <summary>R at most.</summary>
    public int Pairs { get; } = pairs;

    /// <summary>(Pairs, 1): T of the last forward pass.</summary>
    public abstract Tensor Scores { get; }

    /// <summary>(Pairs, 1): gradient by T, set before the backward pass.</summary>
    public abstract Tensor ScoreGradients { get; }

    /// <summary>T(x_a, y_b) of every pair, into <see cref="Scores"/>; keeps what the backward pass needs.</summary>
    /// <param name="parameters">(1, P).</param>
    /// <param name="x">(Kx, dx).</param>
    /// <param name="y">(Ky, dy).</param>
    /// <param name="a">(R, 1) Int32: row of x of each pair.</param>
    /// <param name="b">(R, 1) Int32: row of y of each pair.</param>
    public void Forward(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b)
    {
        Require(parameters, x, y, a, b, nameof(Forward));
        ForwardCore(parameters, x, y, a, b);
    }

    /// <summary>
    /// Gradient by all parameters, given <see cref="ScoreGradients"/>, after a <see cref="Forward"/> with the same arguments.
    /// </summary>
    /// <param name="parameters">(1, P).</param>
    /// <param name="x">(Kx, dx).</param>
    /// <param name="y">(Ky, dy).</param>
    /// <param name="a">(R, 1) Int32: row of x of each pair.</param>
    /// <param name="b">(R, 1) Int32: row of y of each pair.</param>
    /// <param name="gradient">(1, P), overwritten.</param>
    public void Backward(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient)
    {
        Require(parameters, x, y, a, b, nameof(Backward));
        BackwardCore(parameters, x, y, a, b, gradient);
    }

    public abstract void Dispose();

    protected abstract void ForwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b);

    protected abstract void BackwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient);

    private void Require(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, string pass)
    {
        var fits = parameters.Columns == Shape.ParameterCount && x.Columns == Shape.XColumns && y.Columns == Shape.YColumns
            && a.Rows == b.Rows && a.Rows <= Pairs && x.Rows <= XRows && y.Rows <= YRows
            && a.Type == DType.Int32 && b.Type == DType.Int32;
        if (!fits)
        {
            throw new ArgumentException(
                $"{pass}: expected parameters (1, {Shape.ParameterCount}), x ({XRows}, {Shape.XColumns}), y ({YRows}, {Shape.YColumns}), " +
                $"at most {Pairs} pairs, found {parameters}, {x}, {y}, {a}, {b}");
        }
    }
}
