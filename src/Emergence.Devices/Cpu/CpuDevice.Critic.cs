using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <content>The ops that train statistics networks.</content>
public sealed unsafe partial class CpuDevice
{
    public override void Train(IReadOnlyList<CriticTraining> trainings, int steps)
    {
        // Enough trainings to go round: each keeps to one thread, since its ops find the pool busy. Else all threads share each.
        if (trainings.Count >= _pool.Threads)
            _pool.Run(trainings.Count, i => trainings[i].Step(this, steps));
        else
            base.Train(trainings, steps);
    }

    public override void DrawPairs(PairSource source, ulong seed, uint cell, int step, Tensor a, Tensor b) =>
        source.Draw(seed, cell, step, new Span<int>((int*)a.Address, source.Count), new Span<int>((int*)b.Address, source.Count));

    public override Critic CreateCritic(CriticShape shape, int xRows, int yRows, int pairs, Device? memory = null) =>
        CpuSmallCritic.Fits(shape)
            ? new CpuSmallCritic(this, memory ?? this, shape, xRows, yRows, pairs)
            : new CpuCritic(this, memory ?? this, shape, xRows, yRows, pairs);

    protected override void WeighRowsCore(Tensor x, Tensor weights, Tensor y)
    {
        RequireFloat32(x, weights, y);
        _pool.RunRanges(x.Rows, Grain(x.Columns), (start, end) =>
            CriticLoops.WeighRows(new(x), start, end, x.Columns, At(weights, 0), new(y)));
    }

    protected override void SumWeightedRowsCore(Tensor x, Tensor weights, Tensor sums)
    {
        RequireFloat32(x, weights, sums);
        const int Strip = CriticLoops.WeighedColumns;
        _pool.RunShares(Ceiling.Of(x.Columns, Strip), 1, (first, end) =>
        {
            for (var column = first * Strip; column < Math.Min(x.Columns, end * Strip); column += Strip)
                CriticLoops.SumWeightedStrip(new(weights), new(x), x.Rows, column, Math.Min(Strip, x.Columns - column), At(sums, 0));
        });
    }

    protected override void AddPairsCore(Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y)
    {
        RequireFloat32(zx, zy, y);
        var pairs = new PairSumRows(zx, zy, a, b);
        _pool.RunRanges(y.Rows, Grain(y.Columns), (start, end) => pairs.Write(start, end - start, 0, y.Columns, At(y, start), y.RowStride));
    }

    protected override void LeakyReluGradientCore(Tensor y, Tensor dy)
    {
        RequireFloat32(y, dy);
        _pool.RunRanges(y.Rows, Grain(y.Columns), (start, end) =>
        {
            for (var r = start; r < end; r++)
            {
                var output = At(y, r);
                var gradient = At(dy, r);
                for (var c = 0; c < y.Columns; c += Lanes.Count)
                {
                    var left = y.Columns - c;
                    Lanes.Store(gradient + c, Epilogue.Slope(Lanes.Load(output + c, left), Lanes.Load(gradient + c, left)), left);
                }
            }
        });
    }

    protected override void SumRowsCore(Tensor x, Tensor sums)
    {
        RequireFloat32(x, sums);
        const int Strip = CriticLoops.StripColumns;
        _pool.RunRanges(Ceiling.Of(x.Columns, Strip), Math.Max(1, 2048 / Math.Max(1, x.Rows)), (first, end) =>
        {
            var start = first * Strip;
            CriticLoops.SumRows(
                At(x, 0) + start, x.RowStride, x.Rows, Math.Min(x.Columns, end * Strip) - start, At(sums, 0) + start, accumulate: false);
        });
    }

    /// <summary>A thread owns columns.</summary>
    protected override void SumByIndexCore(Tensor x, Tensor index, Tensor sums)
    {
        RequireFloat32(x, sums);
        var strips = Ceiling.Of(x.Columns, Lanes.Count);
        _pool.RunShares(strips, Math.Max(1, 8192 / Math.Max(1, x.Rows)), (first, end) =>
        {
            var (start, count) = (first * Lanes.Count, Math.Min(end * Lanes.Count, x.Columns) - first * Lanes.Count);
            var (rows, at, to) = (new Rows<float>(x), new Rows<int>(index), new RowSums(sums, new bool[sums.Rows]));
            for (var r = 0; r < x.Rows; r++)
                to.Add(*at[r], rows[r] + start, start, count);
            to.Finish(sums.Rows, start, count);
        });
    }

    public override void ShareOnHost(int count, Action<int> body) => _pool.Run(count, body);

    /// <summary>Calls body(0) .. body(count - 1), each on one thread.</summary>
    internal void Share(int count, Action<int> body) => _pool.Run(count, body);

    /// <summary>Calls body(first, count) for columns that cover all of them, whole tiles of products, one range a thread.</summary>
    internal void ShareColumns(int columns, Action<int, int> body)
    {
        var width = _kernel.Columns;
        _pool.RunShares(
            Ceiling.Of(columns, width), 1, (first, end) => body(first * width, Math.Min(columns, end * width) - first * width));
    }

    /// <summary>Pieces that <see cref="ShareColumns"/> makes at most.</summary>
    internal int ColumnShares(int columns) => Math.Min(_pool.Threads, Ceiling.Of(columns, _kernel.Columns));

    /// <summary>Memory of a packed right side (K, N).</summary>
    internal long PackedFloats(int rows, int columns) => PackedRight.Floats(rows, columns, _kernel.Columns);

    /// <summary>Threads that find work if it is shared now.</summary>
    internal int FreeThreads => _pool.Free;

    /// <summary>The right side of products with b (K, N), or with the transpose of b (N, K).</summary>
    internal void Pack(Tensor b, bool transpose, PackedRight to)
    {
        var (rows, columns) = transpose ? (b.Columns, b.Rows) : (b.Rows, b.Columns);
        var gemm = new Gemm
        {
            Kernel = _kernel,
            M = 0,
            N = columns,
            K = rows,
            B = (byte*)b.Address,
            StrideB = b.RowStride,
            TypeB = b.Type,
            TransposeB = transpose,
        };
        gemm.Pack(_pool, to.Reserve(rows, columns, _kernel.Columns));
        GC.KeepAlive(b);
    }

    /// <summary>y = epilogue(a b).</summary>
    internal void Product(Tensor a, PackedRight b, Tensor y, Epilogue epilogue) =>
        Run(Packed(b, y) with { A = (float*)a.Address, StrideA = a.RowStride, Epilogue = epilogue });

    /// <summary>y = epilogue(rows b), the rows of pairs.</summary>
    internal void Product(PairSumRows a, PackedRight b, Tensor y, Epilogue epilogue) =>
        Run(Packed(b, y) with { PairsA = a, Epilogue = epilogue });

    /// <summary>Gradient by a layer's weights, delta' input, added to what y holds on request.</summary>
    internal void AddGradient(Tensor delta, Tensor input, Tensor y, bool accumulate) =>
        Product(delta, input, y, true, false, Sum(y, accumulate));

    /// <summary>Gradient by the weights of the layer behind the rows of pairs, added to what y holds on request.</summary>
    internal void AddGradient(Tensor delta, PairSumRows input, Tensor y, bool accumulate) => Run(new Gemm
    {
        Kernel = _kernel,
        M = y.Rows,
        N = y.Columns,
        K = delta.Rows,
        A = (float*)delta.Address,
        StrideA = delta.RowStride,
        TransposeA = true,
        PairsB = input,
        Y = (float*)y.Address,
        StrideY = y.RowStride,
        Epilogue = Sum(y, accumulate),
    });

    private static Epilogue Sum(Tensor y, bool accumulate) =>
        accumulate ? new() { Residual = (float*)y.Address, ResidualStride = y.RowStride } : default;

    private Gemm Packed(PackedRight b, Tensor y) => new()
    {
        Kernel = _kernel,
        M = y.Rows,
        N = b.Columns,
        K = b.Rows,
        PackedB = b.Address,
        Y = (float*)y.Address,
        StrideY = y.RowStride,
    };

    private void Run(Gemm gemm) => gemm.Run(_pool);

    protected override CriticValue DonskerVaradhanCore(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient)
    {
        RequireFloat32(scores, joint, marginal, gradient);
        var (t, p, q) = (new Rows<float>(scores), new Rows<float>(joint), new Rows<float>(marginal));
        var (largest, shift, nonFinite, mean) = (0f, float.NegativeInfinity, 0, 0.0);
        for (var r = 0; r < scores.Rows; r++)
        {
            var score = *t[r];
            if (!float.IsFinite(score))
                nonFinite++;
            if (MathF.Abs(score) > largest)
                largest = MathF.Abs(score);
            if (*q[r] > 0 && score > shift)
                shift = score;
            if (*p[r] != 0)
                mean += (double)*p[r] * score;
        }

        var partition = Vector256<double>.Zero;
        for (var r = 0; r < scores.Rows; r += 4)
            partition += Weighted(t, q, r, Math.Min(4, scores.Rows - r), shift);
        var logPartition = shift + VectorMath.Log(Lanes.Sum(partition));
        if (gradient != null)
            ScoreGradient(t, p, q, scores.Rows, logPartition, new Rows<float>(gradient));
        return new(mean, logPartition, largest, nonFinite);
    }

    /// <summary>(q e^(T - L) - p) / ln 2.</summary>
    private static void ScoreGradient(Rows<float> t, Rows<float> p, Rows<float> q, int rows, double logPartition, Rows<float> gradient)
    {
        for (var r = 0; r < rows; r += 4)
        {
            var weighted = Weighted(t, q, r, Math.Min(4, rows - r), logPartition);
            for (var i = r; i < Math.Min(rows, r + 4); i++)
                *gradient[i] = (float)((weighted[i - r] - *p[i]) * (1 / 0.69314718055994531));
        }
    }

    protected override void AdamCore(Tensor parameters, Tensor gradient, Tensor first, Tensor second, double rate, int step)
    {
        RequireFloat32(parameters, gradient, first, second);
        var (correction1, correction2) = (1 - CriticLoops.Power(0.9, step), 1 - CriticLoops.Power(0.999, step));
        var (scale, root) = ((float)(rate / correction1), (float)(1 / Math.Sqrt(correction2)));
        _pool.RunRanges(parameters.Columns, 8192, (start, end) =>
            CriticLoops.AdamRange(
                At(parameters, 0) + start, At(gradient, 0) + start, At(first, 0) + start, At(second, 0) + start, end - start, scale, root));
    }

    /// <summary>q e^(T - shift) of up to four rows, zero where q is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Weighted(Rows<float> t, Rows<float> q, int row, int count, double shift)
    {
        var scores = Vector256.Create(
            *t[row], count > 1 ? *t[row + 1] : 0, count > 2 ? *t[row + 2] : 0, count > 3 ? (double)*t[row + 3] : 0);
        var weights = Vector256.Create(
            *q[row], count > 1 ? *q[row + 1] : 0, count > 2 ? *q[row + 2] : 0, count > 3 ? (double)*q[row + 3] : 0);
        var values = weights * VectorMath.Exp(scores - Vector256.Create(shift));
        return Vector256.ConditionalSelect(Vector256.Equals(weights, Vector256<double>.Zero), Vector256<double>.Zero, values);
    }
}
