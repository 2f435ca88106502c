using Emergence.Devices.Tensors;

namespace Emergence.Devices.Reference;

/// <content>What goes along the paths of a forest: the state of a row is kept until its last child has been computed.</content>
public partial class ReferenceDevice
{
    public override long StateBytes(int places, int channels, int size) => sizeof(double) * (long)places * channels * size;

    protected override void ConvolvePathsCore(Tensor x, ForestPaths paths, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        var (from, to, taps, parents) = (new MatrixView(x), new MatrixView(y), new MatrixView(weight), MatrixView.Indices(paths.Parents));
        for (var n = 0; n < x.Rows; n++)
        {
            for (var c = 0; c < x.Columns; c++)
            {
                var sum = At(bias, 0, c, 0);
                for (var (row, j) = (n, weight.Columns - 1); row >= 0 && j >= 0; (row, j) = (parents[row], j - 1))
                    sum += taps[c, j] * from[row, c];
                to[n, c] = ReferenceFunctions.Apply(activation, sum);
            }
        }
    }

    protected override void ScanPathsCore(Tensor x, Tensor steps, Tensor b, Tensor c, ForestPaths paths, ScanShape shape, Tensor y)
    {
        var (input, step, into, read, to) = (new MatrixView(x), new MatrixView(steps), new MatrixView(b), new MatrixView(c),
            new MatrixView(y));
        var (rates, parents) = (new MatrixView(shape.LogRates), MatrixView.Indices(paths.Parents));
        var (size, width, byState) = (b.Columns / shape.Groups, x.Columns / shape.Heads, shape.LogRates.Columns > 1);
        var states = new WaitingStates(parents, x.Rows, x.Columns * size);
        for (var n = 0; n < x.Rows; n++)
        {
            var (parent, own) = (states.OfParent(n), states.Of(n));
            for (var channel = 0; channel < x.Columns; channel++)
            {
                var head = channel / width;
                var first = head / (shape.Heads / shape.Groups) * size;
                var d = Math.Clamp(SoftPlus(step[n, head] + At(shape.StepBias, 0, head, 0)), shape.LeastStep, shape.MostStep);
                var sum = At(shape.Skip, 0, head, 0) * input[n, channel];
                for (var i = 0; i < size; i++)
                {
                    var before = parent?[channel * size + i] ?? 0;
                    var decay = Math.Exp(-d * Math.Exp(rates[head, byState ? i : 0]));
                    var state = decay * before + d * input[n, channel] * into[n, first + i];
                    own[channel * size + i] = state;
                    sum += state * read[n, first + i];
                }

                to[n, channel] = sum;
            }
        }
    }

    protected override void DeltaPathsCore(
        Tensor q, Tensor k, Tensor v, Tensor steps, Tensor gates, ForestPaths paths, DeltaShape shape, Tensor y)
    {
        var (query, key, value, to) = (new MatrixView(q), new MatrixView(k), new MatrixView(v), new MatrixView(y));
        var (step, gate, rates, parents) =
            (new MatrixView(steps), new MatrixView(gates), new MatrixView(shape.LogRates), MatrixView.Indices(paths.Parents));
        var (size, width) = (q.Columns / shape.KeyHeads, v.Columns / shape.ValueHeads);
        var states = new WaitingStates(parents, v.Rows, v.Columns * size);
        for (var n = 0; n < v.Rows; n++)
        {
            var (parent, own) = (states.OfParent(n), states.Of(n));
            for (var channel = 0; channel < v.Columns; channel++)
            {
                var head = channel / width;
                var first = head / (shape.ValueHeads / shape.KeyHeads) * size;
                var decay = Math.Exp(-Math.Exp(rates[head, 0]) * SoftPlus(step[n, head] + At(shape.StepBias, 0, head, 0)));
                var known = 0.0;
                for (var i = 0; i < size; i++)
                {
                    own[channel * size + i] = parent == null ? 0 : decay * parent[channel * size + i];
                    known += own[channel * size + i] * key[n, first + i];
                }

                var change = (value[n, channel] - known) * ReferenceFunctions.Apply(Activation.Sigmoid, gate[n, head]);
                var sum = 0.0;
                for (var i = 0; i < size; i++)
                {
                    own[channel * size + i] += key[n, first + i] * change;
                    sum += own[channel * size + i] * query[n, first + i];
                }

                to[n, channel] = sum;
            }
        }
    }

    /// <summary>ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|); of a small e^-|x| the first terms of the series.</summary>
    private static double SoftPlus(double x)
    {
        var small = Math.Exp(-Math.Abs(x));
        return Math.Max(x, 0) + (small < 1e-5 ? small - small * small / 2 : Math.Log(1 + small));
    }

    /// <summary>States of rows that others continue, and the one that is being made.</summary>
    private sealed class WaitingStates
    {
        private readonly int[] _parents;
        private readonly int[] _lastChild;
        private readonly double[]?[] _states;
        private readonly int _size;

        public WaitingStates(ReadOnlySpan<int> parents, int rows, int size)
        {
            (_parents, _lastChild, _states, _size) = (parents.ToArray(), new int[rows], new double[rows][], size);
            Array.Fill(_lastChild, -1);
            for (var row = 0; row < rows; row++)
            {
                if (_parents[row] >= 0)
                    _lastChild[_parents[row]] = row;
            }
        }

        /// <summary>State of the row that this one continues; null at a start.</summary>
        public double[]? OfParent(int row) => _parents[row] < 0 ? null : _states[_parents[row]];

        /// <summary>A new state. Where nobody else continues the parent it is the parent's own, every number of which is read before it
        /// is written.</summary>
        public double[] Of(int row)
        {
            var parent = _parents[row];
            var takes = parent >= 0 && _lastChild[parent] == row;
            var state = takes ? _states[parent]! : new double[_size];
            if (takes)
                _states[parent] = null;
            if (_lastChild[row] >= 0)
                _states[row] = state;
            return state;
        }
    }
}
