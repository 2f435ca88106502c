using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Devices.Reference;
using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>What is peculiar in a family, left out: the reference values must miss it.</summary>
public sealed class MutationTests
{
    private static readonly (string Folder, string LeftOut, Func<ModelShape, ModelShape> Change)[] s_mutations =
    [
        ("apertus", "xIELU", Inner(inner => inner with { Xielu = false, Activation = Activation.ReluSquared })),
        ("apertus", "norms of heads", Attention(part => part with { QueryKeyNorm = null })),
        ("arcee", "the square of relu", Inner(inner => inner with { Activation = Activation.Relu })),
        ("bloom", "slopes", Attention(part => part with { Slopes = null })),
        ("bloom", "slopes by head", Attention(part => part with { Slopes = part.Slopes! with { Maximum = 4 } })),
        ("bloom", "norm after the embedding", Names(names => names with { EmbeddingNorm = null })),
        ("bloom", "order of the joint rows", Attention(part => part with { JointOrder = JointOrder.Parts })),
        ("codegen", "order of the joint rows", Attention(part => part with { JointOrder = JointOrder.Parts })),
        ("codegen", "neighbours", Halves),
        ("cohere", "scale of the logits", shape => shape with { LogitScale = 1 }),
        ("cohere", "neighbours", Halves),
        ("cohere", "parallel halves", shape => shape with { Form = BlockForm.Sequential }),
        ("cohere2", "full layers that do not turn", AllTurn),
        ("cohere2", "windows", Attention(part => part with { Window = 0 })),
        ("ernie4_5", "neighbours", Halves),
        ("exaone4", "full layers that do not turn", AllTurn),
        ("exaone4", "norms before the sums", shape => shape with { Form = BlockForm.NormAfterSum }),
        ("falcon-mqa", "parallel halves", shape => shape with { Form = BlockForm.Sequential }),
        ("falcon-alibi", "slopes", Attention(part => part with { Slopes = null })),
        ("falcon-alibi", "the second time of the bias",
            Attention(part => part with { Slopes = part.Slopes! with { Factor = part.Scale } })),
        ("falcon-grouped", "order of the joint rows", Attention(part => part with { JointOrder = JointOrder.Parts })),
        ("falcon-grouped", "the second norm", Names(names => names with { InnerInputNorm = null })),
        ("gemma4", "norm of values", Attention(part => part with { ValueNorm = null })),
        ("gemma4", "embeddings by layer", shape => shape with { LayerInputWidth = 0 }),
        ("gemma4", "soft cap", shape => shape with { LogitSoftCap = 0 }),
        ("gemma4", "a scale of 1", Attention(part => part with { Scale = 1 / Math.Sqrt(part.HeadSize) })),
        ("gemma4", "the part of a head that turns", Rotary(rotary => rotary with { Scaling = null })),
        ("gemma4", "the layer that keys are of", Attention(part => part.KeysOf == null ? part : part with { KeysOf = part.KeysOf - 2 })),
        ("glm", "neighbours", Halves),
        ("glm", "half of a head", Rotary(rotary => rotary with { Columns = 2 * rotary.Columns })),
        ("glm4", "norms after the halves", Names(names => names with { AttentionOutputNorm = null, InnerOutputNorm = null })),
        ("gpt-bigcode", "positions", shape => shape with { Positions = null }),
        ("gpt-neo", "scores not scaled", Attention(part => part with { Scale = 1 / Math.Sqrt(part.HeadSize) })),
        ("gpt-neo", "windows", Attention(part => part with { Window = 0 })),
        ("granite", "embedding multiplier", shape => shape with { EmbeddingScale = 1 }),
        ("granite", "residual multiplier", shape => shape with { ResidualScale = 1 }),
        ("granite", "attention multiplier", Attention(part => part with { Scale = 1 / Math.Sqrt(part.HeadSize) })),
        ("granite", "logits scaling", shape => shape with { LogitScale = 1 }),
        ("headless-qwen3", "norms of heads", Attention(part => part with { QueryKeyNorm = null })),
        ("helium", "neighbours", Halves),
        ("hunyuan-dense", "norms after the rotation",
            Attention(part => part with { QueryKeyNorm = part.QueryKeyNorm! with { AfterRotation = false } })),
        ("ministral3", "scale by position", Attention(part => part with { PositionScale = null })),
        ("ministral3", "yarn", Rotary(rotary => rotary with { Scaling = null })),
        ("mpt", "slopes", Attention(part => part with { Slopes = null })),
        ("nanochat", "turning backwards", Rotary(rotary => rotary with { Backwards = false })),
        ("nanochat", "norms of heads", Attention(part => part with { QueryKeyNorm = null })),
        ("nanochat", "soft cap", shape => shape with { LogitSoftCap = 0 }),
        ("nanochat", "norm after the embedding", Names(names => names with { EmbeddingNorm = null })),
        ("nemotron", "1 + weight", shape => shape with { Norm = shape.Norm with { WeightOffset = 0 } }),
        ("nested-gemma3", "windows", Attention(part => part with { Window = 0 })),
        ("nested-mistral3", "rotation", Attention(part => part with { Rotary = null })),
        ("olmo", "the mean in the norm", shape => shape with { Norm = new(Rms: true, 1e-5) { Weight = false } }),
        ("olmo3", "windows", Attention(part => part with { Window = 0 })),
        ("olmo3", "norms of all heads", Attention(part => part with { QueryKeyNorm = null })),
        ("persimmon", "norms of heads", Attention(part => part with { QueryKeyNorm = null })),
        ("persimmon", "half of a head", Rotary(rotary => rotary with { Columns = 2 * rotary.Columns })),
        ("phi", "parallel halves", shape => shape with { Form = BlockForm.Sequential }),
        ("phi", "bias of the head", shape => shape with { HeadBias = false }),
        ("rope-dynamic", "growth of the base", Rotary(rotary => rotary with { Scaling = null })),
        ("rope-gemma3-linear", "slower turning", Rotary(rotary => rotary with { Scaling = null })),
        ("rope-linear", "slower turning", Rotary(rotary => rotary with { Scaling = null })),
        ("rope-longrope-long", "the longer list",
            Rotary(rotary => rotary with { Scaling = ((LongScaling)rotary.Scaling!) with { Original = 1000 } })),
        ("rope-longrope-long", "attention factor",
            Rotary(rotary => rotary with { Scaling = ((LongScaling)rotary.Scaling!) with { AttentionFactor = 1 } })),
        ("rope-longrope-short", "the shorter list",
            Rotary(rotary => rotary with { Scaling = ((LongScaling)rotary.Scaling!) with { Short = ((LongScaling)rotary.Scaling).Long } })),
        ("rope-yarn", "yarn", Rotary(rotary => rotary with { Scaling = null })),
        ("rope-yarn", "attention factor",
            Rotary(rotary => rotary with { Scaling = ((YarnScaling)rotary.Scaling!) with { AttentionFactor = 1 } })),
        ("rope-yarn-full", "the two weights of the attention factor",
            Rotary(rotary => rotary with { Scaling = ((YarnScaling)rotary.Scaling!) with { AttentionFactor = YarnScaling.Mscale(16) } })),
        ("rope-yarn-full", "the shorter ramp",
            Rotary(rotary => rotary with { Scaling = ((YarnScaling)rotary.Scaling!) with { Fast = 32, Slow = 1e-3 } })),
        ("smollm3", "layers that do not turn", AllTurn),
        ("stablelm", "half of a head", Rotary(rotary => rotary with { Columns = 2 * rotary.Columns })),
        ("stablelm-2-12b", "norms of each head", Attention(part => part with { QueryKeyNorm = null })),
        ("stablelm-2-12b", "parallel halves", shape => shape with { Form = BlockForm.Sequential }),
        ("starcoder2", "windows", Attention(part => part with { Window = 0 })),
        ("starcoder2", "biases inside", Inner(inner => inner with { Bias = false })),
        ("xglm", "positions", shape => shape with { Positions = null }),
        ("xglm", "their offset", shape => shape with { Positions = new(0, IsComputed: true) }),
        ("xglm", "scale of the embedding", shape => shape with { EmbeddingScale = 1 }),
        ("deepseek-v2", "neighbours", Halves),
        ("deepseek-v2", "the second expert", Experts(part => part with { Chosen = 1 })),
        ("deepseek-v3", "the correction", Router(router => router with { Correction = false })),
        ("deepseek-v3", "groups", Router(router => router with { Groups = 1 })),
        ("deepseek-v3", "the sum of two in a group", Router(router => router with { GroupScores = 1 })),
        ("deepseek-v3", "division by the sum", Router(router => router with { Normalises = false })),
        ("deepseek-v3", "the factor of the weights", Router(router => router with { Scale = 1 })),
        ("deepseek-v3", "growth of the scores", Attention(part => part with { Scale = 1 / Math.Sqrt(part.HeadSize) })),
        ("ernie4_5-moe", "the correction", Router(router => router with { Correction = false })),
        ("ernie4_5-moe", "division by the sum", Router(router => router with { Normalises = false })),
        ("gemma4-moe", "division by the sum", Router(router => router with { Normalises = false })),
        ("gemma4-moe", "keys as values", Attention(part => part.ValuesAreKeys ? part with { ValueNorm = null } : part)),
        ("glm4-moe", "the correction", Router(router => router with { Correction = false })),
        ("glm4-moe", "the factor of the weights", Router(router => router with { Scale = 1 })),
        ("glm4-moe", "half of a head", Rotary(rotary => rotary with { Columns = 2 * rotary.Columns })),
        ("gpt-oss", "sinks", Attention(part => part with { HasSinks = false })),
        ("gpt-oss", "gate and up by turns", Experts(part => part with { Interleaved = false })),
        ("gpt-oss", "biases", Experts(part => part with { Bias = false })),
        ("gpt-oss", "bias of the router", Experts(part => part with { RouterBias = false })),
        ("gpt-oss", "one added to up", Experts(part => part with { Clamp = 0 })),
        ("gpt-oss", "windows", Attention(part => part with { Window = 0 })),
        ("falcon-h1", "the scan beside attention", shape => shape.WithBlocks((_, block) => block with { Recurrence = null })),
        ("falcon-h1", "attention beside the scan", shape => shape.WithBlocks((_, block) => block with { Attention = null })),
        ("falcon-h1", "factors of projected columns", Scan(part => part with { ColumnScales = [] })),
        ("falcon-h1", "the factor in front of the scan", Scan(part => part with { InputScale = 1 })),
        ("falcon-h1", "the factor behind the scan", Scan(part => part with { OutputScale = 1 })),
        ("falcon-h1", "the factor in front of attention", Attention(part => part with { InputScale = 1 })),
        ("falcon-h1", "the factor behind attention", Attention(part => part with { OutputScale = 1 })),
        ("falcon-h1", "the factor of keys", Attention(part => part with { Scale = 1 / Math.Sqrt(part.HeadSize) })),
        ("falcon-h1", "the factor of the inner gate", Inner(inner => inner with { GateScale = 1 })),
        ("falcon-h1", "the factor behind the inner part", Inner(inner => inner with { OutputScale = 1 })),
        ("falcon-h1", "the factor of the logits", shape => shape with { LogitScale = 1 }),
        ("granite-hybrid", "groups", Scan(part => part with { Norm = null })),
        ("granite-hybrid", "the shared expert", Experts(part => part with { SharedWidth = 0 })),
        ("granite-hybrid", "bias of the convolution", Scan(part => part with { ConvolutionBias = false })),
        ("granite-hybrid", "residual multiplier", shape => shape with { ResidualScale = 1 }),
        ("lfm2", "norms of heads", Attention(part => part with { QueryKeyNorm = null })),
        ("lfm2", "rotation", Attention(part => part with { Rotary = null })),
        ("lfm2", "layers of convolutions", shape => shape.WithBlocks((_, block) => block with { Recurrence = null })),
        ("mamba", "the activation of the gate", Scan(part => part with { GateActivation = Activation.Sigmoid })),
        ("mamba", "the activation of the convolution", Scan(part => part with { Activation = Activation.None })),
        ("mamba", "the skip and the state", shape => shape.WithBlocks((_, block) => block with { Recurrence = null })),
        ("mamba", "steps from a narrow row", Scan(part => part with { MostStep = 0.01 })),
        ("mamba", "bias of the convolution", Scan(part => part with { ConvolutionBias = false })),
        ("mamba2", "the norm behind the gate", Scan(part => part with { NormFirst = true })),
        ("mamba2", "the norm", Scan(part => part with { Norm = null })),
        ("mamba2", "steps without limits", Scan(part => part with { MostStep = 0.01 })),
        ("nemotron-h", "no rotation", Attention(part => part with { Rotary = new(part.HeadSize, 10000, RotaryPairs.Halves, null) })),
        ("nemotron-h", "the square of relu", Inner(inner => inner with { Activation = Activation.Relu })),
        ("nemotron-h", "the correction", Router(router => router with { Correction = false })),
        ("nemotron-h", "division by the sum", Router(router => router with { Normalises = false })),
        ("nemotron-h", "the least step", Scan(part => part with { LeastStep = 0.5 })),
        ("qwen3_5", "norms before the rotation",
            Attention(part => part with { QueryKeyNorm = part.QueryKeyNorm! with { AfterRotation = true } })),
        ("qwen3_5", "1 + weight", shape => shape with { Norm = shape.Norm with { WeightOffset = 0 } }),
        ("qwen3_5", "norms of heads", Attention(part => part with { QueryKeyNorm = null })),
        ("qwen3_5", "a quarter of a head", Rotary(rotary => rotary with { Columns = 2 * rotary.Columns })),
        ("qwen3_5", "the norm of values", Delta(part => part with { Norm = part.Norm with { Epsilon = 10 } })),
        ("qwen3_5", "the delta rule", shape => shape.WithBlocks((_, block) => block with { Recurrence = null })),
        ("qwen3_5-moe", "the gate of the shared expert", Experts(part => part with { SharedGate = false })),
        ("qwen3_5-moe", "the second expert", Experts(part => part with { Chosen = 1 })),
        ("qwen3_5-moe", "division by the sum", Router(router => router with { Normalises = false })),
        ("granite-moe", "softmax of the chosen", Router(router => router with { Scores = RouterScores.Softmax })),
        ("granite-moe", "residual multiplier", shape => shape with { ResidualScale = 1 }),
        ("llama4-text", "chunks", Attention(part => part with { Chunks = null })),
        ("llama4-text", "temperature by position", Attention(part => part with { PositionScale = null })),
        ("llama4-text", "layers that do not turn", AllTurn),
        ("llama4-text", "norms of heads", Attention(part => part with { QueryKeyNorm = null })),
        ("llama4-text", "weights on the input", Experts(part => part with { WeighsInput = false })),
        ("minimax-m2", "the correction", Router(router => router with { Correction = false })),
        ("minimax-m2", "norms of all heads", Attention(part => part with { QueryKeyNorm = null })),
        ("mixtral", "division by the sum", Router(router => router with { Normalises = false })),
        ("olmoe", "no division by the sum", Router(router => router with { Normalises = true })),
        ("phimoe", "one choice after the other", Router(router => router with { Scores = RouterScores.Softmax })),
        ("phimoe", "bias of the head", shape => shape with { HeadBias = false }),
        ("q-fp8-block-moe", "the factor of the weights", Router(router => router with { Scale = 1 })),
        ("q-mxfp4", "sinks", Attention(part => part with { HasSinks = false })),
        ("qwen2-moe", "the shared gate", Experts(part => part with { SharedGate = false })),
        ("qwen2-moe", "the shared expert", Experts(part => part with { SharedWidth = 0, SharedGate = false })),
        ("qwen3-moe", "division by the sum", Router(router => router with { Normalises = false })),
    ];

    public static TheoryData<string, string> Mutations
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (folder, leftOut, _) in s_mutations)
                data.Add(folder, leftOut);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Mutations))]
    public void Reference_values_miss_what_is_left_out(string folder, string leftOut)
    {
        var change = s_mutations.Single(mutation => mutation.Folder == folder && mutation.LeftOut == leftOut).Change;
        Assert.InRange(WorstError(folder, change), 1e-3, double.PositiveInfinity);
    }

    /// <summary>Else the row above would prove nothing.</summary>
    [Theory]
    [InlineData("gemma4")]
    [InlineData("mpt")]
    [InlineData("deepseek-v3")]
    [InlineData("gpt-oss")]
    public void Without_a_change_they_do_not(string folder) => Assert.InRange(WorstError(folder, shape => shape), 0, 1e-4);

    [Fact]
    public void Every_family_has_a_row() => Assert.Equal(FamilyTests.Folders.Order(StringComparer.Ordinal),
        s_mutations.Select(mutation => mutation.Folder).Distinct().Order(StringComparer.Ordinal));

    /// <summary>Of the first sequence, over all boundaries and the logits.</summary>
    private static double WorstError(string name, Func<ModelShape, ModelShape> change)
    {
        var folder = FamilyTests.Folder(name);
        using var golden = FamilyTests.Golden(name);
        using var device = new ReferenceDevice();
        using var checkpoint = Checkpoint.Open(folder);
        var config = ModelConfig.Read(folder);
        var tokens = GoldenModelTests.Sequences(golden, "input_ids")[0];
        using var transformer = new Transformer(device, change(config.Shape), new WeightFiles(config, checkpoint, new()));
        using var rows = TokenRows.Chain(device, config, tokens);
        using var memory = transformer.AllocateMemory(rows.Count);
        using var shared = transformer.AllocateShared(rows.Count);
        using var first = device.Allocate(rows.Count, config.Width);
        using var second = device.Allocate(rows.Count, config.Width);
        var (x, y) = (first, second);
        transformer.Embed(rows, x);
        var worst = Error("block_in.0", x);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            transformer.Block(layer, rows, x, y, memory, shared);
            (x, y) = (y, x);
            worst = Math.Max(worst, Error($"block_out.{layer}", x));
        }

        if (!transformer.HasHead)
            return worst;
        using var scores = device.Allocate(rows.Count, config.VocabularySize);
        transformer.FinalNorm(x, x);
        transformer.Logits(x, scores);
        return Math.Max(worst, Error("logits", scores));

        double Error(string part, Emergence.Devices.Tensors.Tensor actual)
        {
            var values = new float[actual.Count];
            device.Download(actual, values);
            return RelativeError.OfRows(values, golden.ReadSingles(part).AsSpan(0, values.Length), actual.Columns);
        }
    }

    private static Func<ModelShape, ModelShape> Attention(Func<AttentionPart, AttentionPart> change) => shape =>
        shape.WithAttention(change);

    private static Func<ModelShape, ModelShape> Inner(Func<InnerPart, InnerPart> change) => shape =>
        shape.WithInner(change);

    private static Func<ModelShape, ModelShape> Names(Func<WeightNames, WeightNames> change) => shape =>
        shape with { Names = change(shape.Names) };

    private static Func<ModelShape, ModelShape> Rotary(Func<RotaryShape, RotaryShape> change) =>
        Attention(part => part.Rotary == null ? part : part with { Rotary = change(part.Rotary) });

    private static Func<ModelShape, ModelShape> Scan(Func<ScanPart, ScanPart> change) => shape =>
        shape.WithBlocks((_, block) => block.Recurrence is ScanPart part ? block with { Recurrence = change(part) } : block);

    private static Func<ModelShape, ModelShape> Delta(Func<DeltaPart, DeltaPart> change) => shape =>
        shape.WithBlocks((_, block) => block.Recurrence is DeltaPart part ? block with { Recurrence = change(part) } : block);

    private static Func<ModelShape, ModelShape> Experts(Func<ExpertsPart, ExpertsPart> change) =>
        shape => shape.WithBlocks((_, block) => block.Experts is { } part ? block with { Experts = change(part) } : block);

    private static Func<ModelShape, ModelShape> Router(Func<RouterShape, RouterShape> change) =>
        Experts(part => part with { Router = change(part.Router) });

    private static ModelShape Halves(ModelShape shape) => Rotary(rotary => rotary with { Pairs = RotaryPairs.Halves })(shape);

    private static ModelShape AllTurn(ModelShape shape)
    {
        var rotary = shape.Blocks.Select(block => block.Attention?.Rotary).First(rotary => rotary != null);
        return shape.WithAttention(part => part with { Rotary = rotary });
    }
}
