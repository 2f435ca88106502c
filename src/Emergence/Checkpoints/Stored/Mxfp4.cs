namespace Emergence.Checkpoints.Stored;

/// <summary>The experts of gpt-oss: 4-bit floats with a power of two for each 32 columns. Everything else is stored plain.</summary>
internal sealed class Mxfp4 : StoredForm
{
    private const int Group = 32;

    private Mxfp4(ConfigReader config) => config.Pass("modules_to_not_convert", "dequantize");

    public static StoredFormRow Row { get; } = new("mxfp4", config => new Mxfp4(config));

    public override string Words => $"mxfp4, a power of two for {Group} weights";

    public override double BitsPerWeight => 4 + 8.0 / Group;

    /// <param name="module">All experts' layers side by side: outputs is the number of experts times the outputs of one.</param>
    public override StoredMatrix? Find(StoredModule module)
    {
        if (module.Find("_blocks") is not { } blocks)
            return null;
        if (module.Inputs % Group != 0)
            throw module.Error($"{module.Name} has {module.Inputs} inputs, expected a multiple of {Group} for mxfp4");
        var experts = blocks.Shape.Length == 4 && blocks.Shape[0] > 0 && module.Outputs % blocks.Shape[0] == 0 ? blocks.Shape[0] : 1;
        var (rows, groups) = (module.Outputs / experts, module.Inputs / Group);
        return new Nibbles(
            module,
            module.Take("_blocks", ["U8"], [experts, rows, groups, Group / 2]),
            module.Take("_scales", ["U8", "F8_E8M0"], [experts, rows, groups]),
            divisor: null,
            Group);
    }
}
