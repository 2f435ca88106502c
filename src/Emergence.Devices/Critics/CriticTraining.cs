using Emergence.Devices.Tensors;

namespace Emergence.Devices.Critics;

/// <summary>
/// The state of one critic in training: everything a device needs to take the next steps by itself. The first
/// FixedPairs pairs stay, the last Source.Count are drawn anew every step. The objective is Donsker-Varadhan.
/// </summary>
public sealed class CriticTraining : IDisposable
{
    private readonly List<CriticValue> _values = [];
    private int _stepsBefore;

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
    /// <param name="linear">Added to the critic's scores and trained beside it, or none; owned from here on.</param>
    public CriticTraining(
        Device device, CriticShape shape, Tensor x, Tensor y, ReadOnlySpan<int> fixedA, ReadOnlySpan<int> fixedB,
        ReadOnlySpan<double> joint, ReadOnlySpan<double> marginal, PairSource source, ReadOnlySpan<float> initial,
        LinearTerm? linear = null)
    {
        var pairs = fixedA.Length + source.Count;
        (Shape, X, Y, Source, FixedPairs, Linear) = (shape, x, y, source, fixedA.Length, linear);
        try
        {
            if (fixedB.Length != fixedA.Length || joint.Length != pairs || marginal.Length != pairs)
                throw new ArgumentException($"expected {pairs} weights, found {joint.Length} and {marginal.Length}");
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
            Critic = device.CreateCritic(shape, x.Rows, y.Rows, pairs);
            Prepared = device.Prepare(this);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public CriticShape Shape { get; }

    /// <summary>Multiply-adds of a step.</summary>
    public double StepMultiplyAdds => Shape.StepMultiplyAdds(X.Rows, Y.Rows, A.Rows) + (Linear?.StepMultiplyAdds ?? 0);

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

    public Critic Critic { get; }

    /// <summary>What the device made by <see cref="Device.Prepare"/>.</summary>
    public IDisposable? Prepared { get; }

    /// <summary>Learning rate of each step (0 is the first).</summary>
    public required Func<int, double> Rate { get; init; }

    /// <summary>Added to the critic's scores and trained beside it.</summary>
    public LinearTerm? Linear { get; }

    /// <summary>Key of the pair generator.</summary>
    public ulong Seed { get; init; }

    /// <summary>Separates this training's pairs from those of others with the same seed.</summary>
    public uint Cell { get; init; }

    /// <summary>Memory of a training beside its inputs: what its making takes of a plan.</summary>
    /// <param name="device">Is to hold it.</param>
    /// <param name="shape">The network.</param>
    /// <param name="xRows">Kx.</param>
    /// <param name="yRows">Ky.</param>
    /// <param name="fixedA">Row of x of each fixed pair.</param>
    /// <param name="fixedB">Row of y of each fixed pair.</param>
    /// <param name="source">Draws the other pairs.</param>
    /// <param name="linearColumns">Features of a side that a linear term reads; 0: there is none.</param>
    public static long EstimateBytes(
        Device device, CriticShape shape, int xRows, int yRows, ReadOnlySpan<int> fixedA, ReadOnlySpan<int> fixedB, PairSource source,
        int linearColumns = 0)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(source);
        using var plan = device.Plan();
        using Tensor x = plan.Device.Allocate(xRows, shape.XColumns), y = plan.Device.Allocate(yRows, shape.YColumns);
        using Tensor ofX = plan.Device.Allocate(xRows, linearColumns), ofY = plan.Device.Allocate(yRows, linearColumns);
        var (before, weights) = (plan.Bytes, new double[fixedA.Length + source.Count]);
        var linear = linearColumns > 0 ? new LinearTerm(plan.Device, ofX, ofY) { Rate = _ => 0 } : null;
        using var training = new CriticTraining(
            plan.Device, shape, x, y, fixedA, fixedB, weights, weights, source, new float[shape.ParameterCount], linear)
        {
            Rate = _ => 0,
        };
        return plan.Bytes - before;
    }

    /// <summary>Value of every step taken, before its update.</summary>
    public IReadOnlyList<CriticValue> Values => _values;

    /// <summary>Steps taken so far, with those of a training that this one goes on from.</summary>
    public int Steps => _stepsBefore + _values.Count;

    /// <summary>Goes on from where another training of the same critic is, on data of its own.</summary>
    /// <param name="device">Of both.</param>
    /// <param name="before">Gives its parameters, Adam's moments and the number of its steps.</param>
    public void GoOnFrom(Device device, CriticTraining before)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(before);
        foreach (var (from, to) in before.State.Zip(State))
        {
            var values = new double[from.Columns];
            device.Download(from, values.AsSpan());
            device.Upload((ReadOnlySpan<double>)values, to);
        }

        _stepsBefore = before.Steps;
    }

    private IEnumerable<Tensor> State => Linear == null
        ? [Parameters, FirstMoment, SecondMoment]
        : [Parameters, FirstMoment, SecondMoment, Linear.Parameters, Linear.FirstMoment, Linear.SecondMoment];

    /// <summary>Keeps the value of a step that a device has taken by itself.</summary>
    public void Record(CriticValue value) => _values.Add(value);

    /// <summary>Takes steps one op after the other.</summary>
    public void Step(Device device, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            var step = Steps;
            device.DrawPairs(Source, Seed, Cell, step, A.RowRange(FixedPairs, Source.Count), B.RowRange(FixedPairs, Source.Count));
            Score(device, Critic, A, B);
            var value = device.DonskerVaradhan(Critic.Scores, Joint, Marginal, Critic.ScoreGradients);
            Linear?.Backward(device, Critic.ScoreGradients, A, B);
            Critic.Backward(Parameters, X, Y, A, B, Gradient);
            device.Adam(Parameters, Gradient, FirstMoment, SecondMoment, Rate(step), step + 1);
            if (Linear != null)
                device.Adam(Linear.Parameters, Linear.Gradient, Linear.FirstMoment, Linear.SecondMoment, Linear.Rate(step), step + 1);
            _values.Add(value);
        }
    }

    /// <summary>T of every pair, into the first rows of the critic's scores.</summary>
    /// <param name="device">Works.</param>
    /// <param name="critic">For as many pairs or more.</param>
    /// <param name="a">(R, 1) Int32: row of x of each pair.</param>
    /// <param name="b">(R, 1) Int32: row of y of each pair.</param>
    public void Score(Device device, Critic critic, Tensor a, Tensor b)
    {
        critic.Forward(Parameters, X, Y, a, b);
        Linear?.Forward(device, critic.Scores.RowRange(0, a.Rows), a, b);
    }

    /// <summary>Frees what there is, also of a training whose making failed half-way.</summary>
    public void Dispose()
    {
        Linear?.Dispose();
        Prepared?.Dispose();
        Critic?.Dispose();
        foreach (var tensor in new[] { A, B, Joint, Marginal, Parameters, Gradient, FirstMoment, SecondMoment })
            tensor?.Dispose();
    }
}
