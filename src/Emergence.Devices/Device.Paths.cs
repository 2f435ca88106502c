using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>A selective scan: every head has channels of its own state, (channels of a head, S), that start at zero.</summary>
/// <param name="Heads">H.</param>
/// <param name="Groups">Neighbouring heads that share what goes into the state and what reads it; divides H.</param>
/// <param name="LogRates">(H, 1), or (H, S): logarithms of the rates at which a state decays.</param>
/// <param name="Skip">(1, H): factor of the input that is added to the result.</param>
public sealed record ScanShape(int Heads, int Groups, Tensor LogRates, Tensor Skip)
{
    /// <summary>(1, H): added to the steps before their function; or none.</summary>
    public Tensor? StepBias { get; init; }

    /// <summary>Steps are cut off at these.</summary>
    public float LeastStep { get; init; }

    public float MostStep { get; init; } = float.PositiveInfinity;
}

/// <summary>A gated delta rule: every value head has a state (columns of a key, columns of a value) that starts at zero.</summary>
/// <param name="KeyHeads">Divides <paramref name="ValueHeads"/>; neighbouring value heads share one.</param>
/// <param name="ValueHeads">H.</param>
/// <param name="LogRates">(H, 1): logarithms of the rates at which a state decays.</param>
/// <param name="StepBias">(1, H): added to the steps before their function.</param>
public sealed record DeltaShape(int KeyHeads, int ValueHeads, Tensor LogRates, Tensor StepBias);

/// <content>What goes along the paths of a forest, each row from where its parent left off.</content>
public abstract partial class Device
{
    /// <summary>
    /// A convolution of every column with the rows before it: y[n] = activation(bias + sum over j of weight[., K - 1 - j] * x[the j-th
    /// row before n]), where rows before the start of a path are zero.
    /// </summary>
    /// <param name="x">(N, c).</param>
    /// <param name="paths">The paths of the N rows.</param>
    /// <param name="weight">(c, K).</param>
    /// <param name="bias">(1, c), or none.</param>
    /// <param name="activation">What the sums pass through.</param>
    /// <param name="y">(N, c); not x.</param>
    public void ConvolvePaths(Tensor x, ForestPaths paths, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        ArgumentNullException.ThrowIfNull(paths);
        Require(SameShape(x, y) && paths.Parents.Rows == x.Rows && weight.Rows == x.Columns && IsRow(bias, x), nameof(ConvolvePaths),
            "x (N, c), parents (N, 1), weight (c, K), bias (1, c), y (N, c)", x, paths.Parents, weight, bias, y);
        ConvolvePathsCore(x, paths, weight, bias, activation, y);
    }

    /// <summary>
    /// A state for every channel along each path: with step d = the cut off softplus of steps + bias and rate a = e^LogRates,
    /// state = e^(-d a) * the parent's state + d x b, and y = state c + skip x.
    /// </summary>
    /// <param name="x">(N, H * channels of a head).</param>
    /// <param name="steps">(N, H).</param>
    /// <param name="b">(N, G * S): what goes into the state.</param>
    /// <param name="c">(N, G * S): what reads it.</param>
    /// <param name="paths">The paths of the N rows.</param>
    /// <param name="shape">Sizes and what is stored.</param>
    /// <param name="y">As x; not x.</param>
    public void ScanPaths(Tensor x, Tensor steps, Tensor b, Tensor c, ForestPaths paths, ScanShape shape, Tensor y)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(shape);
        var (heads, states) = (shape.Heads, b.Columns / shape.Groups);
        var fits = SameShape(x, y) && SameShape(b, c) && x.Columns % heads == 0 && heads % shape.Groups == 0 && steps.Columns == heads
            && b.Columns % shape.Groups == 0 && steps.Rows == x.Rows && b.Rows == x.Rows && paths.Parents.Rows == x.Rows
            && shape.LogRates.Rows == heads && (shape.LogRates.Columns == 1 || shape.LogRates.Columns == states)
            && IsRow(shape.Skip, steps) && IsRow(shape.StepBias, steps);
        Require(fits, nameof(ScanPaths), $"x (N, {heads} heads), steps (N, {heads}), b, c (N, {shape.Groups} * S), parents (N, 1), "
            + $"rates ({heads}, 1 or S), skip (1, {heads}), bias (1, {heads}), y as x", x, steps, b, c, paths.Parents, shape.LogRates,
            shape.Skip, shape.StepBias, y);
        ScanPathsCore(x, steps, b, c, paths, shape, y);
    }

    /// <summary>
    /// A state for every value head along each path: decayed = e^(-a softplus(steps + bias)) * the parent's state, with a =
    /// e^LogRates; state = decayed + k (v - decayed' k)' * sigmoid(gates), and y = state' q.
    /// </summary>
    /// <param name="q">(N, key heads * columns of a key).</param>
    /// <param name="k">(N, key heads * columns of a key).</param>
    /// <param name="v">(N, H * columns of a value).</param>
    /// <param name="steps">(N, H).</param>
    /// <param name="gates">(N, H).</param>
    /// <param name="paths">The paths of the N rows.</param>
    /// <param name="shape">Sizes and what is stored.</param>
    /// <param name="y">As v; not v.</param>
    public void DeltaPaths(Tensor q, Tensor k, Tensor v, Tensor steps, Tensor gates, ForestPaths paths, DeltaShape shape, Tensor y)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(shape);
        var heads = shape.ValueHeads;
        var fits = SameShape(q, k) && SameShape(v, y) && SameShape(steps, gates) && steps.Columns == heads && q.Rows == v.Rows
            && steps.Rows == v.Rows && q.Columns % shape.KeyHeads == 0 && heads % shape.KeyHeads == 0 && v.Columns % heads == 0
            && paths.Parents.Rows == v.Rows && shape.LogRates.Rows == heads && shape.LogRates.Columns == 1 && IsRow(shape.StepBias, steps);
        Require(fits, nameof(DeltaPaths), $"q, k (N, {shape.KeyHeads} heads), v (N, {heads} heads), steps, gates (N, {heads}), "
            + $"parents (N, 1), rates ({heads}, 1), bias (1, {heads}), y as v", q, k, v, steps, gates, paths.Parents, shape.LogRates,
            shape.StepBias, y);
        DeltaPathsCore(q, k, v, steps, gates, paths, shape, y);
    }

    /// <summary>Bytes that a recurrence holds beside its operands: a state of so many numbers for every channel, in every place.</summary>
    /// <param name="places">As <see cref="ForestPaths.CountPlaces"/> says of the forest.</param>
    /// <param name="channels">Channels of all heads together.</param>
    /// <param name="size">Numbers of a channel's state.</param>
    public virtual long StateBytes(int places, int channels, int size) => sizeof(float) * (long)places * channels * size;

    protected abstract void ConvolvePathsCore(Tensor x, ForestPaths paths, Tensor weight, Tensor? bias, Activation activation, Tensor y);

    protected abstract void ScanPathsCore(Tensor x, Tensor steps, Tensor b, Tensor c, ForestPaths paths, ScanShape shape, Tensor y);

    protected abstract void DeltaPathsCore(
        Tensor q, Tensor k, Tensor v, Tensor steps, Tensor gates, ForestPaths paths, DeltaShape shape, Tensor y);
}
