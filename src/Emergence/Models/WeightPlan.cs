using Emergence.Devices.Tensors;
using Buffer = Emergence.Devices.Tensors.Buffer;

namespace Emergence.Models;

/// <summary>The weights of a model by when they are needed.</summary>
/// <param name="First">Before the first block, <paramref name="Tables"/> among them.</param>
/// <param name="Tables">Tables of which only the rows of tokens that occur are needed.</param>
/// <param name="Blocks">Weights of each block.</param>
/// <param name="Last">The final norm.</param>
/// <param name="Head">What the head has of its own.</param>
/// <param name="HasHead">Whether there is one, of its own or the embedding.</param>
internal sealed record WeightUnits(
    IReadOnlyList<ExpectedWeight> First,
    IReadOnlyList<ExpectedWeight> Tables,
    IReadOnlyList<IReadOnlyList<ExpectedWeight>> Blocks,
    IReadOnlyList<ExpectedWeight> Last,
    IReadOnlyList<ExpectedWeight> Head,
    bool HasHead);

/// <summary>Names and shapes of all weights of a model, in the order of the forward pass, without any memory.</summary>
internal sealed class WeightPlan : IWeightSource
{
    private readonly List<ExpectedWeight> _tables = [];
    private List<ExpectedWeight> _weights = [];
    private readonly Func<ExpectedWeight, bool> _has;

    private WeightPlan(Func<ExpectedWeight, bool> has) => _has = has;

    /// <param name="config">Config of the model.</param>
    /// <param name="has">Whether a weight is there that a model may lack; without it all are.</param>
    public static IReadOnlyList<ExpectedWeight> Of(ModelConfig config, Func<ExpectedWeight, bool>? has = null)
    {
        var units = Units(config.Shape, has);
        return [.. units.First, .. units.Blocks.SelectMany(block => block), .. units.Last, .. units.Head];
    }

    /// <summary>The weights of a model, unit by unit.</summary>
    public static WeightUnits Units(ModelShape shape, Func<ExpectedWeight, bool>? has = null)
    {
        var plan = new WeightPlan(has ?? (_ => true));
        var builder = new WeightBuilder(shape, plan);
        var first = builder.First();
        var beginning = plan.Take();
        IReadOnlyList<ExpectedWeight>[] blocks = [.. Enumerable.Range(0, shape.Layers).Select(layer =>
        {
            builder.Block(layer, first);
            return plan.Take();
        })];
        builder.FinalNorm();
        var last = plan.Take();
        var hasHead = builder.Head(first.Embedding.Whole) != null;
        return new(beginning, plan._tables, blocks, last, plan.Take(), hasHead);
    }

    public bool Has(ExpectedWeight weight) => _has(weight);

    public RowTable Table(ExpectedWeight weight)
    {
        _tables.Add(weight);
        return new WholeTable(Add(weight));
    }

    public Tensor Matrix(ExpectedWeight weight, int[]? order = null) => Add(weight);

    public Matrix Layer(ExpectedWeight weight, bool inputMajor, int[]? order = null) => new(Add(weight), inputMajor);

    public Tensor Vector(ExpectedWeight weight, double offset = 0, int[]? order = null) => Add(weight);

    public double Number(ExpectedWeight weight)
    {
        Add(weight);
        return 0;
    }

    public Tensor Computed(int rows, int columns, Func<double[]> values) => Nothing(rows, columns);

    /// <summary>What was asked for since the last time.</summary>
    private List<ExpectedWeight> Take()
    {
        var taken = _weights;
        _weights = [];
        return taken;
    }

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
