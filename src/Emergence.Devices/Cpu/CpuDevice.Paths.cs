using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <content>
/// What goes along the paths of a forest. Channels do not know of each other: a thread takes some of them through all rows,
/// with their states by place of the path, so that nobody waits and the bytes are the same whoever takes how many.
/// </content>
public sealed unsafe partial class CpuDevice
{
    /// <summary>Floats of the states that a thread holds at a time, one channel's at least.</summary>
    private const int StateFloats = 1 << 16;

    /// <summary>Bytes of the states that the threads hold at a time, and of their workspaces.</summary>
    public override long StateBytes(int places, int channels, int size)
    {
        places = Math.Max(1, places);
        return (long)sizeof(float) * _pool.Threads * (places + 1) * Padded(size) * MostChannels(places, channels, Padded(size));
    }

    protected override void ConvolvePathsCore(Tensor x, ForestPaths paths, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        RequireFloat32(x, weight, bias, y);
        var (columns, taps) = (x.Columns, weight.Columns);
        var byTap = new float[taps * columns];
        for (var c = 0; c < columns; c++)
        {
            for (var j = 0; j < taps; j++)
                byTap[j * columns + c] = At(weight, c)[j];
        }

        var end = new Epilogue { Bias = AtOrNull(bias), Activation = activation };
        _pool.RunRanges(x.Rows, Grain(columns * taps), (first, last) =>
        {
            var sum = Scratch.Get(Scratch.Use.Rows, columns + Lanes.Count);
            fixed (float* tap = byTap)
            {
                for (var n = first; n < last; n++)
                {
                    new Span<float>(sum, columns).Clear();
                    for (var (row, j) = (n, taps - 1); row >= 0 && j >= 0; (row, j) = (Index(paths.Parents, row), j - 1))
                        AddProducts(tap + j * columns, At(x, row), sum, columns);
                    end.Store(sum, columns, At(y, n), y.RowStride, n, 0, 1, columns);
                }
            }
        });
        GC.KeepAlive((x, paths, weight, bias, y));
    }

    protected override void ScanPathsCore(Tensor x, Tensor steps, Tensor b, Tensor c, ForestPaths paths, ScanShape shape, Tensor y)
    {
        RequireFloat32(x, steps, b, c, shape.LogRates, shape.Skip, shape.StepBias, y);
        var (size, width, perGroup) = (b.Columns / shape.Groups, x.Columns / shape.Heads, shape.Heads / shape.Groups);
        var (padded, byState) = (Padded(size), shape.LogRates.Columns > 1);
        InChannels(x.Columns, paths, padded, padded, (start, end, states, rates) =>
        {
            for (var channel = start; channel < end; channel++)
            {
                for (var i = 0; i < padded; i++)
                    rates[(channel - start) * padded + i] =
                        byState && i >= size ? 0 : -Exp(At(shape.LogRates, channel / width)[byState ? i : 0]);
            }

            for (var n = 0; n < x.Rows; n++)
            {
                var place = Places(states, paths, n, (end - start) * padded);
                var (head, step, decay) = (-1, 0f, Vector256<float>.Zero);
                for (var channel = start; channel < end; channel++)
                {
                    var offset = (channel - start) * padded;
                    if (channel / width != head)
                    {
                        head = channel / width;
                        step = Math.Clamp(SoftPlus(At(steps, n)[head] + (shape.StepBias == null ? 0 : At(shape.StepBias, 0)[head])),
                            shape.LeastStep, shape.MostStep);
                        decay = VectorMath.Exp(Vector256.Create(step * rates[offset]));
                    }

                    var (input, group) = (At(x, n)[channel], head / perGroup * size);
                    var sum = ScanChannel(
                        place.From == null ? null : place.From + offset, place.To + offset, byState ? rates + offset : null, step, decay,
                        step * input, At(b, n) + group, At(c, n) + group, size);
                    At(y, n)[channel] = sum + At(shape.Skip, 0)[head] * input;
                }
            }
        });
        GC.KeepAlive((x, steps, b, c, paths, shape, y));
    }

    protected override void DeltaPathsCore(
        Tensor q, Tensor k, Tensor v, Tensor steps, Tensor gates, ForestPaths paths, DeltaShape shape, Tensor y)
    {
        RequireFloat32(q, k, v, steps, gates, shape.LogRates, shape.StepBias, y);
        var (size, width, perKey) = (q.Columns / shape.KeyHeads, v.Columns / shape.ValueHeads, shape.ValueHeads / shape.KeyHeads);
        var padded = Padded(size);
        InChannels(v.Columns, paths, padded, 0, (start, end, states, _) =>
        {
            for (var n = 0; n < v.Rows; n++)
            {
                var place = Places(states, paths, n, (end - start) * padded);
                var (head, decay, gate) = (-1, 0f, 0f);
                for (var channel = start; channel < end; channel++)
                {
                    if (channel / width != head)
                    {
                        head = channel / width;
                        decay = Exp(-Exp(At(shape.LogRates, head)[0]) * SoftPlus(At(steps, n)[head] + At(shape.StepBias, 0)[head]));
                        gate = 1 / (1 + Exp(-At(gates, n)[head]));
                    }

                    var (offset, first) = ((channel - start) * padded, head / perKey * size);
                    At(y, n)[channel] = DeltaChannel(
                        place.From == null ? null : place.From + offset, place.To + offset, decay, gate, At(v, n)[channel],
                        At(q, n) + first, At(k, n) + first, size);
                }
            }
        });
        GC.KeepAlive((q, k, v, steps, gates, paths, shape, y));
    }

    /// <summary>state = decay from + input b; the product of state and c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float ScanChannel(
        float* from, float* to, float* rates, float step, Vector256<float> decay, float input, float* b, float* c, int size)
    {
        var sum = Vector256<float>.Zero;
        for (var i = 0; i < size; i += Lanes.Count)
        {
            var state = Vector256.Create(input) * Lanes.Load(b + i, size - i);
            if (from != null)
            {
                var kept = rates == null ? decay : VectorMath.Exp(Vector256.Create(step) * Vector256.Load(rates + i));
                state = Vector256.FusedMultiplyAdd(kept, Vector256.Load(from + i), state);
            }

            state.Store(to + i);
            sum = Vector256.FusedMultiplyAdd(state, Lanes.Load(c + i, size - i), sum);
        }

        return Lanes.Sum(sum);
    }

    /// <summary>state = decay from + k (value - the product of decay from and k) gate; the product of state and q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float DeltaChannel(float* from, float* to, float decay, float gate, float value, float* q, float* k, int size)
    {
        var known = Vector256<float>.Zero;
        for (var i = 0; i < size && from != null; i += Lanes.Count)
        {
            var kept = Vector256.Create(decay) * Vector256.Load(from + i);
            kept.Store(to + i);
            known = Vector256.FusedMultiplyAdd(kept, Lanes.Load(k + i, size - i), known);
        }

        var change = Vector256.Create((value - Lanes.Sum(known)) * gate);
        var sum = Vector256<float>.Zero;
        for (var i = 0; i < size; i += Lanes.Count)
        {
            var kept = from == null ? Vector256<float>.Zero : Vector256.Load(to + i);
            var state = Vector256.FusedMultiplyAdd(Lanes.Load(k + i, size - i), change, kept);
            state.Store(to + i);
            sum = Vector256.FusedMultiplyAdd(state, Lanes.Load(q + i, size - i), sum);
        }

        return Lanes.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddProducts(float* a, float* b, float* sum, int columns)
    {
        for (var c = 0; c < columns; c += Lanes.Count)
        {
            var left = columns - c;
            Lanes.Store(sum + c, Vector256.FusedMultiplyAdd(Lanes.Load(a + c, left), Lanes.Load(b + c, left), Lanes.Load(sum + c, left)),
                left);
        }
    }

    /// <summary>Ranges of channels, each with memory for its states in all places and for some floats a channel more.</summary>
    private void InChannels(int channels, ForestPaths paths, int size, int more, ChannelRange body)
    {
        var places = Math.Max(1, paths.PlaceCount);
        var share = Ceiling.Of(channels, 4 * _pool.Free);
        var each = Math.Min(MostChannels(places, channels, size), Math.Max(Lanes.Count, share));
        _pool.Run(Ceiling.Of(channels, each), i =>
        {
            var (start, end) = (i * each, Math.Min(channels, (i + 1) * each));
            var states = Scratch.Get(Scratch.Use.Rows, (long)places * (end - start) * size);
            body(start, end, states, Scratch.Get(Scratch.Use.MoreRows, (long)(end - start) * more));
        });
    }

    /// <summary>Channels that a thread takes at a time at most.</summary>
    private static int MostChannels(int places, int channels, int size) =>
        (int)Math.Clamp(StateFloats / ((long)places * size), 1, channels);

    /// <summary>States of the row's parent, or none, and of the row.</summary>
    private static Pointers Places(float* states, ForestPaths paths, int row, int floats)
    {
        var parent = Index(paths.Parents, row);
        return new(parent < 0 ? null : states + (nint)Index(paths.Places, parent) * floats,
            states + (nint)Index(paths.Places, row) * floats);
    }

    private static int Index(Tensor indices, int row) => ((int*)indices.Address)[(long)row * indices.RowStride];

    private static int Padded(int size) => Ceiling.Multiple(size, Lanes.Count);

    private static float Exp(float x) => VectorMath.Exp(Vector256.Create(x))[0];

    /// <summary>ln(1 + e^x) in double precision, from which nothing is lost far below 0.</summary>
    private static float SoftPlus(float x)
    {
        var small = VectorMath.Exp(Vector256.Create((double)-Math.Abs(x)))[0];
        return (float)(Math.Max(x, 0) + (small < 1e-5 ? small - small * small / 2 : VectorMath.Log(1 + small)));
    }

    private delegate void ChannelRange(int start, int end, float* states, float* more);

    /// <summary>Where a row's state comes from and goes to; they may be the same.</summary>
    private readonly struct Pointers(float* from, float* to)
    {
        public readonly float* From = from;

        public readonly float* To = to;
    }
}
