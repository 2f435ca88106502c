using Emergence.Devices;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Noise;

namespace Emergence.Information;

/// <summary>
/// "noisy-channel": I(a; h_a + s Z) of the classes a of y with standard normal Z, s = sigma times the unit of a
/// <see cref="NoiseScale"/>. Exact up to the standard error of a mean over draws of Z; falls with sigma and never exceeds H(a).
/// </summary>
internal sealed class NoisyChannel : Estimator
{
    internal const string EstimatorName = "noisy-channel";

    /// <summary>The noise of the estimator's one value: as large as the states themselves.</summary>
    internal const double Sigma = 1;

    /// <summary>Antithetic pairs of draws of a side that is looked at alone.</summary>
    private const int Pairs = 2048;

    public override string Name => EstimatorName;

    public override string Description => "information of y's classes that is left after normal noise as large as y itself (sigma 1)";

    public override bool IsRandom => true;

    /// <summary>One value for each sigma, with the standard error of the Monte-Carlo mean.</summary>
    public static IReadOnlyList<BitsEstimate> Curve(Device device, RowClasses classes, IReadOnlyList<double> sigmas, ulong seed, uint cell,
        NoiseScale scale = NoiseScale.Isotropic)
    {
        var draws = new NoiseDraws(seed, cell, classes.Columns, Pairs);
        using var mixture = new NoiseMixture(device, draws, scale);
        return [.. mixture.Read(classes, draws.Places(classes.Weights), sigmas).Values
            .Select(value => new BitsEstimate(Label(value.Sigma), value.Bits, value.StandardErrorBits))];
    }

    /// <summary>A cell of any estimator as one of this one, at a noise that it was read with; its exact value is the limit without
    /// noise.</summary>
    internal static MutualInformation At(MutualInformation cell, NoiseValue value) => new()
    {
        Estimator = EstimatorName,
        Seed = cell.Seed,
        MiBits = value.Bits,
        Sigma = value.Sigma,
        SamplingErrorBits = value.StandardErrorBits,
        ExactBits = cell.YBits,
        ExactStandardErrorBits = cell.ExactStandardErrorBits,
        HPrefixBits = cell.HPrefixBits,
        YBits = cell.YBits,
        Log2N = cell.Log2N,
        IsEnumeration = cell.IsEnumeration,
        K = cell.K,
        KX = cell.KX,
        KY = cell.KY,
        Mu = cell.Mu,
        CollisionsX = cell.CollisionsX,
        CollisionsY = cell.CollisionsY,
        NonFinite = cell.NonFinite,
        Noise = cell.Noise,
    };

    internal override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs)
    {
        var joint = request.Joint;
        if (joint.Y.NonFinite > 0)
            return new FinishedEstimation(Fail(request, $"{joint.Y.NonFinite} inputs are not finite"));
        if (request.Noise.Count > 0)
            return new FinishedEstimation(At(Describe(request, double.NaN) with { Noise = request.Noise },
                request.Noise.First(value => value.Sigma == Sigma)) with { ExactBits = joint.Bits });
        var own = Curve(device, joint.Y, [Sigma], request.Seed, request.Cell)[0];
        return new FinishedEstimation(Describe(request, own.Bits) with { Sigma = Sigma, SamplingErrorBits = own.StandardError });
    }

    private static string Label(double sigma) => FormattableString.Invariant($"sigma {sigma:0.####}");
}
