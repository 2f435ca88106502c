using Emergence.Devices.Tensors;

namespace Emergence.Devices.Critics;

/// <summary>
/// The state of one critic in training: everything a device needs to take the next steps by itself. The first
/// FixedPairs pairs stay, the last Source.Count are drawn anew every step. The objective is Donsker-Varadhan.
/// </summary>
public sealed class CriticTraining : IDisposable
{
    private readonly List<CriticValue> _values = [];

    /// <param name="device">Holds the state.</param>
    /// <param name="shape">The network.</param>
    /// <param name="x">(Kx, dx) inputs, borrowed.</param>
    /// <param name="y">(Ky, dy) inputs, borrowed.</param>
    /// <param name="fixedA">Row of x of each fixed pair.</param>
    /// <param name="fixedB">Row of y of each fixed pair.</param>
    /// <param name="joint">p of all pairs, the fixed ones first.</param>
    /// <param name="marginal">q of all pairs, the fixed ones first.</param>
    /// <param name="source">Draws the other pairs.</param>
    /// <param name="initial">ParameterCount initial parameters.</param>
    public CriticTraining(Device device, CriticShape shape, Tensor x, Tensor y, ReadOnlySpan<int> fixedA, ReadOnlySpan<int> fixedB, ReadOnlySpan<double> joint, ReadOnlySpan<double> marginal, PairSource source, ReadOnlySpan<float> initial)
    {
        var pairs = fixedA.Length + source.Count;
        if (fixedB.Length != fixedA.Length || joint.Length != pairs || marginal.Length != pairs)
            throw new ArgumentException($"expected {pairs} weights, found {joint.Length} and {marginal.Length}");
        (Shape, X, Y, Source, FixedPairs) = (shape, x, y, source, fixedA.Length);
        try
        {
            A = device.AllocateIndices([.. fixedA, .. new int[source.Count]]);
            B = device.AllocateIndices([.. fixedB, .. new int[source.Count]]);
            Joint = device.Allocate(pairs, 1);
            Marginal = device.Allocate(pairs, 1);
            device.Upload(joint, Joint);
            device.Upload(marginal, Marginal);
            Parameters = device.Allocate(1, shape.ParameterCount);
            Gradient = device.Allocate(1, shape.ParameterCount);
            FirstMoment = device.Allocate(1, shape.ParameterCount);
            SecondMoment = device.Allocate(1, shape.ParameterCount);
            device.Upload(initial, Parameters);
            Workspace = device.CreateCriticWorkspace(shape, x.Rows, y.Rows, pairs);
            Prepared = device.Prepare(this);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public CriticShape Shape { get; }

    /// <summary>(Kx, dx).</summary>
    public Tensor X { get; }

    /// <summary>(Ky, dy).</summary>
    public Tensor Y { get; }

    public PairSource Source { get; }

    public int FixedPairs { get; }

    /// <summary>(R, 1) Int32.</summary>
    public Tensor A { get; }

    /// <summary>(R, 1) Int32.</summary>
    public Tensor B { get; }

    /// <summary>(R, 1).</summary>
    public Tensor Joint { get; }

    /// <summary>(R, 1).</summary>
    public Tensor Marginal { get; }

    /// <summary>(1, P).</summary>
    public Tensor Parameters { get; }

    /// <summary>(1, P).</summary>
    public Tensor Gradient { get; }

    /// <summary>(1, P).</summary>
    public Tensor FirstMoment { get; }

    /// <summary>(1, P).</summary>
    public Tensor SecondMoment { get; }

    public CriticWorkspace Workspace { get; }

    /// <summary>What the device made by <see cref="Device.Prepare"/>.</summary>
    public IDisposable? Prepared { get; }

    /// <summary>Learning rate of each step (0 is the first).</summary>
    public required Func<int, double> Rate { get; init; }

    /// <summary>Key of the pair generator.</summary>
    public ulong Seed { get; init; }

    /// <summary>Separates this training's pairs from those of others with the same seed.</summary>
    public uint Cell { get; init; }

    /// <summary>Memory of a training at most, beside its inputs.</summary>
    public static long EstimateBytes(Device device, CriticShape shape, int xRows, int yRows, int pairs, int drawn)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(shape);
        var element = device.ComputeType.Size();
        return 2L * pairs * (sizeof(int) + element) + 4L * shape.ParameterCount * element + device.CriticBytes(shape, xRows, yRows, pairs, drawn);
    }

    /// <summary>Value of every step taken, before its update.</summary>
    public IReadOnlyList<CriticValue> Values => _values;

    /// <summary>For devices that take the steps themselves.</summary>
    public void Record(CriticValue value) => _values.Add(value);

    /// <summary>Takes steps one op after the other.</summary>
    public void Take(Device device, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            var step = _values.Count;
            device.DrawPairs(Source, Seed, Cell, step, A.RowRange(FixedPairs, Source.Count), B.RowRange(FixedPairs, Source.Count));
            device.CriticForward(Workspace, Parameters, X, Y, A, B);
            var value = device.DonskerVaradhan(Workspace.Scores, Joint, Marginal, Workspace.ScoreGradients);
            device.CriticBackward(Workspace, Parameters, X, Y, A, B, Gradient);
            device.Adam(Parameters, Gradient, FirstMoment, SecondMoment, Rate(step), step + 1);
            _values.Add(value);
        }
    }

    /// <summary>Also of a training whose making failed half-way.</summary>
    public void Dispose()
    {
        Prepared?.Dispose();
        Workspace?.Dispose();
        foreach (var tensor in new[] { A, B, Joint, Marginal, Parameters, Gradient, FirstMoment, SecondMoment })
            tensor?.Dispose();
    }
}
