using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Gaussian;
using Emergence.Information.Neighbours;
using Emergence.Information.Noise;

namespace Emergence.Information;

/// <summary>One value asked for.</summary>
/// <param name="Estimator">A row of <see cref="EstimatorTable"/>.</param>
/// <param name="Joint">The data.</param>
/// <param name="Preset">Size of the training.</param>
/// <param name="Seed">Key of all random numbers.</param>
/// <param name="Cell">Separates the random numbers of cells with the same seed.</param>
public sealed record EstimationRequest(Estimator Estimator, JointClasses Joint, CriticPreset Preset, ulong Seed, uint Cell)
{
    /// <summary>Number of the slice that "paper" reads: columns SliceColumns * Slice and on.</summary>
    public int Slice { get; init; }

    /// <summary>Rows of a table so near in their order are no neighbours (Theiler 1986); 0 if the order says nothing.</summary>
    public int Window { get; init; }

    /// <summary>What noise leaves of y, if that was found already, beside other sides.</summary>
    internal IReadOnlyList<NoiseValue> Noise { get; init; } = [];
}

/// <summary>A way to find mutual information: one file, one row of <see cref="EstimatorTable"/>.</summary>
public abstract class Estimator
{
    /// <summary>The word the command line uses.</summary>
    public abstract string Name { get; }

    public abstract string Description { get; }

    /// <summary>Results differ between seeds.</summary>
    public abstract bool IsRandom { get; }

    /// <summary>The value is about the source of the rows, not about the rows themselves.</summary>
    public virtual bool IsOfSource => false;

    /// <summary>Device memory of a value on its way at most, beside its inputs.</summary>
    /// <param name="device">Trains.</param>
    /// <param name="preset">Size of the training.</param>
    /// <param name="classes">Classes of x, of y and of pairs.</param>
    /// <param name="rows">Sequences.</param>
    /// <param name="columns">Columns of x and of y.</param>
    internal virtual long TrainingBytes(Device device, CriticPreset preset, int classes, int rows, int columns) => 0;

    /// <summary>Columns of a side's inputs in device memory.</summary>
    internal virtual int InputColumns(CriticPreset preset, int classes, int columns) => columns;

    internal abstract Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs);

    /// <summary>A result without a value.</summary>
    internal MutualInformation Fail(EstimationRequest request, string reason) => Describe(request, double.NaN) with { Failure = reason };

    /// <summary>Cannot work on these data: a failure that says what to use instead.</summary>
    private protected MutualInformation Refuse(EstimationRequest request, string reason) =>
        Fail(request, $"{Name} cannot work here: {reason}");

    /// <summary>A result with everything that the data alone say; its value is that of <paramref name="mi"/>.</summary>
    private protected MutualInformation Describe(EstimationRequest request, double mi)
    {
        var joint = request.Joint;
        var units = joint.X.UnitWeights.Length;
        return new()
        {
            Estimator = Name,
            Seed = request.Seed,
            MiBits = mi,
            IsOfSource = IsOfSource,
            IsOfNumbers = IsOfSource && Entropy.Estimators.All(entropy => entropy.Name != Name)
                && new[] { joint.X, joint.Y }.Any(side => side.Table?.Any(column => column.Kind == ColumnKind.Rounded) == true),
            ExactBits = joint.Bits,
            ExactStandardErrorBits = joint.StandardErrorBits,
            HPrefixBits = joint.UnitBits,
            YBits = Entropy.Bits(joint.Y.Weights, 1),
            Log2N = Math.Log2(joint.Samples),
            IsEnumeration = joint.IsEnumeration,
            K = joint.Support.Count,
            KX = joint.X.Count,
            KY = joint.Y.Count,
            Mu = joint.Coincidences,
            CollisionsX = units - joint.X.Count,
            CollisionsY = units - joint.Y.Count,
            NonFinite = joint.X.NonFinite + joint.Y.NonFinite,
        };
    }
}

/// <summary>All estimators: adding one is one file and one row.</summary>
public static class EstimatorTable
{
    public static IReadOnlyList<Estimator> Rows { get; } =
    [
        new ExactInformation(),
        new SupportMine(),
        new Resolved(),
        new PublishedMine(),
        new CorrectedInformation("miller-madow"),
        new CorrectedInformation(SampleInformation.Best),
        new CorrectedInformation("chao-shen"),
        new CorrectedInformation("chao-wang-jost"),
        new MovingAverageMine(),
        new NguyenWainwrightJordan(),
        new InfoNce(),
        new JensenShannon(),
        new Smile(),
        new NearestNeighbourInformation(),
        new MixedNeighbourInformation(),
        new GaussianEstimator(shrinks: false),
        new GaussianEstimator(shrinks: true),
        new NoisyChannel(),
    ];

    /// <summary>A value that needs no device.</summary>
    internal static MutualInformation OfRows(string name, JointClasses joint, int window) =>
        ((RowEstimator)Find(name)).Estimate(new EstimationRequest(Find(name), joint, CriticPreset.Small, 0, 0) { Window = window });

    public static Estimator Find(string name) => Rows.FirstOrDefault(row => row.Name == name)
        ?? throw new EmergenceException($"unknown estimator '{name}': choose {string.Join(", ", Rows.Select(row => row.Name))}",
            ExitCode.Usage);
}

/// <summary>A value on its way.</summary>
internal abstract class Estimation : IDisposable
{
    /// <summary>What the device is to train beside others; null if the estimation takes its own steps, if any.</summary>
    public virtual CriticTraining? Training => null;

    /// <summary>Shared inputs that are read as long as the value is on its way.</summary>
    public virtual IReadOnlyList<Tensor> Inputs => Training == null ? [] : [Training.X, Training.Y];

    /// <summary>Takes its own steps, if the device does not take them.</summary>
    public virtual void Step(int steps)
    {
    }

    /// <summary>Whether the training may end; asked after every <see cref="CriticPreset.LookEvery"/> steps.</summary>
    public abstract bool IsFinished();

    public abstract MutualInformation Finish();

    public abstract void Dispose();
}

/// <summary>A result that is there at once.</summary>
internal sealed class FinishedEstimation(MutualInformation result) : Estimation
{
    public override bool IsFinished() => true;

    public override MutualInformation Finish() => result;

    public override void Dispose()
    {
    }
}
