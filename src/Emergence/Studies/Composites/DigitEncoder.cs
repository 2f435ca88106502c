using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Devices.Tensors;
using Emergence.Models.Vision;

namespace Emergence.Studies.Composites;

/// <summary>What the net says of pictures.</summary>
/// <param name="Hidden">(N, 64): after the last ReLU.</param>
/// <param name="Logits">(N, 10).</param>
/// <param name="Probabilities">(N, 10).</param>
internal readonly record struct EncoderOutputs(double[][] Hidden, double[][] Logits, double[][] Probabilities);

/// <summary>
/// A small net that knows single digits: pixels, 256 and 64 ReLU, 10 scores. It is trained by full-batch steps of Adam with
/// decaying weights on pixels to which noise is added. Products and steps are the device's.
/// </summary>
internal sealed class DigitEncoder
{
    private const int Steps = 600;
    private const double Rate = 1e-3;
    private const double Decay = 0.1;
    private const float Noise = 0.1f; // SD, of pixels from 0 to 1

    /// <summary>Normal numbers of the noise: every step reads them from another place on.</summary>
    private const int NoiseNumbers = 262_147;

    private const int BatchRows = 4_096;

    private readonly Device _device;
    private readonly int _rows;
    private readonly int _columns;
    private readonly int[] _widths;
    private readonly float[] _parameters;

    private DigitEncoder(Device device, int rows, int columns, ulong seed)
    {
        (_device, _rows, _columns, _widths) = (device, rows, columns, [rows * columns, 256, 64, DigitImages.Classes]);
        var random = new RandomSequence(seed, 0, RandomStream.Weights);
        _parameters = new float[Layers().Sum(layer => layer.Outputs * (layer.Inputs + 1))];
        foreach (var (start, outputs, inputs) in Layers())
        {
            var most = 1 / Math.Sqrt(inputs);
            foreach (ref var value in _parameters.AsSpan(start, outputs * (inputs + 1)))
                value = (float)((2 * random.NextDouble() - 1) * most);
        }
    }

    /// <param name="device">Computes.</param>
    /// <param name="images">Images of single digits.</param>
    /// <param name="from">Those to train on.</param>
    /// <param name="seed">Draws weights and noise.</param>
    /// <param name="cancellation">Ends the training.</param>
    public static DigitEncoder Train(Device device, DigitImages images, ReadOnlySpan<int> from, ulong seed,
        CancellationToken cancellation)
    {
        var encoder = new DigitEncoder(device, images.Rows, images.Columns, seed);
        var clean = new float[from.Length * images.Size];
        var labels = new int[from.Length];
        for (var i = 0; i < from.Length; i++)
        {
            images.Pixels[from[i]].CopyTo(clean, i * images.Size);
            labels[i] = images.Labels[from[i]];
        }

        encoder.Train(clean, labels, new RandomSequence(seed, 1, RandomStream.Weights), cancellation);
        return encoder;
    }

    /// <summary>Pictures of another size than the net's are brought to it.</summary>
    public EncoderOutputs Read(IReadOnlyList<Picture> pictures)
    {
        var (hidden, logits) = (new List<double[]>(), new List<double[]>());
        foreach (var batch in pictures.Chunk(BatchRows))
        {
            var pixels = batch.SelectMany(picture => picture.Rows == _rows && picture.Columns == _columns ? picture.Pixels
                : Resampling.Resize(picture, _rows, _columns, Resample.Bilinear).Pixels).ToArray();
            using var net = new Net(this, batch.Length, trains: false);
            _device.Upload(_parameters, net.Parameters);
            net.Forward(pixels);
            hidden.AddRange(net.Values(^2));
            logits.AddRange(net.Values(^1));
        }

        return new([.. hidden], [.. logits], [.. logits.Select(Softmax)]);
    }

    private void Train(float[] clean, int[] labels, RandomSequence random, CancellationToken cancellation)
    {
        var noise = new float[NoiseNumbers];
        for (var i = 0; i < noise.Length; i++)
            noise[i] = (float)random.NextNormal() * Noise;
        using var net = new Net(this, labels.Length, trains: true);
        _device.Upload(_parameters, net.Parameters);
        var noisy = new float[clean.Length];
        for (var step = 1; step <= Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            var at = random.NextInt(NoiseNumbers);
            for (var i = 0; i < noisy.Length; i++, at = at + 1 < NoiseNumbers ? at + 1 : 0)
                noisy[i] = clean[i] + noise[at];
            net.Forward(noisy);
            net.Backward(labels);
            net.Step(step);
        }

        _device.Download(net.Parameters, _parameters);
    }

    /// <summary>Where each layer's weights (outputs, inputs) begin; its biases follow them.</summary>
    private IEnumerable<(int Start, int Outputs, int Inputs)> Layers()
    {
        var start = 0;
        for (var layer = 0; layer + 1 < _widths.Length; layer++)
        {
            var (inputs, outputs) = (_widths[layer], _widths[layer + 1]);
            yield return (start, outputs, inputs);
            start += outputs * (inputs + 1);
        }
    }

    private static double[] Softmax(double[] scores)
    {
        var most = scores.Max();
        var weights = Array.ConvertAll(scores, score => Math.Exp(score - most));
        var sum = weights.Sum();
        return Array.ConvertAll(weights, weight => weight / sum);
    }

    /// <summary>The net in the device's memory, for so many pictures at once.</summary>
    private sealed class Net : IDisposable
    {
        private readonly DigitEncoder _encoder;
        private readonly Device _device;
        private readonly int _count;
        private readonly List<Tensor> _owned = [];
        private readonly (int Start, int Outputs, int Inputs)[] _layers;
        private readonly Tensor[] _values; // (count, width) of every layer, the pixels first
        private readonly Tensor[] _pulls = []; // gradients by them
        private readonly Tensor? _gradient, _first, _second; // (1, P)

        public Net(DigitEncoder encoder, int count, bool trains)
        {
            (_encoder, _device, _count, _layers) = (encoder, encoder._device, count, [.. encoder.Layers()]);
            try
            {
                Parameters = Own(1, encoder._parameters.Length);
                _values = [.. encoder._widths.Select(width => Own(count, width))];
                if (!trains)
                    return;
                _pulls = [.. encoder._widths.Select(width => Own(count, width))];
                (_gradient, _first, _second) = (Own(1, Parameters.Columns), Own(1, Parameters.Columns), Own(1, Parameters.Columns));
                foreach (var moment in new[] { _first, _second })
                    _device.Upload(new float[Parameters.Columns], moment);
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        /// <summary>(1, P).</summary>
        public Tensor Parameters { get; }

        public void Forward(float[] pixels)
        {
            _device.Upload(pixels, _values[0]);
            for (var layer = 0; layer < _layers.Length; layer++)
                _device.MatMul(_values[layer], Weights(Parameters, layer), _values[layer + 1], transposeB: true,
                    bias: Biases(Parameters, layer),
                    activation: layer + 1 < _layers.Length ? Activation.Relu : Activation.None);
        }

        /// <summary>The gradient of the mean cross-entropy.</summary>
        public void Backward(int[] labels)
        {
            var pull = new float[_count * DigitImages.Classes];
            foreach (var (i, scores) in Values(^1).Index())
            {
                var probabilities = Softmax(scores);
                for (var c = 0; c < probabilities.Length; c++)
                    pull[i * probabilities.Length + c] = (float)((probabilities[c] - (c == labels[i] ? 1 : 0)) / _count);
            }

            _device.Upload(pull, _pulls[^1]);
            for (var layer = _layers.Length - 1; layer >= 0; layer--)
            {
                _device.MatMul(_pulls[layer + 1], _values[layer], Weights(_gradient!, layer), transposeA: true);
                _device.SumRows(_pulls[layer + 1], Biases(_gradient!, layer));
                if (layer == 0)
                    return;
                _device.MatMul(_pulls[layer + 1], Weights(Parameters, layer), _pulls[layer]);
                PassRelu(layer);
            }
        }

        public void Step(int step)
        {
            _device.Scale(Parameters, (float)(1 - Rate * Decay), Parameters);
            _device.Adam(Parameters, _gradient!, _first!, _second!, Rate, step);
        }

        /// <summary>(count) rows of a layer.</summary>
        public double[][] Values(Index layer)
        {
            var tensor = _values[layer];
            var flat = new double[tensor.Count];
            _device.Download(tensor, flat);
            return [.. flat.Chunk(tensor.Columns)];
        }

        public void Dispose() => _owned.ForEach(tensor => tensor.Dispose());

        /// <summary>Nothing passes back where the ReLU let nothing through.</summary>
        private void PassRelu(int layer)
        {
            var (value, pull) = (new float[_values[layer].Count], new float[_values[layer].Count]);
            _device.Download(_values[layer], value);
            _device.Download(_pulls[layer], pull);
            for (var i = 0; i < pull.Length; i++)
                pull[i] = value[i] > 0 ? pull[i] : 0;
            _device.Upload(pull, _pulls[layer]);
        }

        private Tensor Weights(Tensor all, int layer)
        {
            var (start, outputs, inputs) = _layers[layer];
            return all.ColumnRange(start, outputs * inputs).Reshape(outputs, inputs);
        }

        private Tensor Biases(Tensor all, int layer)
        {
            var (start, outputs, inputs) = _layers[layer];
            return all.ColumnRange(start + outputs * inputs, outputs);
        }

        private Tensor Own(int rows, int columns)
        {
            _owned.Add(_device.Allocate(rows, columns));
            return _owned[^1];
        }
    }
}
