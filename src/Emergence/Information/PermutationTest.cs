using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Neighbours;
using Emergence.Information.Statistics;

namespace Emergence.Information;

/// <summary>An estimate beside those of the same rows with one side shuffled.</summary>
/// <param name="PValue">Chance of as large a value without any dependence.</param>
/// <param name="NullBits">Mean value without any dependence: the bias there.</param>
public sealed record PermutationTest(double PValue, double NullBits)
{
    /// <param name="estimator">One that trains nothing.</param>
    /// <param name="joint">Two sides of a table.</param>
    /// <param name="window">Rows so near in their order are no neighbours, and are shuffled together.</param>
    /// <param name="count">Shuffles.</param>
    /// <param name="seed">Seed of the shuffles.</param>
    /// <returns>None of an estimator that is trained, or that has no value here.</returns>
    public static PermutationTest? Run(Estimator estimator, JointClasses joint, int window, int count, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        ArgumentNullException.ThrowIfNull(joint);
        var rows = (int)joint.Samples;
        var shuffles = Shuffles.Of(rows, count, window, seed);
        if (joint.HasConstantSide)
            return null;
        if (estimator.Name is MixedNeighbourInformation.EstimatorName or NearestNeighbourInformation.EstimatorName)
        {
            var (bits, shuffled) = Neighbourhood.Shuffle(new PairedRows(joint, window),
                estimator.Name == MixedNeighbourInformation.EstimatorName, shuffles);
            return new(Shuffles.PValue(bits, shuffled), shuffled.Average());
        }

        if (Value(estimator, joint) is not { } value)
            return null;
        var values = shuffles.Select(order =>
            Value(estimator, new(joint.X, new RowClasses([.. joint.Y.Table!.Select(column => column.Reorder(order))]),
            isEnumeration: false)) ?? 0).ToList();
        return new(Shuffles.PValue(value, values), values.Average());
    }

    private static double? Value(Estimator estimator, JointClasses joint) =>
        estimator is RowEstimator rows ? Finite(rows.Estimate(new EstimationRequest(estimator, joint, CriticPreset.Small, 0, 0)).MiBits)
        : estimator.Name == ExactInformation.EstimatorName ? joint.Bits
        : SampleInformation.Estimate(joint).Where(row => row.Name == estimator.Name).Select(row => (double?)row.Bits).FirstOrDefault();

    private static double? Finite(double bits) => double.IsFinite(bits) ? bits : null;
}
