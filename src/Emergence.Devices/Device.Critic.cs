using System.Runtime.InteropServices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>What one evaluation of the Donsker-Varadhan bound says, in nats: V = Joint - LogPartition.</summary>
/// <param name="Joint">sum_r p_r T_r.</param>
/// <param name="LogPartition">L = ln sum_r q_r e^(T_r).</param>
/// <param name="MaxScore">Largest |T_r|.</param>
/// <param name="NonFinite">Number of T_r that are NaN or infinite.</param>
public readonly record struct CriticValue(double Joint, double LogPartition, double MaxScore, int NonFinite)
{
    /// <summary>V / ln 2.</summary>
    public double Bits => (Joint - LogPartition) / Math.Log(2);
}

/// <content>The ops that train statistics networks (MINE).</content>
public abstract partial class Device
{
    /// <summary>Leaky ReLU slope of the published critic.</summary>
    public const double LeakySlope = 0.01;

    /// <summary>z[r] = zx[a[r]] + zy[b[r]], through the leaky ReLU.</summary>
    /// <param name="zx">(Kx, w).</param>
    /// <param name="a">(R, 1) Int32, each in 0 .. Kx-1.</param>
    /// <param name="zy">(Ky, w).</param>
    /// <param name="b">(R, 1) Int32, each in 0 .. Ky-1.</param>
    /// <param name="y">(R, w).</param>
    public void AddPairs(Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y)
    {
        Require(
            zx.Columns == y.Columns && zy.Columns == y.Columns && a.Rows == y.Rows && b.Rows == y.Rows && a.Type == DType.Int32
                && b.Type == DType.Int32,
            nameof(AddPairs), "zx (Kx, w), a (R, 1), zy (Ky, w), b (R, 1), y (R, w)", zx, a, zy, b, y);
        AddPairsCore(zx, a, zy, b, y);
    }

    /// <summary>dz = dy * f'(z) of the leaky ReLU y = f(z), told by the sign of y, in place.</summary>
    /// <param name="y">(R, w), outputs of the forward pass.</param>
    /// <param name="dy">(R, w), in: dL/dy; out: dL/dz.</param>
    public void LeakyReluGradient(Tensor y, Tensor dy)
    {
        Require(SameShape(y, dy), nameof(LeakyReluGradient), "y (R, w), dy (R, w)", y, dy);
        LeakyReluGradientCore(y, dy);
    }

    /// <summary>sums[c] = sum_r x[r, c], in a fixed order.</summary>
    /// <param name="x">(R, c).</param>
    /// <param name="sums">(1, c).</param>
    public void SumRows(Tensor x, Tensor sums)
    {
        Require(IsRow(sums, x), nameof(SumRows), "x (R, c), sums (1, c)", x, sums);
        SumRowsCore(x, sums);
    }

    /// <summary>sums[k] = sum of x[r] over the rows with index[r] = k, in the order of r; zero if there is none.</summary>
    /// <param name="x">(R, c).</param>
    /// <param name="index">(R, 1) Int32, each in 0 .. K-1.</param>
    /// <param name="sums">(K, c).</param>
    public void SumByIndex(Tensor x, Tensor index, Tensor sums)
    {
        Require(
            index.Type == DType.Int32 && index.Rows == x.Rows && sums.Columns == x.Columns, nameof(SumByIndex),
            "x (R, c), index (R, 1), sums (K, c)", x, index, sums);
        SumByIndexCore(x, index, sums);
    }

    /// <summary>y[r] = x[r] weights.</summary>
    /// <param name="x">(R, c).</param>
    /// <param name="weights">(1, c).</param>
    /// <param name="y">(R, 1).</param>
    public void WeighRows(Tensor x, Tensor weights, Tensor y)
    {
        Require(IsRow(weights, x) && y.Rows == x.Rows && y.Columns == 1, nameof(WeighRows), "x (R, c), weights (1, c), y (R, 1)", x,
            weights, y);
        WeighRowsCore(x, weights, y);
    }

    /// <summary>sums = sum over r of weights[r] x[r].</summary>
    /// <param name="x">(R, c).</param>
    /// <param name="weights">(R, 1).</param>
    /// <param name="sums">(1, c).</param>
    public void SumWeightedRows(Tensor x, Tensor weights, Tensor sums)
    {
        Require(IsRow(sums, x) && weights.Rows == x.Rows && weights.Columns == 1, nameof(SumWeightedRows),
            "x (R, c), weights (R, 1), sums (1, c)", x, weights, sums);
        SumWeightedRowsCore(x, weights, sums);
    }

    /// <summary>
    /// V = sum_r p_r T_r - ln sum_r q_r e^(T_r), and the gradient of -V / ln 2 (bits) by every T_r:
    /// (q_r e^(T_r - L) - p_r) / ln 2. Rows may have both weights, or one of them 0.
    /// </summary>
    /// <param name="scores">(R, 1): T.</param>
    /// <param name="joint">(R, 1): p, sums to 1.</param>
    /// <param name="marginal">(R, 1): q, sums to 1 in expectation.</param>
    /// <param name="gradient">(R, 1), or null.</param>
    public CriticValue DonskerVaradhan(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient)
    {
        Require(
            scores.Columns == 1 && SameShape(scores, joint) && SameShape(scores, marginal)
                && (gradient == null || SameShape(scores, gradient)),
            nameof(DonskerVaradhan), "scores, joint, marginal, gradient (R, 1)", scores, joint, marginal, gradient);
        return DonskerVaradhanCore(scores, joint, marginal, gradient);
    }

    /// <summary>One step of Adam with beta 0.9 and 0.999, epsilon 1e-8, that descends.</summary>
    /// <param name="parameters">(1, P).</param>
    /// <param name="gradient">(1, P).</param>
    /// <param name="first">(1, P), first moment.</param>
    /// <param name="second">(1, P), second moment.</param>
    /// <param name="rate">Learning rate of this step.</param>
    /// <param name="step">1 for the first step.</param>
    public void Adam(Tensor parameters, Tensor gradient, Tensor first, Tensor second, double rate, int step)
    {
        Require(
            SameShape(parameters, gradient) && SameShape(parameters, first) && SameShape(parameters, second), nameof(Adam),
            "parameters, gradient, first, second (1, P)", parameters, gradient, first, second);
        AdamCore(parameters, gradient, first, second, rate, step);
    }

    /// <summary>A critic over up to Kx and Ky rows of inputs and up to R pairs.</summary>
    /// <param name="shape">Layers of the critic.</param>
    /// <param name="xRows">Kx.</param>
    /// <param name="yRows">Ky.</param>
    /// <param name="pairs">R.</param>
    /// <param name="memory">Allocates; null: this device. A plan counts what a critic of this device would allocate.</param>
    public virtual Critic CreateCritic(CriticShape shape, int xRows, int yRows, int pairs, Device? memory = null) =>
        new ComposedCritic(memory ?? this, shape, xRows, yRows, pairs);

    /// <summary>Draws the pairs of one step into the last rows of a and b.</summary>
    /// <param name="source">What to draw; a source of fixed pairs draws nothing.</param>
    /// <param name="seed">Key of the generator.</param>
    /// <param name="cell">Separates the streams of different cells.</param>
    /// <param name="step">0 for the first step.</param>
    /// <param name="a">(source.Count, 1) Int32.</param>
    /// <param name="b">(source.Count, 1) Int32.</param>
    public virtual void DrawPairs(PairSource source, ulong seed, uint cell, int step, Tensor a, Tensor b)
    {
        var hostA = new int[source.Count];
        var hostB = new int[source.Count];
        source.Draw(seed, cell, step, hostA, hostB);
        Upload(MemoryMarshal.AsBytes(hostA.AsSpan()), a);
        Upload(MemoryMarshal.AsBytes(hostB.AsSpan()), b);
    }

    /// <summary>Trainings to give together: enough to keep the device busy between two looks at the results.</summary>
    public virtual int TrainingsAtOnce => 24;

    /// <summary>
    /// Takes <paramref name="steps"/> steps of every training. The result of each is the same bytes, however many are
    /// given together. The default takes them one after the other; a device runs them side by side.
    /// </summary>
    public virtual void Train(IReadOnlyList<CriticTraining> trainings, int steps)
    {
        foreach (var training in trainings)
            training.Step(this, steps);
    }

    /// <summary>
    /// Memory and whatever else the device adds to a training to take its steps by itself; made and disposed with the
    /// training, so that what does not fit fails before the first step. Rate, Seed and Cell are not set yet. The default
    /// adds nothing.
    /// </summary>
    protected internal virtual IDisposable? Prepare(CriticTraining training) => null;

    protected abstract void AddPairsCore(Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y);

    protected abstract void LeakyReluGradientCore(Tensor y, Tensor dy);

    protected abstract void SumRowsCore(Tensor x, Tensor sums);

    protected abstract void SumByIndexCore(Tensor x, Tensor index, Tensor sums);

    protected virtual void WeighRowsCore(Tensor x, Tensor weights, Tensor y) =>
        MatMulCore(x, weights, y, false, true, null, Activation.None, null);

    protected virtual void SumWeightedRowsCore(Tensor x, Tensor weights, Tensor sums) =>
        MatMulCore(weights, x, sums, true, false, null, Activation.None, null);

    protected abstract CriticValue DonskerVaradhanCore(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient);

    protected abstract void AdamCore(Tensor parameters, Tensor gradient, Tensor first, Tensor second, double rate, int step);
}
