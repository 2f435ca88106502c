using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <content>
/// Attention, in tiles of rows: each row walks to its root once, then one head after the other is computed for the whole
/// tile. Rows that are near each other see nearly the same keys, which then stay in the cache.
/// </content>
public sealed unsafe partial class CpuDevice
{
    private const int AttentionTile = 64;

    protected override void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape,
        AttentionPositions? positions)
    {
        RequireFloat32(q, k, v, y, positions?.Bias, positions?.Scale, shape.Sinks);
        _pool.RunRanges(q.Rows, 8, (start, end) =>
        {
            for (var first = start; first < end; first += AttentionTile)
                AttendTile(q, k, v, parents, y, shape, positions, first, Math.Min(AttentionTile, end - first));
        });
    }

    private static void AttendTile(Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, in AttentionShape shape,
        AttentionPositions? positions, int first, int rows)
    {
        // paths + ends[i - 1] .. paths + ends[i] are the rows that row i of the tile sees, its own first.
        Span<int> ends = stackalloc int[AttentionTile];
        var (total, longest) = (0, 0);
        for (var i = 0; i < rows; i++)
        {
            var visible = Walk(parents, first + i, shape.Window, null);
            (total, longest) = (total + visible, Math.Max(longest, visible));
            ends[i] = total;
        }

        var paths = (int*)Scratch.Get(Scratch.Use.MoreRows, total);
        for (var i = 0; i < rows; i++)
            Walk(parents, first + i, shape.Window, paths + (i == 0 ? 0 : ends[i - 1]));
        var scores = Scratch.Get(Scratch.Use.Rows, longest + 1 + Lanes.Count);
        for (var head = 0; head < shape.Query.Count; head++)
        {
            var keyHead = head / (shape.Query.Count / shape.Key.Count);
            var (key, value) = (keyHead * shape.Key.Stride, keyHead * shape.Value.Stride);
            for (var i = 0; i < rows; i++)
            {
                var begin = i == 0 ? 0 : ends[i - 1];
                var visible = ends[i] - begin;
                var scale = positions?.Scale is { } factors ? shape.Scale * *At(factors, Position(positions, first + i)) : shape.Scale;
                Score(At(q, first + i) + head * shape.Query.Stride, At(k, 0) + key, k.RowStride, paths + begin, visible, shape, scale,
                    scores);
                if (positions?.Bias != null)
                    AddBias(positions, head, paths + begin, visible, scores);
                if (shape.Sinks != null)
                    scores[visible] = At(shape.Sinks, 0)[head];
                Softmax(scores, shape.Sinks == null ? visible : visible + 1);
                Mix(scores, At(v, 0) + value, v.RowStride, paths + begin, visible, shape.Value.Size, At(y, first + i)
                    + head * shape.Value.Size);
            }
        }
    }

    private static int Position(AttentionPositions positions, int row) =>
        ((int*)positions.Positions.Address)[(nint)row * positions.Positions.RowStride];

    /// <summary>The first of the path is the row itself.</summary>
    private static void AddBias(AttentionPositions positions, int head, int* path, int visible, float* scores)
    {
        var own = At(positions.Bias!, Position(positions, path[0]))[head];
        for (var i = 0; i < visible; i++)
            scores[i] += At(positions.Bias!, Position(positions, path[i]))[head] - own;
    }

    /// <summary>Number of rows that a row sees; also writes them down if there is a place for them.</summary>
    private static int Walk(Tensor parents, int row, int window, int* path)
    {
        var parent = (int*)parents.Address;
        var (stride, visible) = ((nint)parents.RowStride, 0);
        for (; row >= 0 && (window == 0 || visible < window); row = parent[row * stride])
        {
            if (path != null)
                path[visible] = row;
            visible++;
        }

        return visible;
    }

    /// <summary>Four keys at a time, so that the sums do not wait for each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score(float* query, float* keys, nint stride, int* path, int visible, in AttentionShape shape, float scale,
        float* scores)
    {
        var (size, i) = (shape.Query.Size, 0);
        var scales = Vector128.Create(scale);
        for (; i + 4 <= visible; i += 4)
        {
            float* k0 = keys + path[i] * stride, k1 = keys + path[i + 1] * stride;
            float* k2 = keys + path[i + 2] * stride, k3 = keys + path[i + 3] * stride;
            var (s0, s1, s2, s3) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
            var c = 0;
            for (; c + Lanes.Count <= size; c += Lanes.Count)
            {
                var x = Vector256.Load(query + c);
                s0 = Vector256.FusedMultiplyAdd(x, Vector256.Load(k0 + c), s0);
                s1 = Vector256.FusedMultiplyAdd(x, Vector256.Load(k1 + c), s1);
                s2 = Vector256.FusedMultiplyAdd(x, Vector256.Load(k2 + c), s2);
                s3 = Vector256.FusedMultiplyAdd(x, Vector256.Load(k3 + c), s3);
            }

            if (c < size)
            {
                var left = size - c;
                var x = Lanes.Load(query + c, left);
                s0 = Vector256.FusedMultiplyAdd(x, Lanes.Load(k0 + c, left), s0);
                s1 = Vector256.FusedMultiplyAdd(x, Lanes.Load(k1 + c, left), s1);
                s2 = Vector256.FusedMultiplyAdd(x, Lanes.Load(k2 + c, left), s2);
                s3 = Vector256.FusedMultiplyAdd(x, Lanes.Load(k3 + c, left), s3);
            }

            (scales * Sums(s0, s1, s2, s3)).Store(scores + i);
        }

        for (; i < visible; i++)
            scores[i] = scale * Lanes.Dot(query, keys + path[i] * stride, size);
        if (shape.SoftCap > 0)
        {
            for (i = 0; i < visible; i += Lanes.Count)
                Lanes.Store(scores + i, new SoftCapChange(shape.SoftCap).Apply(Lanes.Load(scores + i, visible - i)), visible - i);
        }
    }

    /// <summary>The four sums that <see cref="Lanes.Sum(Vector256{float})"/> gives, in the same order of additions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sums(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        if (!Sse3.IsSupported)
            return Vector128.Create(Lanes.Sum(a), Lanes.Sum(b), Lanes.Sum(c), Lanes.Sum(d));
        var ab = Sse3.HorizontalAdd(a.GetLower() + a.GetUpper(), b.GetLower() + b.GetUpper());
        var cd = Sse3.HorizontalAdd(c.GetLower() + c.GetUpper(), d.GetLower() + d.GetUpper());
        return Sse3.HorizontalAdd(ab, cd);
    }

    /// <summary>Scores to weights, in place; there is room for a whole vector at the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(float* scores, int count)
    {
        for (var i = count; i % Lanes.Count != 0; i++)
            scores[i] = float.NegativeInfinity;
        var largest = Vector256.Load(scores);
        for (var i = Lanes.Count; i < count; i += Lanes.Count)
            largest = Vector256.Max(largest, Vector256.Load(scores + i));
        var four = Vector128.Max(largest.GetLower(), largest.GetUpper());
        var max = MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3]));
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

    /// <summary>y = sum_i weights[i] values[path[i]], 32 columns at a time in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(float* weights, float* values, nint stride, int* path, int visible, int size, float* y)
    {
        var c = 0;
        for (; c + 4 * Lanes.Count <= size; c += 4 * Lanes.Count)
        {
            var (s0, s1, s2, s3) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
            for (var i = 0; i < visible; i++)
            {
                var weight = Vector256.Create(weights[i]);
                var row = values + path[i] * stride + c;
                s0 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row), s0);
                s1 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + Lanes.Count), s1);
                s2 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 2 * Lanes.Count), s2);
                s3 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 3 * Lanes.Count), s3);
            }

            s0.Store(y + c);
            s1.Store(y + c + Lanes.Count);
            s2.Store(y + c + 2 * Lanes.Count);
            s3.Store(y + c + 3 * Lanes.Count);
        }

        for (; c < size; c += Lanes.Count)
        {
            var sum = Vector256<float>.Zero;
            for (var i = 0; i < visible; i++)
                sum = Vector256.FusedMultiplyAdd(Vector256.Create(weights[i]), Lanes.Load(values + path[i] * stride + c, size - c), sum);
            Lanes.Store(y + c, sum, size - c);
        }
    }
}
