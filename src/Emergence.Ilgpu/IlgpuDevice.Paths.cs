using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Ilgpu.Kernels;

namespace Emergence.Ilgpu;

/// <content>What goes along the paths of a forest.</content>
public sealed partial class IlgpuDevice
{
    protected override void ConvolvePathsCore(Tensor x, ForestPaths paths, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        var elements = Elements.Of(x.Rows, x.Columns);
        _machine.Launch(
            Recurrences.Convolve, elements.Config,
            new Recurrences.ConvolveArguments(
                MatrixOf(x), IntegersOf(paths.Parents), MatrixOf(weight), weight.Columns, MatrixOf(bias), (int)activation, MatrixOf(y),
                elements));
    }

    protected override void ScanPathsCore(Tensor x, Tensor steps, Tensor b, Tensor c, ForestPaths paths, ScanShape shape, Tensor y)
    {
        lock (_machine.Gate)
        {
            var states = States(paths, x.Columns, shape.Heads, shape.Groups, b.Columns / shape.Groups);
            _machine.Launch(
                Recurrences.Scan, Grids.Of(Grids.Blocks(x.Columns, Recurrences.Threads), 1, 1, Recurrences.Threads),
                new Recurrences.ScanArguments(
                    MatrixOf(x), MatrixOf(steps), MatrixOf(b), MatrixOf(c), MatrixOf(shape.LogRates), shape.LogRates.Columns > 1 ? 1 : 0,
                    MatrixOf(shape.StepBias), shape.LeastStep, shape.MostStep, MatrixOf(shape.Skip), MatrixOf(y), states));
        }
    }

    protected override void DeltaPathsCore(
        Tensor q, Tensor k, Tensor v, Tensor steps, Tensor gates, ForestPaths paths, DeltaShape shape, Tensor y)
    {
        lock (_machine.Gate)
        {
            var states = States(paths, v.Columns, shape.ValueHeads, shape.KeyHeads, k.Columns / shape.KeyHeads);
            _machine.Launch(
                Recurrences.Delta, Grids.Of(Grids.Blocks(v.Columns, Recurrences.Threads), 1, 1, Recurrences.Threads),
                new Recurrences.DeltaArguments(
                    MatrixOf(q), MatrixOf(k), MatrixOf(v), MatrixOf(steps), MatrixOf(gates), MatrixOf(shape.LogRates),
                    MatrixOf(shape.StepBias), MatrixOf(y), states));
        }
    }

    private Recurrences.States States(ForestPaths paths, int channels, int heads, int groups, int size) => new(
        IntegersOf(paths.Parents), IntegersOf(paths.Places), _machine.Scratch<float>((long)paths.PlaceCount * channels * size), channels,
        channels / heads, heads / groups, size, paths.Parents.Rows);
}
