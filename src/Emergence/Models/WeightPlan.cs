namespace Emergence.Models;

/// <summary>A size and how config.json spells it, e.g. 1600, "n_embd=1600".</summary>
internal readonly record struct Dimension(int Size, string Text);

/// <summary>A weight that a model needs. A vector has one row and is stored with one size only.</summary>
/// <param name="Name">Without the prefix that a checkpoint may have.</param>
/// <param name="IsHead">It never has a prefix.</param>
/// <param name="Sizes">As it is stored plain.</param>
/// <param name="Linear">Sizes of the linear layer whose matrix it is; null for embeddings and vectors.</param>
internal sealed record ExpectedWeight(string Name, bool IsHead, Dimension[] Sizes, (int Outputs, int Inputs)? Linear = null)
{
    public int Rows => Sizes.Length == 1 ? 1 : Sizes[0].Size;

    public int Columns => Sizes[^1].Size;
}

/// <summary>Names and shapes of all weights of a model, in the order of the forward pass.</summary>
internal static class WeightPlan
{
    public static IReadOnlyList<ExpectedWeight> Of(ModelConfig config)
    {
        var (shape, names) = (config.Shape, config.Architecture.Names);
        var width = new Dimension(shape.Width, $"{shape.Keys.Width}={shape.Width}");
        var vocabulary = new Dimension(shape.VocabularySize, $"vocab_size={shape.VocabularySize}");
        var plan = new List<ExpectedWeight> { Matrix($"{names.Embedding}.weight", vocabulary, width) };
        if (shape.PositionOffset is { } offset)
            plan.Add(Matrix($"{names.Positions}.weight", new(shape.MaxPositions + offset, $"{shape.Keys.Positions}={shape.MaxPositions}" + (offset == 0 ? "" : $" (+{offset})")), width));
        for (var layer = 0; layer < shape.Layers; layer++)
            AddBlock(plan, shape, names, $"{names.Block}{layer}.", width);
        AddNorm(plan, shape, names.FinalNorm, width);
        if (!shape.TiedHead)
            plan.Add(new($"{names.Head}.weight", true, [vocabulary, width], (vocabulary.Size, width.Size)));
        if (shape.HeadBias)
            plan.Add(new($"{names.Head}.bias", true, [vocabulary]));
        return plan;
    }

    private static void AddBlock(List<ExpectedWeight> plan, ModelShape shape, WeightNames names, string block, Dimension width)
    {
        var query = new Dimension(shape.QueryWidth, $"{shape.Keys.Heads}={shape.Heads} of {shape.HeadSize} columns");
        var key = new Dimension(shape.KeyWidth, $"{shape.KeyHeads} key heads of {shape.HeadSize} columns");
        var inner = new Dimension(shape.InnerWidth, $"{shape.Keys.Inner}={shape.InnerWidth}");
        var joined = new Dimension(query.Size + 2 * key.Size, $"{query.Text} and twice {key.Text}");

        AddNorm(plan, shape, names.AttentionInputNorm, width, block);
        var outputs = names.QueryKeyValue.Length == 1 ? [joined] : new[] { query, key, key };
        for (var i = 0; i < outputs.Length; i++)
            AddLinear(plan, names, block + names.QueryKeyValue[i], width, outputs[i], shape.QueryKeyValueBias);
        if (shape.QueryKeyNorm != NormScope.None)
        {
            var head = new Dimension(shape.HeadSize, $"head size {shape.HeadSize}");
            plan.Add(Vector($"{block}{names.QueryNorm}.weight", shape.QueryKeyNorm == NormScope.Head ? head : query));
            plan.Add(Vector($"{block}{names.KeyNorm}.weight", shape.QueryKeyNorm == NormScope.Head ? head : key));
        }

        AddLinear(plan, names, block + names.AttentionOutput, query, width, shape.AttentionOutputBias);
        AddNorm(plan, shape, names.AttentionOutputNorm, width, block);
        AddNorm(plan, shape, names.InnerInputNorm, width, block);
        var up = shape.Gated && names.Inner.Length == 1 ? new(2 * inner.Size, $"twice {inner.Text}") : inner;
        foreach (var name in names.Inner)
            AddLinear(plan, names, block + name, width, up, shape.InnerBias);
        AddLinear(plan, names, block + names.InnerOutput, inner, width, shape.InnerBias);
        AddNorm(plan, shape, names.InnerOutputNorm, width, block);
    }

    private static void AddNorm(List<ExpectedWeight> plan, ModelShape shape, string? name, Dimension width, string block = "")
    {
        if (name == null)
            return;
        plan.Add(Vector($"{block}{name}.weight", width));
        if (!shape.Norm.Rms)
            plan.Add(Vector($"{block}{name}.bias", width));
    }

    private static void AddLinear(List<ExpectedWeight> plan, WeightNames names, string name, Dimension input, Dimension output, bool bias)
    {
        plan.Add(new($"{name}.weight", false, names.InputMajor ? [input, output] : [output, input], (output.Size, input.Size)));
        if (bias)
            plan.Add(Vector($"{name}.bias", output));
    }

    private static ExpectedWeight Matrix(string name, Dimension rows, Dimension columns) => new(name, false, [rows, columns]);

    private static ExpectedWeight Vector(string name, Dimension size) => new(name, false, [size]);
}
