namespace Emergence.Checkpoints.Stored;

/// <summary>
/// 8-bit floats as DeepSeek and Qwen publish them: a scale for each block of rows and columns ("weight_scale_inv", which is
/// multiplied with in spite of its name), for each row, or for the whole matrix.
/// </summary>
internal sealed class Fp8 : StoredForm
{
    private static readonly string[] Codes = ["F8_E4M3", "F8_E5M2"];
    private readonly (int Rows, int Columns)? _block;

    private Fp8(ConfigReader config)
    {
        config.Pass("activation_scheme", "modules_to_not_convert", "ignored_layers", "fmt", "scale_fmt", "kv_cache_scheme", "dequantize",
            "weight_per_tensor");
        if (config.Wholes("weight_block_size", 1, int.MaxValue) is not { } block)
            return;
        if (block.Length != 2)
            throw ConfigReader.Error($"quantization_config.weight_block_size has {block.Length} items, expected rows and columns");
        _block = (block[0], block[1]);
    }

    public static StoredFormRow Row { get; } = new("fp8", config => new Fp8(config));

    public override string Words => _block is { } block ? $"fp8, a scale for {block.Rows} x {block.Columns} weights"
        : "fp8, a scale a matrix or row";

    public override double BitsPerWeight => 8 + (_block is { } block ? 32.0 / block.Rows / block.Columns : 0);

    public override StoredMatrix? Find(StoredModule module)
    {
        if (module.Find(".weight") is not { } weight || !Codes.Contains(weight.DType))
            return null;
        module.Pass(".input_scale", ".activation_scale");
        var ending = module.Find(".weight_scale_inv") == null && module.Find(".weight_scale") != null ? ".weight_scale"
            : ".weight_scale_inv";
        var block = _block ?? (module.Find(ending) is { Count: 1 } ? module.Outputs : 1, module.Inputs);
        return new ScaledBytes(
            module,
            module.Take(".weight", Codes, [module.Outputs, module.Inputs]),
            module.TakeScales(ending, [.. ScaleTypes, "F8_E8M0"], Ceiling(module.Outputs, block.Rows),
                Ceiling(module.Inputs, block.Columns)),
            block);
    }
}
