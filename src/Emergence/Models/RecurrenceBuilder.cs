using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>Asks for the weights of a block's recurrence.</summary>
internal sealed class RecurrenceBuilder(IWeightSource source, RecurrenceNames names, Dimension width)
{
    /// <summary>A linear layer by its name, inputs, outputs, whether it has a bias, and the order of its rows.</summary>
    public delegate Linear Project(string name, Dimension input, Dimension output, bool bias, int[]? order = null);

    public RecurrenceWeights Build(string block, RecurrencePart part, Project project)
    {
        var name = block + names.Prefix;
        var (convolved, mixed) = (new Dimension(part.ConvolvedWidth, $"{part.ConvolvedWidth} convolved columns"),
            new Dimension(part.MixedWidth, $"{part.MixedWidth} columns of a recurrence"));
        Linear[] input = [.. Inputs(part).Select((layer, i) =>
            project(name + names.Input[i], width, new(layer.Columns, layer.Text), part.InputBias, layer.Order))];
        Dimension[] sizes = [convolved, new(1, "1"), new(part.Taps, $"{part.Taps} rows of a convolution")];
        var taps = source.Vector(Stored($"{name}{names.Convolution}.weight", sizes));
        var bias = part.ConvolutionBias ? source.Vector(Stored($"{name}{names.Convolution}.bias", convolved)) : null;
        var output = project($"{name}out_proj", mixed, width, part.OutputBias);
        var weights = new RecurrenceWeights(input, taps, bias, output);
        return part switch
        {
            ScanPart scan => Scan(name, scan, weights, project),
            DeltaPart delta => Delta(name, delta, weights),
            _ => weights,
        };
    }

    private static IEnumerable<(int Columns, string Text, int[]? Order)> Inputs(RecurrencePart part) => part switch
    {
        DeltaPart { ByKeyHead: true } delta =>
        [
            (delta.ConvolvedWidth + delta.ValueWidth, "queries, keys, values and gates", delta.WideOrder()),
            (2 * delta.ValueHeads, $"twice {delta.ValueHeads} value heads", delta.NarrowOrder()),
        ],
        DeltaPart delta =>
        [
            (delta.ConvolvedWidth, "queries, keys and values", null),
            (delta.ValueWidth, $"{delta.ValueHeads} value heads of {delta.ValueSize} columns", null),
            (delta.ValueHeads, $"{delta.ValueHeads} value heads", null),
            (delta.ValueHeads, $"{delta.ValueHeads} value heads", null),
        ],
        _ => [(part.ProjectedWidth, $"{part.ProjectedWidth} projected columns", null)],
    };

    private RecurrenceWeights Scan(string name, ScanPart part, RecurrenceWeights weights, Project project)
    {
        var (heads, states) = (new Dimension(part.Heads, $"{part.Heads} heads"), new Dimension(part.StateSize,
            $"states of {part.StateSize}"));
        var norm = part.Norm is { } shape
            ? new Norm(shape, source.Vector(Stored($"{name}norm.weight", new Dimension(part.Width, $"{part.Width} channels"))), null) : null;
        var skip = source.Vector(Stored($"{name}D", heads));
        if (part.StepRank is not { } rank)
            return weights with { LogRates = Rates(name, heads), StepBias = source.Vector(Stored($"{name}dt_bias", heads)), Skip = skip,
                Norm = norm };
        var narrow = new Dimension(part.NarrowWidth, $"time_step_rank={rank} and twice {states.Text}");
        return weights with
        {
            Narrow = project($"{name}x_proj", heads, narrow, false),
            Steps = project($"{name}dt_proj", new(rank, $"time_step_rank={rank}"), heads, true),
            LogRates = source.Vector(Stored($"{name}A_log", heads, states)),
            Skip = skip,
            Norm = norm,
        };
    }

    private RecurrenceWeights Delta(string name, DeltaPart part, RecurrenceWeights weights)
    {
        var heads = new Dimension(part.ValueHeads, $"{part.ValueHeads} value heads");
        return weights with
        {
            LogRates = Rates(name, heads),
            StepBias = source.Vector(Stored($"{name}dt_bias", heads)),
            Norm = new(part.Norm, source.Vector(Stored($"{name}norm.weight", new Dimension(part.ValueSize,
                $"values of {part.ValueSize} columns"))), null),
        };
    }

    /// <summary>One for each head, below each other.</summary>
    private Tensor Rates(string name, Dimension heads) => source.Vector(Stored($"{name}A_log", heads)).Reshape(heads.Size, 1);

    private static ExpectedWeight Stored(string name, params Dimension[] sizes) => new(name, false, sizes);
}
