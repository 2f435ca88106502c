using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>The memory that a <see cref="CriticPlan16"/> plans, made at once; nothing is allocated by the passes.</summary>
internal sealed class CriticWorkspace16 : CriticWorkspace
{
    private readonly List<Tensor> _owned = [];
    private readonly Tensor _shared, _first;

    public CriticWorkspace16(CudaDevice device, CriticPlan16 plan)
        : base(plan.Shape, plan.XRows, plan.YRows, plan.Pairs)
    {
        Plan = plan;
        try
        {
            var inputs = Own(device, DType.BFloat16, plan.InputBytes);
            X = CriticPlan16.Rows(inputs.Buffer, 0, XRows, Shape.XColumns);
            Y = CriticPlan16.Rows(inputs.Buffer, XRows * CriticPlan16.RowBytes(Shape.XColumns), YRows, Shape.YColumns);
            (XWeight, YWeight, Weights) = CutWeights(Own(device, DType.BFloat16, plan.WeightBytes));
            _shared = Own(device, DType.BFloat16, plan.SharedBytes);
            _first = Own(device, DType.BFloat16, plan.FirstBytes);
            Activations = CutActivations();
            Signs = plan.FormsPairs ? Own(device, DType.Int32, plan.SignWords * sizeof(int)) : null;
            Parts = Own(device, DType.Float32, plan.PartBytes);
            Sort = new(Own(device, DType.Int32, sizeof(int) * SortMemory.Elements(Pairs)), Pairs);
            ByA = new(Own(device, DType.Int32, sizeof(int) * PairOrder.Elements(Pairs, XRows)), Pairs);
            ByB = new(Own(device, DType.Int32, sizeof(int) * PairOrder.Elements(Pairs, YRows)), Pairs);
            Scores = Own(device, DType.Float32, plan.ScoreBytes / 2).Reshape(Pairs, 1);
            ScoreGradients = Own(device, DType.Float32, plan.ScoreBytes / 2).Reshape(Pairs, 1);
            TailWidths = device.AllocateIndices([.. plan.TailWidths]);
            _owned.Add(TailWidths);
            var table = device.AllocateIndices([.. plan.WeightTable]);
            _owned.Add(table);
            WeightTable = table.Reshape(table.Rows / 4, 4);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public CriticPlan16 Plan { get; }

    public override Tensor Scores { get; }

    public override Tensor ScoreGradients { get; }

    /// <summary>The tensors that <see cref="X"/> and <see cref="Y"/> were rounded from; they do not change during a training.</summary>
    public (Tensor? X, Tensor? Y) Rounded { get; set; }

    /// <summary>(Kx, dx) bf16.</summary>
    public Tensor X { get; }

    /// <summary>(Ky, dy) bf16.</summary>
    public Tensor Y { get; }

    /// <summary>(w, dx) bf16: the first layer's weights for x.</summary>
    public Tensor XWeight { get; }

    /// <summary>(w, dy) bf16.</summary>
    public Tensor YWeight { get; }

    /// <summary>(out, in) bf16 of layers 1 .. below the tail.</summary>
    public IReadOnlyList<Tensor> Weights { get; }

    /// <summary>(R, width) bf16: outputs of the layers below the tail, the last is its input; then their gradients.</summary>
    public IReadOnlyList<Tensor> Activations { get; }

    /// <summary>(1, n) Float32: parts of sums.</summary>
    public Tensor Parts { get; }

    public SortMemory Sort { get; }

    /// <summary>The pairs by their row of x.</summary>
    public PairOrder ByA { get; }

    /// <summary>The pairs by their row of y.</summary>
    public PairOrder ByB { get; }

    /// <summary>(n, 1) Int32.</summary>
    public Tensor TailWidths { get; }

    /// <summary>(n, 4) Int32, as weights_to_bf16 reads it.</summary>
    public Tensor WeightTable { get; }

    /// <summary>(1, n) Int32: signs of A(0), where products form it.</summary>
    public Tensor? Signs { get; }

    /// <summary>Zx (Kx, w), bf16.</summary>
    public Tensor Zx(int rows) => First(Plan.FormsPairs ? _first : _shared, 0, rows);

    /// <summary>Zy (Ky, w), bf16.</summary>
    public Tensor Zy(int rows) => First(Plan.FormsPairs ? _first : _shared, XRows, rows);

    /// <summary>Gradient by Zx (Kx, w), bf16.</summary>
    public Tensor ZxGradient(int rows) => First(_shared, 0, rows);

    /// <summary>Gradient by Zy (Ky, w), bf16.</summary>
    public Tensor ZyGradient(int rows) => First(_shared, XRows, rows);

    public override void Dispose() => _owned.ForEach(tensor => tensor.Dispose());

    private Tensor First(Tensor memory, long row, int rows) => CriticPlan16.Rows(memory.Buffer, row * CriticPlan16.RowBytes(Shape.Widths[0]), rows, Shape.Widths[0]);

    private Tensor Own(CudaDevice device, DType type, long bytes)
    {
        // Rows of 16 bytes: the number of columns of one row may be too large for an int.
        var tensor = type == DType.BFloat16
            ? device.Allocate(type, checked((int)Math.Max(1, bytes / 16)), CriticPlan16.RowUnit)
            : device.Allocate(type, 1, checked((int)(bytes / type.Size())));
        _owned.Add(tensor);
        return tensor;
    }

    private (Tensor X, Tensor Y, IReadOnlyList<Tensor> Others) CutWeights(Tensor memory)
    {
        var (at, all) = (0L, new List<Tensor>());
        foreach (var (_, _, rows, columns) in Plan.WeightMatrices())
        {
            all.Add(CriticPlan16.Rows(memory.Buffer, at, rows, columns));
            at += rows * CriticPlan16.RowBytes(columns);
        }

        return (all[0], all[1], all[2..]);
    }

    private List<Tensor> CutActivations()
    {
        var (at, all) = (0L, new List<Tensor> { CriticPlan16.Rows(_first.Buffer, 0, Pairs, Shape.Widths[0]) });
        foreach (var width in Shape.Widths.Skip(1).Take(Plan.TailStart - 1))
        {
            all.Add(CriticPlan16.Rows(_shared.Buffer, at, Pairs, width));
            at += Pairs * CriticPlan16.RowBytes(width);
        }

        return all;
    }
}
