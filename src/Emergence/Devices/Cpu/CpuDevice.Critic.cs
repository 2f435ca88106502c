using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emergence.Tensors;

namespace Emergence.Devices.Cpu;

/// <content>The ops that train statistics networks.</content>
public sealed unsafe partial class CpuDevice
{
    /// <summary>Rows that are summed in single precision before they join a sum in double.</summary>
    private const int SumBlock = 256;

    public override void Train(IReadOnlyList<CriticTraining> trainings, int steps)
    {
        // Enough trainings to go round: each keeps to one thread, since its ops find the pool busy. Else all threads share each.
        if (trainings.Count >= _pool.Threads)
            _pool.Run(trainings.Count, i => trainings[i].Take(this, steps));
        else
            base.Train(trainings, steps);
    }

    protected override void AddPairsCore(Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y)
    {
        RequireFloat32(zx, zy, y);
        var rowsA = (int*)a.Address;
        var rowsB = (int*)b.Address;
        _pool.RunRanges(y.Rows, Grain(y.Columns), (start, end) =>
        {
            for (var r = start; r < end; r++)
                AddPair(At(zx, rowsA[(long)r * a.RowStride]), At(zy, rowsB[(long)r * b.RowStride]), At(y, r), y.Columns);
        });
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
        var strips = (x.Columns + Lanes.Count - 1) / Lanes.Count;
        _pool.RunRanges(strips, Math.Max(1, 8192 / Math.Max(1, x.Rows)), (first, end) =>
        {
            for (var strip = first; strip < end; strip++)
                SumStrip(At(x, 0) + strip * Lanes.Count, x.RowStride, x.Rows, x.Columns - strip * Lanes.Count, At(sums, 0) + strip * Lanes.Count);
        });
    }

    protected override void SumByIndexCore(Tensor x, Tensor index, Tensor sums)
    {
        RequireFloat32(x, sums);
        var strips = (x.Columns + Lanes.Count - 1) / Lanes.Count;
        _pool.RunRanges(strips, Math.Max(1, 8192 / Math.Max(1, x.Rows)), (first, end) =>
        {
            var (start, count) = (first * Lanes.Count, Math.Min(end * Lanes.Count, x.Columns) - first * Lanes.Count);
            for (var k = 0; k < sums.Rows; k++)
                new Span<float>(At(sums, k) + start, count).Clear();
            ScatterAdd(At(x, 0) + start, x.RowStride, (int*)index.Address, index.RowStride, x.Rows, count, At(sums, 0) + start, sums.RowStride);
        });
    }

    protected override CriticValue DonskerVaradhanCore(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient)
    {
        RequireFloat32(scores, joint, marginal, gradient);
        var rows = scores.Rows;
        var (largest, shift, nonFinite, mean) = (0f, float.NegativeInfinity, 0, 0.0);
        for (var r = 0; r < rows; r++)
        {
            var (t, p, q) = (*At(scores, r), *At(joint, r), *At(marginal, r));
            if (!float.IsFinite(t))
                nonFinite++;
            if (MathF.Abs(t) > largest)
                largest = MathF.Abs(t);
            if (q > 0 && t > shift)
                shift = t;
            if (p != 0)
                mean += (double)p * t;
        }

        var partition = Vector256<double>.Zero;
        for (var r = 0; r < rows; r += 4)
            partition += Weighted(scores, marginal, r, Math.Min(4, rows - r), shift);
        var logPartition = shift + VectorMath.Log(Lanes.Sum(partition));
        for (var r = 0; gradient != null && r < rows; r += 4)
        {
            var weighted = Weighted(scores, marginal, r, Math.Min(4, rows - r), logPartition);
            for (var i = r; i < Math.Min(rows, r + 4); i++)
                *At(gradient, i) = (float)((weighted[i - r] - *At(joint, i)) * (1 / 0.69314718055994531));
        }

        return new(mean, logPartition, largest, nonFinite);
    }

    protected override void AdamCore(Tensor parameters, Tensor gradient, Tensor first, Tensor second, double rate, int step)
    {
        RequireFloat32(parameters, gradient, first, second);
        var (correction1, correction2) = (1 - Power(0.9, step), 1 - Power(0.999, step));
        var (scale, root) = ((float)(rate / correction1), (float)(1 / Math.Sqrt(correction2)));
        _pool.RunRanges(parameters.Columns, 8192, (start, end) =>
            AdamRange(At(parameters, 0) + start, At(gradient, 0) + start, At(first, 0) + start, At(second, 0) + start, end - start, scale, root));
    }

    /// <summary>q e^(T - shift) of up to four rows, zero where q is zero.</summary>
    private static Vector256<double> Weighted(Tensor scores, Tensor marginal, int row, int count, double shift)
    {
        var (t, q) = (Vector256<double>.Zero, Vector256<double>.Zero);
        for (var i = 0; i < count; i++)
        {
            t = t.WithElement(i, *At(scores, row + i) - shift);
            q = q.WithElement(i, *At(marginal, row + i));
        }

        return Vector256.ConditionalSelect(Vector256.Equals(q, Vector256<double>.Zero), Vector256<double>.Zero, q * VectorMath.Exp(t));
    }

    /// <summary>x^n by squaring.</summary>
    private static double Power(double x, int n)
    {
        var power = 1.0;
        for (; n > 0; n >>= 1, x *= x)
            power *= (n & 1) == 1 ? x : 1;
        return power;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AdamRange(float* w, float* g, float* m, float* v, int count, float scale, float root)
    {
        var (beta1, beta2, epsilon) = (Vector256.Create(0.9f), Vector256.Create(0.999f), Vector256.Create(1e-8f));
        var (rest1, rest2) = (Vector256.Create(0.1f), Vector256.Create(0.001f));
        var (minusRate, root2) = (Vector256.Create(-scale), Vector256.Create(root));
        for (var i = 0; i < count; i += Lanes.Count)
        {
            var left = count - i;
            var gradient = Lanes.Load(g + i, left);
            var mean = Vector256.FusedMultiplyAdd(beta1, Lanes.Load(m + i, left), rest1 * gradient);
            var square = Vector256.FusedMultiplyAdd(beta2, Lanes.Load(v + i, left), rest2 * gradient * gradient);
            Lanes.Store(m + i, mean, left);
            Lanes.Store(v + i, square, left);
            var divisor = Vector256.FusedMultiplyAdd(Vector256.Sqrt(square), root2, epsilon);
            Lanes.Store(w + i, Vector256.FusedMultiplyAdd(minusRate, mean / divisor, Lanes.Load(w + i, left)), left);
        }
    }

    /// <summary>y = leaky(x + z).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddPair(float* x, float* z, float* y, int columns)
    {
        for (var c = 0; c < columns; c += Lanes.Count)
            Lanes.Store(y + c, VectorMath.LeakyRelu(Lanes.Load(x + c, columns - c) + Lanes.Load(z + c, columns - c)), columns - c);
    }

    /// <summary>Sums of up to eight columns: single precision within a block of rows, double over the blocks.</summary>
    private static void SumStrip(float* x, nint stride, int rows, int columns, float* sums)
    {
        var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        for (var start = 0; start < rows; start += SumBlock)
        {
            var sum = Vector256<float>.Zero;
            for (var r = start; r < Math.Min(rows, start + SumBlock); r++, x += stride)
                sum += Lanes.Load(x, columns);
            var (first, second) = Vector256.Widen(sum);
            low += first;
            high += second;
        }

        Lanes.Store(sums, Vector256.Narrow(low, high), columns);
    }

    /// <summary>sums[index[r]] += x[r], in the order of r.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScatterAdd(float* x, nint stride, int* index, nint indexStride, int rows, int columns, float* sums, nint strideSums)
    {
        for (var r = 0; r < rows; r++, x += stride)
        {
            var to = sums + index[r * indexStride] * strideSums;
            for (var c = 0; c < columns; c += Lanes.Count)
                Lanes.Store(to + c, Lanes.Load(to + c, columns - c) + Lanes.Load(x + c, columns - c), columns - c);
        }
    }
}
