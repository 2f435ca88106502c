using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emergence.Tensors;

namespace Emergence.Devices.Cpu;

/// <content>Attention: every row walks to the root once, then each head reads the rows it met.</content>
public sealed unsafe partial class CpuDevice
{
    protected override void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape)
    {
        RequireFloat32(q, k, v, y);
        var parent = (int*)parents.Address;
        _pool.RunRanges(q.Rows, 8, (start, end) =>
        {
            for (var n = start; n < end; n++)
            {
                var visible = 0;
                for (var row = n; row >= 0 && (shape.Window == 0 || visible < shape.Window); row = parent[(long)row * parents.RowStride])
                    visible++;
                var scores = Scratch.Get(Scratch.Use.Rows, visible + Lanes.Count);
                var path = (int*)Scratch.Get(Scratch.Use.MoreRows, visible);
                for (var (i, row) = (0, n); i < visible; (i, row) = (i + 1, parent[(long)row * parents.RowStride]))
                    path[i] = row;
                for (var head = 0; head < shape.Query.Count; head++)
                {
                    var key = head / (shape.Query.Count / shape.Key.Count) * shape.Key.Stride;
                    Score(At(q, n) + head * shape.Query.Stride, (float*)k.Address + key, k.RowStride, path, visible, shape, scores);
                    Softmax(scores, visible);
                    Mix(scores, (float*)v.Address + key, v.RowStride, path, visible, shape.Query.Size, At(y, n) + head * shape.Query.Size);
                }
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score(float* query, float* keys, nint stride, int* path, int visible, in AttentionShape shape, float* scores)
    {
        for (var i = 0; i < visible; i++)
            scores[i] = shape.Scale * Lanes.Dot(query, keys + path[i] * stride, shape.Query.Size);
        if (shape.SoftCap > 0)
        {
            for (var i = 0; i < visible; i += Lanes.Count)
                Lanes.Store(scores + i, SoftCap(Lanes.Load(scores + i, visible - i), shape.SoftCap), visible - i);
        }
    }

    /// <summary>Scores to weights, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(float* scores, int count)
    {
        var max = scores[0];
        for (var i = 1; i < count; i++)
            max = MathF.Max(max, scores[i]);
        for (var i = count; i % Lanes.Count != 0; i++)
            scores[i] = float.NegativeInfinity;
        var (shift, sum) = (Vector256.Create(max), Vector256<float>.Zero);
        for (var i = 0; i < count; i += Lanes.Count)
        {
            var weight = VectorMath.Exp(Vector256.Load(scores + i) - shift);
            weight.Store(scores + i);
            sum += weight;
        }

        var factor = Vector256.Create(1 / Lanes.Sum(sum));
        for (var i = 0; i < count; i += Lanes.Count)
            (Vector256.Load(scores + i) * factor).Store(scores + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(float* weights, float* values, nint stride, int* path, int visible, int size, float* y)
    {
        for (var c = 0; c < size; c += Lanes.Count)
        {
            var sum = Vector256<float>.Zero;
            for (var i = 0; i < visible; i++)
                sum = Vector256.FusedMultiplyAdd(Vector256.Create(weights[i]), Lanes.Load(values + path[i] * stride + c, size - c), sum);
            Lanes.Store(y + c, sum, size - c);
        }
    }
}
