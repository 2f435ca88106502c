using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>The device of a plan where ops hold no memory and launch no kernels: only what is allocated is counted.</summary>
internal sealed class CountingDevice(Device like, DevicePlan plan) : Device
{
    public override string Name => like.Name;

    public override string Description => like.Description;

    public override string Path => like.Path;

    public override DeviceTraits Traits => like.Traits;

    public override DType ComputeType => like.ComputeType;

    public override long AvailableBytes => like.AvailableBytes;

    public override Tensor Allocate(DType type, int rows, int columns) =>
        new(plan.Allocate((long)rows * columns * type.Size()), type, rows, columns);

    public override void Upload(ReadOnlySpan<byte> source, Tensor destination) => DevicePlan.CountedBuffer.Upload(source, destination);

    public override void Download(Tensor source, Span<byte> destination) => DevicePlan.CountedBuffer.Download(source, destination);

    public override Critic CreateCritic(CriticShape shape, int xRows, int yRows, int pairs, Device? memory = null) =>
        new CountedCritic(like.CreateCritic(shape, xRows, yRows, pairs, memory ?? this));

    public override void DrawPairs(PairSource source, ulong seed, uint cell, int step, Tensor a, Tensor b)
    {
    }

    protected override void EmbedCore(Tensor ids, Tensor table, float scale, Tensor y, bool accumulate)
    {
    }

    protected override void GatherRowsCore(Tensor source, Tensor rows, Tensor destination)
    {
    }

    protected override void LayerNormCore(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y, Tensor? residual)
    {
    }

    protected override void RmsNormCore(Tensor x, Tensor? weight, float epsilon, Tensor y, Tensor? residual)
    {
    }

    protected override void MatMulCore(
        Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Tensor? bias, Activation activation, Tensor? residual)
    {
    }

    protected override void RotateCore(Tensor x, HeadLayout heads, Tensor positions, Tensor cosines, Tensor sines, RotaryPairs pairs)
    {
    }

    protected override void AttentionCore(
        Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape, AttentionPositions? positions)
    {
    }

    protected override void GateCore(Tensor gate, Tensor up, Activation activation, Tensor y)
    {
    }

    protected override void ScaleCore(Tensor x, float factor, Tensor y, Tensor? residual)
    {
    }

    protected override void ClipCore(Tensor x, float least, float most)
    {
    }

    protected override void ApplyXieluCore(Tensor x, Xielu shape)
    {
    }

    protected override void CopyHeadsCore(Tensor source, HeadLayout from, Tensor destination, HeadLayout to)
    {
    }

    protected override void SoftCapCore(Tensor x, float cap)
    {
    }

    protected override void ConvolvePathsCore(Tensor x, ForestPaths paths, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
    }

    protected override void ScanPathsCore(Tensor x, Tensor steps, Tensor b, Tensor c, ForestPaths paths, ScanShape shape, Tensor y)
    {
    }

    protected override void DeltaPathsCore(
        Tensor q, Tensor k, Tensor v, Tensor steps, Tensor gates, ForestPaths paths, DeltaShape shape, Tensor y)
    {
    }

    protected override void SquareDistancesCore(Tensor a, Tensor b, Tensor? same, Tensor y)
    {
    }

    protected override void SumMixtureCore(
        Tensor? dots, Tensor squares, Tensor rows, Tensor logs, Tensor own, Tensor inverses, Tensor sums)
    {
    }

    protected override void AddPairsCore(Tensor zx, Tensor a, Tensor zy, Tensor b, Tensor y)
    {
    }

    protected override void LeakyReluGradientCore(Tensor y, Tensor dy)
    {
    }

    protected override void SumRowsCore(Tensor x, Tensor sums)
    {
    }

    protected override void SumByIndexCore(Tensor x, Tensor index, Tensor sums)
    {
    }

    protected override CriticValue DonskerVaradhanCore(Tensor scores, Tensor joint, Tensor marginal, Tensor? gradient) => default;

    protected override void AdamCore(Tensor parameters, Tensor gradient, Tensor first, Tensor second, double rate, int step)
    {
    }

    /// <summary>The memory of a critic whose passes compute nothing.</summary>
    private sealed class CountedCritic(Critic critic) : Critic(critic.Shape, critic.XRows, critic.YRows, critic.Pairs)
    {
        public override Tensor Scores => critic.Scores;

        public override Tensor ScoreGradients => critic.ScoreGradients;

        public override void Dispose() => critic.Dispose();

        protected override void ForwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b)
        {
        }

        protected override void BackwardCore(Tensor parameters, Tensor x, Tensor y, Tensor a, Tensor b, Tensor gradient)
        {
        }
    }
}
