using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Models;

/// <summary>Feed-forward parts side by side, of which each row passes a few.</summary>
internal sealed record ExpertsPart
{
    /// <summary>E.</summary>
    public required int Count { get; init; }

    /// <summary>k, the experts that a row passes.</summary>
    public required int Chosen { get; init; }

    /// <summary>Between the two halves of an expert.</summary>
    public required int Width { get; init; }

    /// <summary>What an expert's gate passes through.</summary>
    public required Activation Activation { get; init; }

    public required RouterShape Router { get; init; }

    /// <summary>Width of the expert that every row passes; 0: none.</summary>
    public int SharedWidth { get; init; }

    /// <summary>What the shared expert yields is multiplied by a sigmoid of the row.</summary>
    public bool SharedGate { get; init; }

    /// <summary>Whether the projections of the experts that rows choose have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>Whether the projections that all rows pass have biases: those of the shared expert, and those to narrow rows and
    /// back.</summary>
    public bool OuterBias { get; init; }

    /// <summary>The router has a bias.</summary>
    public bool RouterBias { get; init; }

    /// <summary>Weights multiply what an expert is given instead of what it yields.</summary>
    public bool WeighsInput { get; init; }

    /// <summary>Gate and up are cut off at this, the gate from above; one is added to up. 0: not.</summary>
    public double Clamp { get; init; }

    /// <summary>Outputs of gate and up take turns.</summary>
    public bool Interleaved { get; init; }

    /// <summary>output(activation(gate x) * up x) instead of output(activation(up x)).</summary>
    public bool Gated { get; init; } = true;

    /// <summary>Width of the rows that experts, but for the shared one, are given and yield; null: that of the stream.</summary>
    public int? LatentWidth { get; init; }

    /// <summary>Experts come beside the dense half, with norms of their own (Gemma 4).</summary>
    public bool IsBeside { get; init; }

    /// <summary>Rows that a row becomes: one for each expert it passes.</summary>
    public int Copies => Chosen + (SharedWidth > 0 ? 1 : 0);
}

/// <summary>How experts are chosen and weighed by the scores of a router, in single precision; among equals the lower one is
/// chosen.</summary>
internal sealed record RouterShape(RouterScores Scores)
{
    /// <summary>A stored number for each expert is added to its score for the choice, not for the weight.</summary>
    public bool Correction { get; init; }

    /// <summary>Experts are in so many groups of neighbours.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Only the experts of so many groups may be chosen.</summary>
    public int ChosenGroups { get; init; } = 1;

    /// <summary>A group counts by the sum of so many of its largest scores.</summary>
    public int GroupScores { get; init; } = 1;

    /// <summary>Weights of the chosen are divided by their sum.</summary>
    public bool Normalises { get; init; }

    /// <summary>Added to that sum.</summary>
    public float Added { get; init; }

    /// <summary>Least that it is divided by.</summary>
    public float Least { get; init; }

    /// <summary>Factor of the weights.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>Relative distance from the largest beyond which a score does not count (<see cref="RouterScores.OneByOne"/>).</summary>
    public float Distance { get; init; }
}

/// <summary>What becomes of a router's products.</summary>
internal enum RouterScores
{
    Softmax,

    Sigmoid,

    /// <summary>The largest products are chosen, and weighed by the softmax of these alone.</summary>
    SoftmaxOfChosen,

    /// <summary>The largest products are chosen, and weighed by their sigmoids.</summary>
    SigmoidOfChosen,

    /// <summary>Each choice is weighed by a softmax over what is left and near the largest (Phi-MoE).</summary>
    OneByOne,
}

/// <summary>Names of the weights of a layer with experts.</summary>
/// <param name="Router">E.g. "mlp.gate".</param>
/// <param name="Each">What stands before an expert's number, e.g. "mlp.experts."; of experts in one tensor what they begin with.</param>
/// <param name="Inner">Gate and up of an expert, or one projection that yields both.</param>
/// <param name="Output">The last projection of an expert.</param>
internal sealed record ExpertNames(string Router, string Each, string[] Inner, string Output)
{
    /// <summary>All experts are in one tensor, (E, out, in).</summary>
    public bool Joint { get; init; }

    /// <summary>That tensor is (E, in, out) if it is plain.</summary>
    public bool InputMajor { get; init; }

    /// <summary>Biases of experts in one tensor are called as that, with this behind.</summary>
    public string BiasEnding { get; init; } = "_bias";

    /// <summary>What is added to the scores for the choice.</summary>
    public string Correction { get; init; } = "mlp.gate.e_score_correction_bias";

    /// <summary>The vector above is stored as (1, E).</summary>
    public bool CorrectionIsRow { get; init; }

    /// <summary>What the projections of the expert that all rows pass begin with.</summary>
    public string Shared { get; init; } = "mlp.shared_experts.";

    public string[] SharedInner { get; init; } = ["gate_proj", "up_proj"];

    public string SharedOutput { get; init; } = "down_proj";

    public string SharedGate { get; init; } = "mlp.shared_expert_gate";

    /// <summary>To narrow rows and back, if experts are given such.</summary>
    public string LatentDown { get; init; } = "mixer.fc1_latent_proj";

    public string LatentUp { get; init; } = "mixer.fc2_latent_proj";

    /// <summary>Names of these experts in the memory of the program that published them; null: the names of the file.</summary>
    public ExpertNames? InMemory { get; init; }

    /// <summary>
    /// What a file may have instead: one by one what is published in one tensor, and in one tensor, (E, out, in), what is published one
    /// by one; none if gate and up take turns.
    /// </summary>
    public ExpertNames? Other(ExpertsPart part)
    {
        if (part.Interleaved || !Each.EndsWith("experts.", StringComparison.Ordinal))
            return null;
        return Joint ? this with { Joint = false, Inner = part.Gated ? ["gate_proj", "up_proj"] : ["up_proj"] }
            : (InMemory ?? this) with { Joint = true, Inner = [part.Gated ? "gate_up_proj" : "up_proj"], Output = "down_proj" };
    }

    /// <summary>As most have them: experts one by one, with gate, up and down.</summary>
    public static ExpertNames Mlp { get; } = new("mlp.gate", "mlp.experts.", ["gate_proj", "up_proj"], "down_proj");

    /// <summary>Mixtral's.</summary>
    public static ExpertNames Mixtral { get; } = new("block_sparse_moe.gate", "block_sparse_moe.experts.", ["w1", "w3"], "w2")
    {
        Correction = "block_sparse_moe.e_score_correction_bias",
        InMemory = Mlp with { Correction = "mlp.e_score_correction_bias" },
    };
}

/// <summary>What goes with experts beside a dense half.</summary>
/// <param name="DenseNorm">The norm of what the dense half yields.</param>
/// <param name="InputNorm">The norm of what experts are given.</param>
/// <param name="OutputNorm">The norm of what experts yield.</param>
/// <param name="RouterNorm">The norm of what the router is given.</param>
/// <param name="Scales">(1, E): factors of the weights.</param>
internal sealed record BesideWeights(Norm DenseNorm, Norm InputNorm, Norm OutputNorm, Norm RouterNorm, Tensor Scales);

/// <summary>The weights of one expert.</summary>
/// <param name="Inner">Gate and up, or one that yields both.</param>
/// <param name="Output">Back to the stream.</param>
internal sealed record ExpertWeights(Linear[] Inner, Linear Output);

/// <summary>The weights of a layer with experts.</summary>
/// <param name="Router">(E, d).</param>
/// <param name="Correction">(1, E), or none.</param>
/// <param name="Experts">(E).</param>
/// <param name="Shared">The expert that all rows pass, or none.</param>
/// <param name="SharedGate">(1, d), or none.</param>
internal sealed record ExpertsWeights(
    Linear Router, Tensor? Correction, ExpertWeights[] Experts, ExpertWeights? Shared, Linear? SharedGate)
{
    /// <summary>What goes with experts beside a dense half, or none.</summary>
    public BesideWeights? Beside { get; init; }

    /// <summary>From the stream to the narrow rows that experts are given, or none.</summary>
    public Linear? LatentDown { get; init; }

    public Linear? LatentUp { get; init; }
}
