using TorchSharp;
using static TorchSharp.torch;

/// <summary>
/// A step of MINE as published on 20,000 rows of 768 + 768 columns, Adam at 1e-4: the rows side by side through the first layer, or, split,
/// each side through its half of the layer once and added by pair.
/// </summary>
internal sealed class MineStep
{
    private const int Rows = 20_000, Columns = 768;
    private const double Log2E = 1.4426950408889634;
    private static readonly int[] s_widths = [2 * Columns, 768, 384, 192, 96, 48, 24, 12, 6, 3, 1];
    private readonly bool _split;
    private readonly Tensor _x = 2 * rand(Rows, Columns) - 1, _y = 2 * rand(Rows, Columns) - 1;
    private readonly TorchSharp.Modules.Linear[] _layers =
        [.. s_widths.Zip(s_widths.Skip(1), (inputs, outputs) => nn.Linear(inputs, outputs))];
    private readonly optim.Optimizer _optimizer;

    public MineStep(bool split)
    {
        _split = split;
        _optimizer = optim.Adam(_layers.SelectMany(layer => layer.parameters()), lr: 1e-4);
    }

    public void Run()
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        (-Value()).backward();
        _optimizer.step();
    }

    private Tensor Value()
    {
        var shuffled = randperm(Rows);
        Tensor joint, marginal;
        if (_split)
        {
            var (weight, bias) = (_layers[0].weight!, _layers[0].bias!);
            var zx = nn.functional.linear(_x, weight[TensorIndex.Colon, TensorIndex.Slice(0, Columns)], bias);
            var zy = nn.functional.linear(_y, weight[TensorIndex.Colon, TensorIndex.Slice(Columns, 2 * Columns)]);
            (joint, marginal) = (Tail(zx + zy), Tail(zx + zy[shuffled]));
        }
        else
        {
            (joint, marginal) = (Tail(_layers[0].forward(cat([_x, _y], 1))), Tail(_layers[0].forward(cat([_x, _y[shuffled]], 1))));
        }

        return Log2E * (joint.mean() - (logsumexp(marginal, 0) - Math.Log(Rows)));
    }

    private Tensor Tail(Tensor h)
    {
        foreach (var layer in _layers.Skip(1))
            h = layer.forward(nn.functional.leaky_relu(h, 0.01));
        return h.squeeze(1);
    }
}
