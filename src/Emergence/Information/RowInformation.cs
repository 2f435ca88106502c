using Emergence.Information.Exact;
using Emergence.Information.Gaussian;
using Emergence.Information.Neighbours;

namespace Emergence.Information;

/// <summary>What each row of a table adds to an estimate, in bits.</summary>
public static class RowInformation
{
    public static IReadOnlyList<string> Estimators { get; } = [ExactInformation.EstimatorName, NearestNeighbourInformation.EstimatorName,
        MixedNeighbourInformation.EstimatorName, GaussianEstimator.EstimatorName];

    /// <summary>One value a row; none by an estimator that has none, or that cannot work on these rows.</summary>
    public static double[]? Of(string estimator, JointClasses joint, int window)
    {
        ArgumentNullException.ThrowIfNull(joint);
        if (joint.HasConstantSide)
            return null;
        var rows = new PairedRows(joint, window);
        return estimator switch
        {
            ExactInformation.EstimatorName => joint.UnitInformation(),
            NearestNeighbourInformation.EstimatorName => Neighbourhood.RowBits(rows, isMixed: false) is { Length: > 0 } bits ? bits : null,
            MixedNeighbourInformation.EstimatorName => Neighbourhood.RowBits(rows, isMixed: true) is { Length: > 0 } bits ? bits : null,
            GaussianEstimator.EstimatorName when !rows.HasText => GaussianEstimator.RowBits(rows),
            _ => null,
        };
    }
}
