using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;

namespace Emergence.Information.Canonical;

/// <summary>
/// Steps on batches of many pairs that occur, each with what it needs of the coordinates, and with the near pairs of its classes of x,
/// wherever those lie: what a step costs does not grow with the pairs there are. The critic is judged by other batches.
/// </summary>
internal sealed class BatchedPairs(EstimationRequest request, Device device, DeviceInputs inputs) : CanonicalData(request, device, inputs)
{
    /// <summary>Batches that judge the start, and the end.</summary>
    private const int StartBatches = 8, EndBatches = 32;

    /// <summary>Pairs off the support that judge a critic, for each that occurs.</summary>
    private const int DrawsPerPair = 4;

    private readonly PairBatches _batches = Batches(request, RandomStream.Batches);

    public override bool IsInBatches => true;

    public override IReadOnlyList<Tensor> SharedInputs => [Coordinates.X, Coordinates.Y];

    public override double MultiplyAdds
    {
        get
        {
            var joint = Request.Joint;
            var pairs = joint.CanonicalPairs(Preset.CanonicalColumns, Device.ShareOnHost);
            return pairs.X.MultiplyAdds + pairs.Y.MultiplyAdds + pairs.MultiplyAdds
                + pairs.MultiplyAddsOf(joint.X.Count, joint.Y.Count);
        }
    }

    private (Tensor X, Tensor Y, IReadOnlyList<double> Correlations) Coordinates =>
        Inputs.Canonical(Request.Joint, Preset.CanonicalColumns);

    public override CanonicalTraining Next(ReadOnlySpan<float> parameters) => Of(_batches.Next(), parameters);

    public override IEnumerable<ScoredPairs> Score(CanonicalTraining critic, bool isStart)
    {
        var batches = Batches(Request, isStart ? RandomStream.Start : RandomStream.HeldOutBatches);
        var count = Math.Min(isStart ? StartBatches : EndBatches, batches.Count);
        var parameters = new float[critic.Training.Parameters.Columns];
        for (var batch = 0; batch < count; batch++)
        {
            using var part = Of(batches.Next(), parameters);
            part.Training.GoOnFrom(Device, critic.Training);
            var pairs = HeldOut.Pairs(part.Pairs, Request.Seed, Request.Cell, DrawsPerPair * Preset.BatchPairs,
                isStart ? RandomStream.Start : RandomStream.HeldOut, part.Near, batch);
            foreach (var (scored, scores) in HeldOut.Scores(Device, part.Training, pairs))
            {
                yield return new([.. scored.Select(pair => pair with { Joint = pair.Joint / count, Product = pair.Product / count })],
                    scores, part.Near);
            }
        }
    }

    private static PairBatches Batches(EstimationRequest request, RandomStream stream) =>
        new(request.Joint, request.Preset.BatchPairs, new RandomSequence(request.Seed, request.Cell, stream));

    private CanonicalTraining Of(PairBatch batch, ReadOnlySpan<float> parameters)
    {
        var (x, y, _) = Coordinates;
        var owned = new List<Tensor>();
        try
        {
            var near = SupportMine.TakesAll(batch, Preset) ? null
                : NearPairs.Of(batch, Request.Joint, Inputs.Nearest(Request.Joint, Preset.CanonicalColumns, byTrees: true));
            near = near?.Weights == null ? null : near;
            var (ofX, ofY) = (Gathered(x, batch.A), Gathered(y, [.. batch.B, .. near?.Beside ?? []]));
            return new(Train(batch, (ofX, ofY), (ofX, ofY), near, parameters), batch, near) { Owned = owned };
        }
        catch
        {
            foreach (var tensor in owned)
                tensor.Dispose();
            throw;
        }

        Tensor Gathered(Tensor from, int[] classes)
        {
            using var index = Device.AllocateIndices(classes);
            owned.Add(Device.Allocate(classes.Length, from.Columns));
            Device.Embed(index, from, 1, owned[^1]);
            return owned[^1];
        }
    }
}
