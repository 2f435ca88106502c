using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Information;

/// <summary>Small data sets for the tests of estimators, and the short way to a result.</summary>
internal static class Cells
{
    /// <summary>The devices of the table that are not emulated and need no GPU: what holds for one holds for each.</summary>
    public static IEnumerable<TheoryDataRow<string>> Devices =>
        DeviceTable.Rows.Where(row => row.Name is "reference" or "cpu" or "ilgpu").Select(row => new TheoryDataRow<string>(row.Name));

    /// <summary>Few steps of a small critic that draws its pairs off the support.</summary>
    public static CriticPreset Sampling { get; } = CriticPreset.Small
        with { Name = "test", Widths = [16, 8, 1], Pairs = 300, PairsAtScale = 300, StepLimit = 100, Rate = LearningRate.Constant(3e-3) };

    public static Device Open(string name, int threads = 0)
    {
        TestDevices.SkipLong(name);
        return TestDevices.Create(name, threads);
    }

    /// <summary>Random normal vectors, (rows, columns).</summary>
    public static float[] Vectors(int rows, int columns, uint cell)
    {
        var random = new RandomSequence(20, cell, RandomStream.Samplers);
        return [.. Enumerable.Range(0, rows * columns).Select(_ => (float)random.NextNormal())];
    }

    /// <summary>The rows of a matrix in the given order.</summary>
    public static float[] Gather(float[] rows, int columns, IEnumerable<int> order) =>
        [.. order.SelectMany(row => rows[(row * columns)..((row + 1) * columns)])];

    /// <summary>K units, each with vectors of its own on both sides.</summary>
    public static JointClasses Bijection(int classes, int columns, bool isEnumeration = true, double count = 1)
    {
        var weights = Enumerable.Repeat(count, classes).ToArray();
        return new(new(Vectors(classes, columns, 1), columns, weights), new(Vectors(classes, columns, 2), columns, weights), isEnumeration);
    }

    /// <summary>N rows over 30 x vectors and 40 y vectors, partly dependent, some rows repeated, y in an order of choice.</summary>
    public static JointClasses Mixed(int[] order)
    {
        const int Columns = 6;
        var random = new RandomSequence(21, 0, RandomStream.Samplers);
        var drawn = Enumerable.Range(0, order.Length).Select(_ => random.NextInt(30))
            .Select(k => (X: k, Y: random.NextInt(3) == 0 ? random.NextInt(40) : k)).ToArray();
        var weights = Enumerable.Repeat(1.0, order.Length).ToArray();
        var x = Gather(Vectors(30, Columns, 3), Columns, order.Select(row => drawn[row].X));
        var y = Gather(Vectors(40, Columns, 4), Columns, order.Select(row => drawn[row].Y));
        return new(new(x, Columns, weights), new(y, Columns, weights), isEnumeration: false);
    }

    public static EstimationRequest Request(string estimator, JointClasses joint, CriticPreset? preset = null, ulong seed = 1,
        uint cell = 1) =>
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

    /// <summary>Every number a result owes to training, to the bit.</summary>
    public static string Bytes(MutualInformation result) =>
        string.Join(' ', result.Curve.Append(result.MiBits).Append(result.HeldOutBits).Append(result.MaxScore).Append(result.ExactBits)
            .Select(BitConverter.DoubleToInt64Bits)) + result.StoppedBy + result.Verdict;
}
