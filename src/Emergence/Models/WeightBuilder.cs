using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>Where weights come from.</summary>
internal interface IWeightSource
{
    /// <summary>Whether the checkpoint has this one, which a model may lack.</summary>
    bool Has(ExpectedWeight weight);

    /// <summary>A matrix of which rows are taken by their numbers.</summary>
    RowTable Table(ExpectedWeight weight);

    /// <summary>A matrix in the type it is stored in; <paramref name="order"/> says which stored row each of its rows is.</summary>
    Tensor Matrix(ExpectedWeight weight, int[]? order = null);

    /// <summary>A matrix to multiply with, plain or packed; <paramref name="order"/> says which stored output each of its outputs
    /// is.</summary>
    Matrix Layer(ExpectedWeight weight, bool inputMajor, int[]? order = null);

    /// <summary>A vector, or a matrix of several, in the type the device computes with, <paramref name="offset"/> added.</summary>
    Tensor Vector(ExpectedWeight weight, double offset = 0, int[]? order = null);

    double Number(ExpectedWeight weight);

    /// <summary>(rows, columns) that are not stored.</summary>
    Tensor Computed(int rows, int columns, Func<double[]> values);
}

/// <summary>Weights in a device's memory, which are freed together.</summary>
internal interface ILoadedWeights : IWeightSource, IDisposable;

/// <summary>
/// Asks for the weights of a model, part by part: the one place that knows their names and shapes. In the order of the forward
/// pass these are what is before the first block, the blocks, the final norm, the head.
/// </summary>
internal sealed class WeightBuilder(ModelShape shape, IWeightSource source)
{
    private readonly Dimension _width = new(shape.Width, $"{shape.Keys.Width}={shape.Width}");
    private readonly WeightNames _names = shape.Names;

    private Dimension Vocabulary => new(shape.VocabularySize, $"vocab_size={shape.VocabularySize}");

    private ExpectedWeight Embedding => Stored($"{_names.Embedding}.weight", Vocabulary, _width);

    /// <summary>What is before the first block.</summary>
    public FirstWeights First() => new()
    {
        Embedding = source.Table(Embedding),
        Positions = shape.Positions == null ? null : Positions(shape.Positions),
        Norm = Norm(_names.EmbeddingNorm, shape.Norm, _width),
        LayerInputs = shape.LayerInputWidth > 0 ? new LayerInputs(this) : null,
    };

    /// <summary>One block.</summary>
    /// <param name="layer">0 .. L - 1.</param>
    /// <param name="first">What is before the first block, also from another source.</param>
    public BlockWeights Block(int layer, FirstWeights first) => Block(layer, $"{_names.Block}{layer}.", first.LayerInputs);

    public Norm? FinalNorm() => Norm(_names.FinalNorm, shape.Norm, _width);

    /// <summary>The head; null if the checkpoint has none.</summary>
    /// <param name="embedding">The whole embedding if it is there, for a head that is tied to it.</param>
    public Linear? Head(Tensor? embedding)
    {
        var own = new ExpectedWeight($"{_names.Head}.weight", true, [Vocabulary, _width], new(shape.VocabularySize, shape.Width));
        var isOwn = shape.Head != HeadWeights.Tied && source.Has(own);
        if (!isOwn && shape.Head == HeadWeights.Own)
            return null;
        var weight = isOwn ? source.Layer(own, inputMajor: false) : new(embedding ?? source.Matrix(Embedding), inputMajor: false);
        return new(weight, shape.HeadBias ? source.Vector(new($"{_names.Head}.bias", true, [Vocabulary])) : null, shape.VocabularySize);
    }

    private Tensor Positions(PositionVectors vectors)
    {
        var rows = shape.MaxPositions + vectors.Offset;
        if (vectors.IsComputed)
            return source.Computed(rows, shape.Width, () => vectors.Compute(rows, shape.Width));
        var offset = vectors.Offset == 0 ? "" : $" (+{vectors.Offset})";
        return source.Matrix(Stored($"{_names.Positions}.weight", new(rows, $"{shape.Keys.Positions}={shape.MaxPositions}{offset}"),
            _width));
    }

    private BlockWeights Block(int layer, string block, LayerInputs? layerInputs)
    {
        var (parts, attention, inner) = (shape.Blocks[layer], shape.Blocks[layer].Attention, shape.Blocks[layer].Dense);
        var hidden = new Dimension(inner?.Width ?? 0, $"{shape.Keys.Inner}={inner?.Width}");
        var up = inner is { Gated: true } && _names.Inner.Length == 1 ? new(2 * hidden.Size, $"twice {hidden.Text}") : hidden;
        var ownKeys = attention is { KeysOf: null };
        return new()
        {
            AttentionInputNorm = parts.HasFirstHalf ? BlockNorm(_names.AttentionInputNorm) : null,
            QueryKeyValue = attention == null ? [] : QueryKeyValue(block, attention),
            Latent = attention?.Latent is { } latent ? Latent(block, attention, latent) : null,
            QueryNorms = attention == null ? []
                : HeadNorms(block + _names.QueryNorm, attention.QueryKeyNorm, attention.Heads, attention.HeadSize),
            KeyNorms = ownKeys ? HeadNorms(block + _names.KeyNorm, attention!.QueryKeyNorm, attention.KeyHeads, attention.HeadSize) : [],
            ValueNorm = ownKeys && attention!.ValueNorm is { } norm ? new(norm, null, null) : null,
            Sinks = attention is { HasSinks: true } ? source.Vector(
                Stored($"{block}self_attn.sinks", new Dimension(attention.Heads, $"{shape.Keys.Heads}={attention.Heads}"))) : null,
            AttentionOutput = attention == null ? null : Projection(
                block + _names.AttentionOutput, Heads(attention.Heads, attention.ValueSize), _width, attention.OutputBias),
            Recurrence = parts.Recurrence == null ? null : new RecurrenceBuilder(source, _names.Recurrence!, _width)
                .Build(block, parts.Recurrence, Projection),
            AttentionOutputNorm = parts.HasFirstHalf ? BlockNorm(_names.AttentionOutputNorm) : null,
            InnerInputNorm = parts.HasSecondHalf ? BlockNorm(_names.InnerInputNorm) : null,
            Inner = inner == null ? [] : [.. _names.Inner.Select(name => Projection(block + name, _width, up, inner.Bias))],
            Xielu = inner is { Xielu: true } ? Xielu($"{block}{_names.Xielu}.") : null,
            InnerOutput = inner == null ? null : Projection(block + _names.InnerOutput, hidden, _width, inner.Bias),
            Experts = parts.Experts is { } experts ? Experts(block, experts) : null,
            InnerOutputNorm = parts.HasSecondHalf ? BlockNorm(_names.InnerOutputNorm) : null,
            LayerInput = layerInputs?.Layer(this, layer, block),
            OutputScale = _names.OutputScale == null ? 1 : source.Number(Stored(block + _names.OutputScale)),
        };

        Norm? BlockNorm(string? name) => Norm(name == null ? null : block + name, shape.Norm, _width);
    }

    private ExpertsWeights Experts(string block, ExpertsPart part)
    {
        var weights = new ExpertsBuilder(source, _names.Experts, _width, Projection).Build(block, part);
        return part.IsBeside ? weights with { Beside = Beside(block, new(part.Count, $"{part.Count} experts")) } : weights;
    }

    private BesideWeights Beside(string block, Dimension count)
    {
        var routerNorm = new NormShape(Rms: true, shape.Norm.Epsilon);
        return new(
            Norm($"{block}post_feedforward_layernorm_1", shape.Norm, _width)!,
            Norm($"{block}pre_feedforward_layernorm_2", shape.Norm, _width)!,
            Norm($"{block}post_feedforward_layernorm_2", shape.Norm, _width)!,
            new(routerNorm, source.Vector(Stored($"{block}router.scale", _width)), null),
            source.Vector(Stored($"{block}router.per_expert_scale", count)));
    }

    private Linear[] QueryKeyValue(string block, AttentionPart attention)
    {
        var (query, key, value) = (Heads(attention.Heads, attention.HeadSize), KeyHeads(attention.HeadSize), KeyHeads(attention.ValueSize));
        if (_names.QueryKeyValue.Length == 1)
            return [Projection(block + _names.QueryKeyValue[0], _width, query + key + value, attention.QueryKeyValueBias,
                JointRows.Order(attention))];
        if (attention.Latent is { QueryRank: var rank })
        {
            // The last step of the queries alone; the narrow rows have their own weights.
            return rank is { } narrow
                ? [Projection($"{block}self_attn.q_b_proj", new(narrow, $"q_lora_rank={narrow}"), query, false)]
                : [Projection(block + _names.QueryKeyValue[0], _width, query, false)];
        }

        if (attention.OutputGate)
            query = new(2 * query.Size, $"twice {query.Text}");
        Dimension[] outputs = attention.KeysOf != null ? [query] : attention.ValuesAreKeys ? [query, key] : [query, key, value];
        return [.. outputs.Select((output, i) => Projection(block + _names.QueryKeyValue[i], _width, output, attention.QueryKeyValueBias,
            i == 0 ? JointRows.GateOrder(attention) : null))];

        Dimension KeyHeads(int size) => new(attention.KeyHeads * size, $"{attention.KeyHeads} key heads of {size} columns");
    }

    private LatentWeights Latent(string block, AttentionPart attention, LatentShape latent)
    {
        var rank = new Dimension(latent.KeyRank, $"kv_lora_rank={latent.KeyRank}");
        var turning = new Dimension(latent.RotaryColumns, $"qk_rope_head_dim={latent.RotaryColumns}");
        var up = attention.HeadSize - latent.RotaryColumns + attention.ValueSize;
        var (queryDown, queryNorm) = ((Linear?)null, (Norm?)null);
        if (latent.QueryRank is { } narrow)
        {
            var queryRank = new Dimension(narrow, $"q_lora_rank={narrow}");
            queryDown = Projection($"{block}self_attn.q_a_proj", _width, queryRank, attention.QueryKeyValueBias);
            queryNorm = Norm($"{block}self_attn.q_a_layernorm", latent.Norm, queryRank);
        }

        return new(
            queryDown,
            queryNorm,
            Projection($"{block}self_attn.kv_a_proj_with_mqa", _width, rank + turning, attention.QueryKeyValueBias),
            Norm($"{block}self_attn.kv_a_layernorm", latent.Norm, rank)!,
            Projection($"{block}self_attn.kv_b_proj", rank, Heads(attention.Heads, up), false));
    }

    private Norm[] HeadNorms(string name, HeadNorm? norm, int heads, int size)
    {
        var head = new Dimension(size, $"head size {size}");
        switch (norm?.Scope)
        {
            case null:
                return [];
            case NormScope.Head:
                return [Norm(name, norm.Shape, head)!];
            case NormScope.AllHeads:
                return [Norm(name, norm.Shape, Heads(heads, size))!];
            case NormScope.NamedHeads:
                return [.. Enumerable.Range(0, heads).Select(h => Norm($"{name}.norms.{h}", norm.Shape, head)!)];
            default:
                var weights = source.Vector(Stored($"{name}.weight", new(heads, $"{heads} heads"), head));
                return [.. Enumerable.Range(0, heads).Select(h => new Norm(norm.Shape, weights.RowRange(h, 1), null))];
        }
    }

    private Xielu Xielu(string name)
    {
        var (positive, negative) = (source.Number(Stored($"{name}alpha_p")), source.Number(Stored($"{name}alpha_n")));
        var (linear, limit) = (source.Number(Stored($"{name}beta")), source.Number(Stored($"{name}eps")));
        return new(SoftPlus(positive), linear + SoftPlus(negative), linear, limit);

        static double SoftPlus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
    }

    private Norm? Norm(string? name, NormShape norm, Dimension columns)
    {
        if (name == null)
            return null;
        var weight = norm.Weight ? source.Vector(Stored($"{name}.weight", columns), norm.WeightOffset) : null;
        return new(norm, weight, norm is { Weight: true, Bias: true } ? source.Vector(Stored($"{name}.bias", columns)) : null);
    }

    private Linear Projection(string name, Dimension input, Dimension output, bool bias, int[]? order = null)
    {
        Dimension[] sizes = _names.InputMajor ? [input, output] : [output, input];
        var weight = source.Layer(new($"{name}.weight", false, sizes, new(output.Size, input.Size)), _names.InputMajor, order);
        return new(weight, bias ? source.Vector(Stored($"{name}.bias", output), order: order) : null, output.Size);
    }

    private Dimension Heads(int heads, int size) => new(heads * size, $"{shape.Keys.Heads}={heads} of {size} columns");

    private static ExpectedWeight Stored(string name, params Dimension[] sizes) => new(name, false, sizes);

    /// <summary>The embedding that all layers share, and each layer's part of it (Gemma 4).</summary>
    internal sealed class LayerInputs
    {
        private readonly RowTable _embedding;
        private readonly Linear _fromStream;
        private readonly Norm _norm;
        private readonly Dimension _own;

        public LayerInputs(WeightBuilder builder)
        {
            var (shape, width) = (builder.Shape, builder._width);
            _own = new(shape.LayerInputWidth, $"hidden_size_per_layer_input={shape.LayerInputWidth}");
            var all = new Dimension(shape.Layers * _own.Size, $"{shape.Keys.Layers}={shape.Layers} times {_own.Text}");
            var vocabulary = new Dimension(shape.LayerInputVocabulary, $"vocab_size_per_layer_input={shape.LayerInputVocabulary}");
            _embedding = builder.Source.Table(Stored("embed_tokens_per_layer.weight", vocabulary, all));
            _fromStream = builder.Projection("per_layer_model_projection", width, all, false);
            _norm = builder.Norm("per_layer_projection_norm", shape.Norm, _own)!;
        }

        /// <summary>The layer's part, with what is its own from the builder of its block.</summary>
        public LayerInputWeights Layer(WeightBuilder builder, int layer, string block) => new(
            _embedding.ColumnRange(layer * _own.Size, _own.Size),
            _fromStream.Outputs(layer * _own.Size, _own.Size),
            _norm,
            builder.Projection($"{block}per_layer_input_gate", builder._width, _own, false),
            builder.Projection($"{block}per_layer_projection", _own, builder._width, false),
            builder.Norm($"{block}post_per_layer_input_norm", builder.Shape.Norm, builder._width)!);
    }

    private ModelShape Shape => shape;

    private IWeightSource Source => source;
}
