using System.Runtime.Intrinsics;
using Emergence.Devices.Packed;
using Emergence.Messages;

namespace Emergence.Checkpoints.Stored;

/// <summary>AWQ, version gemm: whole numbers of 4 bits as (in, out), eight outputs a word in an order of their own.</summary>
internal sealed class Awq : StoredForm
{
    private readonly int _group;

    private Awq(ConfigReader config)
    {
        config.Pass("modules_to_not_convert", "backend", "do_fuse", "fuse_max_seq_len", "modules_to_fuse", "exllama_config");
        var bits = config.Whole("bits", 1, 32);
        if (bits != 4)
            throw ConfigReader.Error($"quantization_config.bits is {bits}, expected 4 for awq");
        if (config.Text("version") is { } version && version.ToLowerInvariant() is not ("gemm" or "exllama" or "ipex"))
            throw ConfigReader.Error(
                $"quantization_config.version {Printable.Quote(version)} is not supported (gemm is); save the model with AutoAWQ's "
                + $"version gemm");
        if (!config.Flag("zero_point", true))
            throw ConfigReader.Error("quantization_config.zero_point is false, expected true");
        _group = config.Whole("group_size", -1, int.MaxValue);
        if (_group == 0)
            throw ConfigReader.Error("quantization_config.group_size is 0, expected 1 or more, or -1 for one group");
    }

    public static StoredFormRow Row { get; } = new("awq", config => new Awq(config));

    public override string Words => $"awq, 4 bits, {Groups.Words(_group)}";

    public override double BitsPerWeight => 4 + (_group > 0 ? 20.0 / _group : 0);

    public override StoredMatrix? Find(StoredModule module)
    {
        if (module.Find(".qweight") == null)
            return null;
        var (words, groups) = (Ceiling(module.Outputs, 8), Groups.Count(module.Inputs, _group));
        if (module.Outputs % 8 != 0)
            throw module.Error($"{module.Name} has {module.Outputs} outputs, expected a multiple of 8 for awq");
        return new Matrix(
            module,
            module.Take(".qweight", ["I32"], [module.Inputs, words]),
            module.Take(".qzeros", ["I32"], [groups, words]),
            module.Take(".scales", ScaleTypes, [groups, module.Outputs]),
            Groups.Size(module.Inputs, _group));
    }

    /// <summary>The bits of outputs 0, 2, 4, 6, 1, 3, 5, 7 follow each other in a word.</summary>
    private sealed class Matrix(StoredModule module, StoredPart codes, StoredPart zeros, StoredPart scales, int group)
        : StoredMatrix(module, inputMajor: true, codes, zeros, scales)
    {
        public override PackedForm Form => new(
            Rows, Columns, new(codes.Bytes, 4, PackedOrder.HalvesOfRow, Columns), PackedCode.Whole, scales.Scales)
        {
            Block = (group, 1),
            Zeros = new(zeros.Bytes, 4, PackedOrder.HalvesOfRow, Columns),
        };

        public override void Unpack(int start, int count, Span<float> destination)
        {
            var words = Columns / 8;
            var (scale, zero) = (new float[Columns], new float[Columns]);
            var decoded = -1;
            for (var row = 0; row < count; row++)
            {
                if ((start + row) / group != decoded)
                {
                    decoded = (start + row) / group;
                    var packed = zeros.Elements<uint>((long)decoded * words, words);
                    for (var word = 0; word < words; word++)
                        Eights.ByHalves(packed[word]).CopyTo(zero, 8 * word);
                    for (var column = 0; column < Columns; column++)
                        scale[column] = scales.Float((long)decoded * Columns + column);
                }

                var line = codes.Elements<uint>((long)(start + row) * words, words);
                var values = destination.Slice(row * Columns, Columns);
                for (var word = 0; word < words; word++)
                    ((Eights.ByHalves(line[word]) - Vector256.Create(zero, 8 * word)) * Vector256.Create(scale, 8 * word))
                        .CopyTo(values[(8 * word)..]);
            }
        }
    }
}
