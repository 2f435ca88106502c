using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emergence.Devices.Packed;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <content>The ops of a forward pass, but for attention.</content>
public sealed unsafe partial class CpuDevice
{
    /// <summary>In place, some rows a thread at a time: the scales of a group, of 128 rows as a rule, are decoded anew by each.</summary>
    protected override void UnpackCore(PackedSlice rows, Tensor y)
    {
        const int GroupRows = 128, Turns = 8;
        RequireFloat32(y);
        var grain = Math.Max(Ceiling.Of(1 << 16, y.Columns), Math.Min(GroupRows, y.Rows / (Turns * _pool.Threads)));
        _pool.Run(Ceiling.Of(y.Rows, grain), i =>
        {
            var start = i * grain;
            var count = Math.Min(grain, y.Rows - start);
            rows.Unpack(start, count, new Span<float>(At(y, start), count * y.Columns));
        });
        GC.KeepAlive(y);
    }

    protected override void EmbedCore(Tensor ids, Tensor table, float scale, Tensor y, bool accumulate)
    {
        RequireFloat32(y);
        var index = (int*)ids.Address;
        var size = table.Type.Size();
        _pool.RunRanges(y.Rows, Grain(y.Columns), (start, end) =>
        {
            var row = Scratch.Get(Scratch.Use.Rows, y.Columns + Lanes.Count);
            for (var n = start; n < end; n++)
            {
                Packing.Convert(
                    table.Type, (byte*)table.Address + (long)index[(long)n * ids.RowStride] * table.RowStride * size, y.Columns, row);
                var to = At(y, n);
                for (var c = 0; c < y.Columns; c++)
                    to[c] = accumulate ? to[c] + scale * row[c] : scale * row[c];
            }
        });
    }

    protected override void LayerNormCore(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y, Tensor? residual)
    {
        RequireFloat32(x, weight, bias, y, residual);
        _pool.RunRanges(x.Rows, Grain(x.Columns), (start, end) =>
        {
            for (var n = start; n < end; n++)
                LayerNormRow(
                    At(x, n), AtOrNull(weight), AtOrNull(bias), epsilon, At(y, n), residual == null ? null : At(residual, n), x.Columns);
        });
    }

    protected override void RmsNormCore(Tensor x, Tensor? weight, float epsilon, Tensor y, Tensor? residual)
    {
        RequireFloat32(x, weight, y, residual);
        _pool.RunRanges(x.Rows, Grain(x.Columns), (start, end) =>
        {
            for (var n = start; n < end; n++)
                RmsNormRow(At(x, n), AtOrNull(weight), epsilon, At(y, n), residual == null ? null : At(residual, n), x.Columns);
        });
    }

    protected override void MatMulCore(
        Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Tensor? bias, Activation activation, Tensor? residual)
    {
        RequireFloat32(bias, residual);
        Product(a, b, y, transposeA, transposeB, new Epilogue
        {
            Bias = AtOrNull(bias),
            Activation = activation,
            Residual = AtOrNull(residual),
            ResidualStride = residual?.RowStride ?? 0,
        });
        GC.KeepAlive((bias, residual));
    }

    private void Product(Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Epilogue epilogue)
    {
        RequireFloat32(a, y);
        new Gemm
        {
            Kernel = _kernel,
            M = y.Rows,
            N = y.Columns,
            K = transposeA ? a.Rows : a.Columns,
            A = (float*)a.Address,
            StrideA = a.RowStride,
            TransposeA = transposeA,
            B = (byte*)b.Address,
            StrideB = b.RowStride,
            TypeB = b.Type,
            TransposeB = transposeB,
            Y = (float*)y.Address,
            StrideY = y.RowStride,
            Epilogue = epilogue,
        }.Run(_pool);
        GC.KeepAlive((a, b, y));
    }

    protected override void RotateCore(Tensor x, HeadLayout heads, Tensor positions, Tensor cosines, Tensor sines, RotaryPairs pairs)
    {
        RequireFloat32(x, cosines, sines);
        var position = (int*)positions.Address;
        var half = cosines.Columns;
        _pool.RunRanges(x.Rows, Grain(x.Columns), (start, end) =>
        {
            for (var n = start; n < end; n++)
            {
                var at = position[(long)n * positions.RowStride];
                for (var h = 0; h < heads.Count; h++)
                {
                    var head = At(x, n) + h * heads.Stride;
                    if (pairs == RotaryPairs.Halves)
                        RotateHalves(head, At(cosines, at), At(sines, at), half);
                    else
                        RotateNeighbours(head, At(cosines, at), At(sines, at), half);
                }
            }
        });
    }

    protected override void GateCore(Tensor gate, Tensor up, Activation activation, Tensor y)
    {
        RequireFloat32(gate, up, y);
        switch (activation)
        {
            case Activation.None:
                Gate<Identity>(gate, up, y);
                break;
            case Activation.Relu:
                Gate<Relu>(gate, up, y);
                break;
            case Activation.LeakyRelu:
                Gate<LeakyRelu>(gate, up, y);
                break;
            case Activation.GeluErf:
                Gate<GeluErf>(gate, up, y);
                break;
            case Activation.GeluTanh:
                Gate<GeluTanh>(gate, up, y);
                break;
            case Activation.Silu:
                Gate<Silu>(gate, up, y);
                break;
            case Activation.ReluSquared:
                Gate<ReluSquared>(gate, up, y);
                break;
            case Activation.QuickGelu:
                Gate<QuickGelu>(gate, up, y);
                break;
            case Activation.Tanh:
                Gate<Tanh>(gate, up, y);
                break;
            default:
                Gate<Sigmoid>(gate, up, y);
                break;
        }
    }

    protected override void ScaleCore(Tensor x, float factor, Tensor y, Tensor? residual)
    {
        RequireFloat32(x, y, residual);
        _pool.RunRanges(x.Rows, Grain(x.Columns), (start, end) =>
        {
            for (var n = start; n < end; n++)
                ScaleRow(At(x, n), Vector256.Create(factor), At(y, n), residual == null ? null : At(residual, n), x.Columns);
        });
    }

    protected override void ClipCore(Tensor x, float least, float most) => Change(x, new ClipChange(least, most));

    protected override void ApplyXieluCore(Tensor x, Xielu shape) => Change(x, new XieluChange(shape));

    protected override void CopyHeadsCore(Tensor source, HeadLayout from, Tensor destination, HeadLayout to)
    {
        RequireFloat32(source, destination);
        _pool.RunRanges(source.Rows, Grain(to.Count * to.Size), (start, end) =>
        {
            for (var n = start; n < end; n++)
            {
                for (var h = 0; h < to.Count; h++)
                    new ReadOnlySpan<float>(At(source, n) + (from.Count == 1 ? 0 : h) * from.Stride, to.Size)
                        .CopyTo(new(At(destination, n) + h * to.Stride, to.Size));
            }
        });
    }

    protected override void SoftCapCore(Tensor x, float cap) => Change(x, new SoftCapChange(cap));

    private void Change<TChange>(Tensor x, TChange change)
        where TChange : struct, IChange
    {
        RequireFloat32(x);
        _pool.RunRanges(x.Rows, Grain(x.Columns), (start, end) =>
        {
            for (var n = start; n < end; n++)
                ChangeRow(At(x, n), x.Columns, change);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ChangeRow<TChange>(float* row, int columns, TChange change)
        where TChange : struct, IChange
    {
        for (var c = 0; c < columns; c += Lanes.Count)
            Lanes.Store(row + c, change.Apply(Lanes.Load(row + c, columns - c)), columns - c);
    }

    private void Gate<TFunction>(Tensor gate, Tensor up, Tensor y)
        where TFunction : struct, IFunction =>
        _pool.RunRanges(y.Rows, Grain(y.Columns), (start, end) =>
        {
            for (var n = start; n < end; n++)
                GateRow<TFunction>(At(gate, n), At(up, n), At(y, n), y.Columns);
        });

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GateRow<TFunction>(float* gate, float* up, float* y, int columns)
        where TFunction : struct, IFunction
    {
        for (var c = 0; c < columns; c += Lanes.Count)
            Lanes.Store(y + c, TFunction.Apply(Lanes.Load(gate + c, columns - c)) * Lanes.Load(up + c, columns - c), columns - c);
    }

    private static void ScaleRow(float* x, Vector256<float> factor, float* y, float* residual, int columns)
    {
        for (var c = 0; c < columns; c += Lanes.Count)
        {
            var value = factor * Lanes.Load(x + c, columns - c);
            if (residual != null)
                value += Lanes.Load(residual + c, columns - c);
            Lanes.Store(y + c, value, columns - c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LayerNormRow(float* x, float* weight, float* bias, float epsilon, float* y, float* residual, int columns)
    {
        var sum = Vector256<float>.Zero;
        for (var c = 0; c < columns; c += Lanes.Count)
            sum += Lanes.Load(x + c, columns - c);
        var mean = Vector256.Create(Lanes.Sum(sum) / columns);
        var squares = Vector256<float>.Zero;
        for (var c = 0; c < columns; c += Lanes.Count)
        {
            // Lanes beyond the row hold 0, not the mean.
            var left = columns - c;
            var difference = Lanes.Load(x + c, left) - mean;
            if (left < Lanes.Count)
                difference = difference & Lanes.First(left);
            squares = Vector256.FusedMultiplyAdd(difference, difference, squares);
        }

        var scale = Vector256.Create(1 / MathF.Sqrt(Lanes.Sum(squares) / columns + epsilon));
        for (var c = 0; c < columns; c += Lanes.Count)
        {
            var left = columns - c;
            var value = (Lanes.Load(x + c, left) - mean) * scale;
            if (weight != null)
                value *= Lanes.Load(weight + c, left);
            if (bias != null)
                value += Lanes.Load(bias + c, left);
            if (residual != null)
                value += Lanes.Load(residual + c, left);
            Lanes.Store(y + c, value, left);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RmsNormRow(float* x, float* weight, float epsilon, float* y, float* residual, int columns)
    {
        var scale = Vector256.Create(1 / MathF.Sqrt(Lanes.Dot(x, x, columns) / columns + epsilon));
        for (var c = 0; c < columns; c += Lanes.Count)
        {
            var left = columns - c;
            var value = Lanes.Load(x + c, left) * scale;
            if (weight != null)
                value *= Lanes.Load(weight + c, left);
            if (residual != null)
                value += Lanes.Load(residual + c, left);
            Lanes.Store(y + c, value, left);
        }
    }

    private static void RotateHalves(float* head, float* cos, float* sin, int half)
    {
        for (var i = 0; i < half; i += Lanes.Count)
        {
            var left = half - i;
            var (first, second) = (Lanes.Load(head + i, left), Lanes.Load(head + half + i, left));
            var (c, s) = (Lanes.Load(cos + i, left), Lanes.Load(sin + i, left));
            Lanes.Store(head + i, first * c - second * s, left);
            Lanes.Store(head + half + i, second * c + first * s, left);
        }
    }

    private static void RotateNeighbours(float* head, float* cos, float* sin, int half)
    {
        for (var i = 0; i < half; i++)
            (head[2 * i], head[2 * i + 1]) = (
                head[2 * i] * cos[i] - head[2 * i + 1] * sin[i], head[2 * i + 1] * cos[i] + head[2 * i] * sin[i]);
    }
}
