using System.Runtime.InteropServices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Ops;
using Emergence.Devices.Packed;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <content>The ops; how each is launched stands in Ops/, beside what it costs.</content>
public sealed unsafe partial class CudaDevice
{
    public override Critic CreateCritic(CriticShape shape, int xRows, int yRows, int pairs, Device? memory = null) =>
        _arithmetic == DType.BFloat16
            ? new CriticBf16(this, new CriticBf16Plan(shape, Gpu.Traits), xRows, yRows, pairs)
            : base.CreateCritic(shape, xRows, yRows, pairs, memory);

    public override void DrawPairs(PairSource source, ulong seed, uint cell, int step, Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var tables = PairTables.Create(this, source);
        if (tables == null)
        {
            base.DrawPairs(source, seed, cell, step, a, b);
            return;
        }

        var progress = new Progress { Seed = seed, Cell = cell, Step = step };
        using var memory = Allocate(DType.Int32, sizeof(Progress) / sizeof(int), 1);
        Upload(MemoryMarshal.AsBytes(new ReadOnlySpan<Progress>(in progress)), memory);
        tables.Draw(Queue, memory, a, b);
    }

    protected override void EmbedCore(Tensor ids, Tensor table, float scale, Tensor y, bool accumulate) =>
        Queue.Embed(ids, table, scale, y, accumulate);

    protected override void GatherRowsCore(Tensor source, Tensor rows, Tensor destination) => Queue.GatherRows(source, rows, destination);

    protected override void MixRowsCore(Tensor x, Tensor rows, Tensor weights, Tensor y) => Queue.MixRows(x, rows, weights, y);

    protected override void UnpackCore(PackedSlice rows, Tensor y) => Queue.Unpack(rows, y);

    protected override void LayerNormCore(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y, Tensor? residual) =>
        Queue.LayerNorm(x, weight, bias, epsilon, y, residual);

    protected override void RmsNormCore(Tensor x, Tensor? weight, float epsilon, Tensor y, Tensor? residual) =>
        Queue.RmsNorm(x, weight, epsilon, y, residual);

    protected override void MatMulCore(
        Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Tensor? bias, Activation activation, Tensor? residual) =>
        Queue.MatMul(_arithmetic, a, b, y, transposeA, transposeB, bias, activation, residual);

    protected override void RotateCore(Tensor x, HeadLayout heads, Tensor positions, Tensor cosines, Tensor sines, RotaryPairs pairs) =>
        Queue.Rotate(x, heads, positions, cosines, sines, pairs);

    protected override void AttentionCore(
        Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape, AttentionPositions? positions) =>
        Queue.Attention(q, k, v, parents, y, shape, positions);

    protected override void GateCore(Tensor gate, Tensor up, Activation activation, Tensor y) => Queue.Gate(gate, up, activation, y);

    protected override void ScaleCore(Tensor x, float factor, Tensor y, Tensor? residual) => Queue.Scale(x, factor, y, residual);

    protected override void ClipCore(Tensor x, float least, float most) => Queue.Clip(x, least, most);

    protected override void ApplyXieluCore(Tensor x, Xielu shape) => Queue.ApplyXielu(x, shape);

    protected override void CopyHeadsCore(Tensor source, HeadLayout from, Tensor destination, HeadLayout to) =>
        Queue.CopyHeads(source, from, destination, to);

    protected override void SoftCapCore(Tensor x, float cap) => Queue.SoftCap(x, cap);

    protected override void ConvolvePathsCore(Tensor x, ForestPaths paths, Tensor weight, Tensor? bias, Activation activation, Tensor y) =>
        Queue.ConvolvePaths(x, paths, weight, bias, activation, y);

    protected override void ScanPathsCore(Tensor x, Tensor steps, Tensor b, Tensor c, ForestPaths paths, ScanShape shape, Tensor y) =>
        Queue.ScanPaths(x, steps, b, c, paths, shape, y);

    protected override void DeltaPathsCore(
        Tensor q, Tensor k, Tensor v, Tensor steps, Tensor gates, ForestPaths paths, DeltaShape shape, Tensor y) =>
        Queue.DeltaPaths(q, k, v, steps, gates, paths, shape, y);

    protected override void AddPairsCore(Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y) => Queue.AddPairs(zx, a, zy, b, y);

    protected override void LeakyReluGradientCore(Tensor y, Tensor dy) => Queue.LeakyReluGradient(y, dy);

    protected override void SumRowsCore(Tensor x, Tensor sums) => Queue.SumRows(x, sums);

    protected override void SumByIndexCore(Tensor x, Tensor index, Tensor sums) => Queue.SumByIndex(x, index, sums);

    protected override CriticValue DonskerVaradhanCore(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient)
    {
        using var held = Queue.Scratch(CriticOps.DonskerVaradhanBytes(scores.Rows), out var scratch);
        Queue.DonskerVaradhan(scores, joint, marginal, gradient, (ulong)scratch.Address);
        Partition result = default;
        Queue.Download((ulong)scratch.Address, &result, sizeof(Partition));
        return result.Value;
    }

    protected override void AdamCore(Tensor parameters, Tensor gradient, Tensor first, Tensor second, double rate, int step) =>
        Queue.Adam(parameters, gradient, first, second, new(rate, step));
}
