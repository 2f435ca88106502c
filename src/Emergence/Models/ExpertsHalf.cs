using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>
/// The second half of a block with experts: routes rows, gathers them by expert, multiplies each expert's rows at once, and
/// adds up what a row's experts yield in their order. A row's result does not depend on the rows beside it.
/// </summary>
internal sealed class ExpertsHalf(Device device)
{
    private readonly Dictionary<Tensor, float[]> _vectors = [];

    /// <summary>Told which experts each row of a call was sent to, row by row; or none.</summary>
    public Action<int[]>? Routed { get; set; }

    /// <summary>What the experts yield together, (n, d).</summary>
    /// <param name="weights">Weights of the layer.</param>
    /// <param name="part">What the layer computes.</param>
    /// <param name="input">(n, d).</param>
    /// <param name="stream">(n, d): the residual stream, which the router of experts beside a dense half reads.</param>
    /// <param name="memory">For n rows or more.</param>
    public Tensor Mix(ExpertsWeights weights, ExpertsPart part, Tensor input, Tensor stream, BlockMemory memory)
    {
        var mixed = memory.Take(Slot.Mixture, input.Rows, input.Columns);
        if (input.Rows == 0)
            return mixed;
        var (chosen, shares) = Route(weights, part, weights.Beside == null ? input : stream, memory);
        Routed?.Invoke(chosen);
        if (part.LatentWidth is not { } narrow)
        {
            MixChosen(weights, part, chosen, shares, input, mixed, memory);
            return mixed;
        }

        var (latent, mixture) = (memory.Take(Slot.ExpertLatent, input.Rows, narrow), memory.Take(Slot.LatentMixture, input.Rows, narrow));
        weights.LatentDown!.Apply(device, input, latent);
        MixChosen(weights with { Shared = null }, part with { SharedWidth = 0 }, chosen, shares, latent, mixture, memory);
        weights.LatentUp!.Apply(device, mixture, mixed);
        if (weights.Shared is { } shared)
        {
            var yielded = memory.Take(Slot.Routed, input.Rows, input.Columns);
            Pass(shared, input, part, part.SharedWidth, yielded, memory);
            device.Scale(yielded, 1, mixed, mixed);
        }

        return mixed;
    }

    /// <summary>The weighed sum of what the experts of each row yield, and the one that all rows pass.</summary>
    private void MixChosen(
        ExpertsWeights weights, ExpertsPart part, int[] chosen, float[] shares, Tensor input, Tensor mixed, BlockMemory memory)
    {
        var (n, k, copies) = (input.Rows, part.Chosen, part.Copies);
        var (order, starts) = ByExpert(chosen, part.Count);
        var places = new int[n * copies];
        for (var place = 0; place < order.Length; place++)
            places[order[place] / k * copies + order[place] % k] = place;

        var routed = memory.Take(Slot.Routed, n * copies, input.Columns);
        using var sources = device.AllocateIndices([.. order.Select(copy => copy / k)]);
        if (part.WeighsInput)
        {
            using var scales = device.Allocate(order.Length, 1);
            device.Upload((ReadOnlySpan<float>)Array.ConvertAll(order, copy => shares[copy]), scales);
            device.MixRows(input, sources, scales, routed.RowRange(0, order.Length));
            Array.Fill(shares, 1);
        }
        else
        {
            device.GatherRows(input, sources, routed.RowRange(0, order.Length));
        }

        for (var e = 0; e < part.Count; e++)
        {
            if (starts[e + 1] > starts[e])
            {
                var rows = routed.RowRange(starts[e], starts[e + 1] - starts[e]);
                Pass(weights.Experts[e], rows, part, part.Width, rows, memory);
            }
        }

        using var mixWeights = device.Allocate(n, copies);
        device.Upload((ReadOnlySpan<float>)Spread(shares, k, copies), mixWeights);
        if (weights.Shared is { } shared)
        {
            Pass(shared, input, part, part.SharedWidth, routed.RowRange(order.Length, n), memory);
            for (var row = 0; row < n; row++)
                places[row * copies + k] = order.Length + row;
            weights.SharedGate?.Apply(device, input, mixWeights.ColumnRange(k, 1), Activation.Sigmoid);
        }

        using var placed = device.AllocateIndices(places);
        device.MixRows(routed, placed.Reshape(n, copies), mixWeights, mixed);
    }

    /// <summary>y = output(activation(gate x) * up x), or output(activation(up x)); y may be x.</summary>
    private void Pass(ExpertWeights expert, Tensor x, ExpertsPart part, int width, Tensor y, BlockMemory memory)
    {
        if (!part.Gated)
        {
            var wide = memory.Take(Slot.ExpertInner, x.Rows, width);
            expert.Inner[0].Apply(device, x, wide, part.Activation);
            expert.Output.Apply(device, wide, y);
            return;
        }

        var inner = memory.Take(Slot.ExpertInner, x.Rows, 2 * width);
        var (gate, up) = (inner.ColumnRange(0, width), inner.ColumnRange(width, width));
        if (expert.Inner.Length == 1)
        {
            expert.Inner[0].Apply(device, x, inner);
            if (part.Interleaved)
                (gate, up) = TakeApart(inner, width, memory);
        }
        else
        {
            expert.Inner[0].Apply(device, x, gate);
            expert.Inner[1].Apply(device, x, up);
        }

        if (part.Clamp > 0)
            Clamp(gate, up, (float)part.Clamp);
        device.Gate(gate, up, part.Activation, gate);
        expert.Output.Apply(device, gate, y);
    }

    /// <summary>Gate and up, whose columns take turns in a row.</summary>
    private (Tensor Gate, Tensor Up) TakeApart(Tensor inner, int width, BlockMemory memory)
    {
        var apart = memory.Take(Slot.Apart, inner.Rows, 2 * width);
        var (gate, up) = (apart.ColumnRange(0, width), apart.ColumnRange(width, width));
        var (every, each) = (new HeadLayout(width, 1, 2), new HeadLayout(width, 1, 1));
        device.CopyHeads(inner, every, gate, each);
        device.CopyHeads(inner.ColumnRange(1, inner.Columns - 1), every, up, each);
        return (gate, up);
    }

    /// <summary>Cuts both off, the gate from above only, and adds one to up.</summary>
    private void Clamp(Tensor gate, Tensor up, float limit)
    {
        device.Clip(gate, float.NegativeInfinity, limit);
        device.Clip(up, -limit, limit);
        using var column = device.Allocate(up.Rows, 1);
        using var row = device.Allocate(1, up.Columns);
        device.Upload((ReadOnlySpan<float>)Enumerable.Repeat(1f, up.Rows).ToArray(), column);
        device.Upload((ReadOnlySpan<float>)Enumerable.Repeat(1f, up.Columns).ToArray(), row);
        device.MatMul(column, row, up, residual: up);
    }

    /// <summary>Experts of each row, (n * k), and their weights.</summary>
    private (int[] Chosen, float[] Weights) Route(ExpertsWeights weights, ExpertsPart part, Tensor input, BlockMemory memory)
    {
        var scores = memory.Take(Slot.Router, input.Rows, part.Count);
        if (weights.Beside is { } beside)
        {
            var normed = memory.Take(Slot.Mixture, input.Rows, input.Columns);
            beside.RouterNorm.Apply(device, input, normed);
            weights.Router.Apply(device, normed, scores);
            device.Scale(scores, (float)(1 / Math.Sqrt(input.Columns)), scores);
        }
        else
        {
            weights.Router.Apply(device, input, scores);
        }

        var products = new float[scores.Count];
        device.Download(scores, products);
        var correction = weights.Correction is { } stored ? Values(stored) : [];
        var (chosen, shares) = (new int[input.Rows * part.Chosen], new float[input.Rows * part.Chosen]);
        for (var row = 0; row < input.Rows; row++)
        {
            var span = new Range(row * part.Chosen, (row + 1) * part.Chosen);
            Routing.Choose(part.Router, products.AsSpan(row * part.Count, part.Count), correction, chosen.AsSpan(span),
                shares.AsSpan(span));
        }

        if (weights.Beside is { Scales: var scales })
        {
            var factors = Values(scales);
            for (var i = 0; i < shares.Length; i++)
                shares[i] *= factors[chosen[i]];
        }

        return (chosen, shares);
    }

    /// <summary>Values of a stored vector, read once.</summary>
    private float[] Values(Tensor stored)
    {
        if (!_vectors.TryGetValue(stored, out var values))
        {
            _vectors[stored] = values = new float[stored.Count];
            device.Download(stored, values);
        }

        return values;
    }

    /// <summary>Copies of rows sorted by expert, in the order of rows within one; and where each expert's begin.</summary>
    private static (int[] Order, int[] Starts) ByExpert(int[] chosen, int experts)
    {
        var starts = new int[experts + 1];
        foreach (var expert in chosen)
            starts[expert + 1]++;
        for (var e = 0; e < experts; e++)
            starts[e + 1] += starts[e];
        var (order, next) = (new int[chosen.Length], starts[..^1].ToArray());
        for (var copy = 0; copy < chosen.Length; copy++)
            order[next[chosen[copy]]++] = copy;
        return (order, starts);
    }

    /// <summary>The weights with a column of ones for the expert that all rows pass.</summary>
    private static float[] Spread(float[] weights, int k, int copies)
    {
        if (copies == k)
            return weights;
        var spread = new float[weights.Length / k * copies];
        Array.Fill(spread, 1);
        for (var i = 0; i < weights.Length; i++)
            spread[i / k * copies + i % k] = weights[i];
        return spread;
    }
}
