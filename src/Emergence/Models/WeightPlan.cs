using Emergence.Devices.Tensors;
using Buffer = Emergence.Devices.Tensors.Buffer;

namespace Emergence.Models;

/// <summary>Names and shapes of all weights of a model, in the order of the forward pass, without any memory.</summary>
internal sealed class WeightPlan : IWeightSource
{
    private readonly List<ExpectedWeight> _weights = [];
    private readonly Func<ExpectedWeight, bool> _has;

    private WeightPlan(Func<ExpectedWeight, bool> has) => _has = has;

    /// <param name="config">Of the model.</param>
    /// <param name="has">Whether a weight is there that a model may lack; without it all are.</param>
    public static IReadOnlyList<ExpectedWeight> Of(ModelConfig config, Func<ExpectedWeight, bool>? has = null)
    {
        var plan = new WeightPlan(has ?? (_ => true));
        new WeightBuilder(config.Shape, plan).Build();
        return plan._weights;
    }

    public bool Has(ExpectedWeight weight) => _has(weight);

    public Tensor Matrix(ExpectedWeight weight, int[]? order = null) => Add(weight);

    public Matrix Layer(ExpectedWeight weight, bool inputMajor, int[]? order = null) => new(Add(weight), inputMajor);

    public Tensor Vector(ExpectedWeight weight, double offset = 0, int[]? order = null) => Add(weight);

    public double Number(ExpectedWeight weight)
    {
        Add(weight);
        return 0;
    }

    public Tensor Computed(int rows, int columns, Func<double[]> values) => Nothing(rows, columns);

    private Tensor Add(ExpectedWeight weight)
    {
        _weights.Add(weight);
        return Nothing(weight.Rows, weight.Columns);
    }

    private static Tensor Nothing(int rows, int columns) =>
        new(new NoMemory((long)rows * columns * sizeof(float)), DType.Float32, rows, columns);

    private sealed class NoMemory(long bytes) : Buffer(0, bytes)
    {
        protected override bool ReleaseHandle() => true;
    }
}
