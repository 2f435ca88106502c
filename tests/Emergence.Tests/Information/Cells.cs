using Emergence.Devices;
using Emergence.Devices.Sampling;
using Emergence.Information;

namespace Emergence.Tests.Information;

/// <summary>Small data sets for the tests of estimators, and the short way to a result.</summary>
internal static class Cells
{
    /// <summary>Random normal vectors, (rows, columns).</summary>
    public static float[] Vectors(int rows, int columns, uint cell)
    {
        var random = new RandomSequence(20, cell, RandomStream.Samplers);
        return [.. Enumerable.Range(0, rows * columns).Select(_ => (float)random.NextNormal())];
    }

    /// <summary>K units, each with vectors of its own on both sides.</summary>
    public static JointClasses Bijection(int classes, int columns, bool isEnumeration = true, double count = 1)
    {
        var weights = Enumerable.Repeat(count, classes).ToArray();
        return new(new(Vectors(classes, columns, 1), columns, weights), new(Vectors(classes, columns, 2), columns, weights), isEnumeration);
    }

    public static EstimationRequest Request(string estimator, JointClasses joint, CriticPreset? preset = null, ulong seed = 1, uint cell = 1) =>
        new(EstimatorTable.Find(estimator), joint, preset ?? CriticPreset.Small, seed, cell);

    public static MutualInformation Estimate(Device device, EstimationRequest request) => Estimate(device, 1, request)[0];

    /// <summary>Results in the order of the requests.</summary>
    public static MutualInformation[] Estimate(Device device, int atOnce, params EstimationRequest[] requests)
    {
        using var batch = new EstimationBatch(device, atOnce);
        var results = new Dictionary<EstimationRequest, MutualInformation>(ReferenceEqualityComparer.Instance);
        batch.Run(requests, results.Add, CancellationToken.None);
        return [.. requests.Select(request => results[request])];
    }

    /// <summary>All that a journal holds of a result, to the bit.</summary>
    public static string Bytes(MutualInformation result) =>
        string.Join(' ', result.Curve.Append(result.MiBits).Append(result.HeldOutBits).Append(result.MaxScore).Append(result.ExactBits).Select(BitConverter.DoubleToInt64Bits)) + result.StoppedBy + result.Verdict;
}
