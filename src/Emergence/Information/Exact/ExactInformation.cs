using Emergence.Devices;
using Emergence.Information.Critics;

namespace Emergence.Information.Exact;

/// <summary>
/// "exact": the information of the data themselves, I_emp; nothing is trained. For a sample, the corrected estimators
/// below tell what it says about the source.
/// </summary>
internal sealed class ExactInformation : Estimator
{
    internal const string EstimatorName = "exact";

    public override string Name => EstimatorName;

    public override string Description => "the information of these data themselves, by counting classes of equal vectors";

    public override bool IsRandom => false;

    internal override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs) =>
        new FinishedEstimation(Describe(request, request.Joint.Bits));
}

/// <summary>
/// "miller-madow", "grassberger", "chao-shen", "chao-wang-jost": H(a) + H(b) - H(a,b) with each entropy corrected for the bias of its
/// plug-in.
/// </summary>
internal sealed class CorrectedInformation(string name) : Estimator
{
    public override string Name => name;

    public override string Description => "exact, each entropy corrected for the size of the sample";

    public override bool IsRandom => false;

    public override bool IsOfSource => true;

    internal override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs) =>
        new FinishedEstimation(Estimate(request));

    internal MutualInformation Estimate(EstimationRequest request)
    {
        if (request.Joint.IsEnumeration)
            return Refuse(request, "the data are all there are, so there is nothing to correct; use exact");
        var about = Describe(request, double.NaN);
        if (!about.IsCounted)
            return Refuse(request,
                $"{about.K} distinct rows in {request.Joint.Samples:0}, so that most classes were not seen; use mixed-ksg or mine-ema");
        var estimate = SampleInformation.Estimate(request.Joint).Single(row => row.Name == name);
        return about with { MiBits = estimate.Bits, SamplingErrorBits = estimate.StandardError };
    }
}

/// <summary>What a sample says about the information of its source.</summary>
public static class SampleInformation
{
    /// <summary>The corrected estimator with the least bias on data like these.</summary>
    internal const string Best = "grassberger";

    /// <summary>The one that adds most for classes not seen yet, and so takes most from the information.</summary>
    internal const string Widest = "chao-wang-jost";

    /// <summary>
    /// H(a) + H(b) - H(a,b) by every entropy estimator, with <see cref="JointClasses.SourceErrorBits"/>. Needs units weighted
    /// by counts.
    /// </summary>
    public static IReadOnlyList<BitsEstimate> Estimate(JointClasses joint)
    {
        ArgumentNullException.ThrowIfNull(joint);
        var x = Counts(joint.X.Weights.ToArray(), joint.Samples);
        var y = Counts(joint.Y.Weights.ToArray(), joint.Samples);
        var both = Counts(joint.Support.Select(pair => pair.Joint), joint.Samples);
        return [.. Entropy.Estimators.Select(entropy =>
            new BitsEstimate(entropy.Name, entropy.Bits(x) + entropy.Bits(y) - entropy.Bits(both), joint.SourceErrorBits))];
    }

    private static long[] Counts(IEnumerable<double> weights, double samples) => [.. weights.Select(weight =>
    {
        var count = Math.Round(weight * samples);
        return Math.Abs(weight * samples - count) <= 1e-6 * count
            ? (long)count
            : throw new ArgumentException($"expected counts, found the weight {weight * samples}");
    })];
}
