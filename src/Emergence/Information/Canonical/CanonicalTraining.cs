using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Information.Canonical;

/// <summary>A critic of canonical coordinates in training, and the pairs of classes it is trained on.</summary>
/// <param name="Training">The critic.</param>
/// <param name="Pairs">All pairs that occur, or some of them.</param>
/// <param name="Near">Pairs of their classes that are drawn by themselves, if any.</param>
internal sealed record CanonicalTraining(CriticTraining Training, WeightedPairs Pairs, NearPairs? Near) : IDisposable
{
    /// <summary>Inputs that nobody else reads.</summary>
    public IReadOnlyList<Tensor> Owned { get; init; } = [];

    public void Dispose()
    {
        Training.Dispose();
        foreach (var tensor in Owned)
            tensor.Dispose();
    }
}

/// <summary>Pairs with the score of each.</summary>
/// <param name="Pairs">Weighted pairs.</param>
/// <param name="Scores">T of each.</param>
/// <param name="Near">Which of them lie near each other, if that is known.</param>
internal sealed record ScoredPairs(ClassPair[] Pairs, double[] Scores, NearPairs? Near)
{
    /// <summary>What these pairs add to what an objective cannot exceed, in bits.</summary>
    public double Bits => Pairs.Where(pair => pair.Joint > 0).Sum(pair => pair.Joint * Math.Log2(pair.Joint / pair.Product));
}

/// <summary>What one critic is trained on, step after step, and judged by.</summary>
internal abstract class CanonicalData(EstimationRequest request, Device device, DeviceInputs inputs)
{
    /// <summary>Whether it changes between steps.</summary>
    public abstract bool IsInBatches { get; }

    /// <summary>Shared inputs that are read as long as there is training.</summary>
    public abstract IReadOnlyList<Tensor> SharedInputs { get; }

    /// <summary>Sizes of what is made next; wider once the start has shown to be hard.</summary>
    public CriticPreset Preset { get; set; } = request.Preset;

    /// <summary>Learning rates of the critic and of its linear term by step.</summary>
    public required (Func<int, double> OfCritic, Func<int, double> OfLinear) Rates { get; init; }

    protected EstimationRequest Request => request;

    protected Device Device => device;

    protected DeviceInputs Inputs => inputs;

    public static CanonicalData Of(EstimationRequest request, Device device, DeviceInputs inputs,
        (Func<int, double> OfCritic, Func<int, double> OfLinear) rates) => request.Preset.TakesBatches(request.Joint.Support.Count)
        ? new BatchedPairs(request, device, inputs) { Rates = rates }
        : new AllPairs(request, device, inputs) { Rates = rates };

    /// <summary>Work that the seeds of a cell share.</summary>
    public abstract double MultiplyAdds { get; }

    /// <summary>The data of the next steps, with a critic of these parameters.</summary>
    public abstract CanonicalTraining Next(ReadOnlySpan<float> parameters);

    /// <summary>Scores of pairs that training did not choose, which judge a frozen critic.</summary>
    /// <param name="critic">In training.</param>
    /// <param name="isStart">Of random numbers that only the start is judged by.</param>
    public abstract IEnumerable<ScoredPairs> Score(CanonicalTraining critic, bool isStart);

    protected CriticTraining Train(WeightedPairs pairs, (Tensor X, Tensor Y) inputs, (Tensor X, Tensor Y) whitened, NearPairs? near,
        ReadOnlySpan<float> parameters) => SupportMine.CreateTraining(request with { Preset = Preset }, device, inputs.X, inputs.Y,
            parameters, new LinearTerm(device, whitened.X, whitened.Y) { Rate = Rates.OfLinear }, Rates.OfCritic, near, pairs);
}
