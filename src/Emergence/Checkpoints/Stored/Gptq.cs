using System.Runtime.Intrinsics;
using Emergence.Devices.Packed;
using Emergence.Messages;

namespace Emergence.Checkpoints.Stored;

/// <summary>
/// GPTQ: whole numbers of 2, 3, 4 or 8 bits as (in, out), packed along the inputs; zero points packed along the outputs.
/// The first version of the format stores zero points minus one.
/// </summary>
internal sealed class Gptq : StoredForm
{
    private readonly int _bits;
    private readonly int _group;
    private readonly int _zeroOffset;
    private readonly bool _mixed;

    private Gptq(ConfigReader config)
    {
        config.Pass(
            "damp_percent", "desc_act", "sym", "true_sequential", "static_groups", "model_name_or_path", "model_file_base_name",
                "quantizer", "meta",
            "lm_head", "dataset", "tokenizer", "block_name_to_quantize", "module_name_preceding_first_block",
                "modules_in_block_to_quantize",
            "modules_to_not_convert", "batch_size", "pad_token_id", "use_cuda_fp16", "use_exllama", "disable_exllama", "exllama_config",
            "max_input_length", "cache_block_outputs", "model_seqlen", "backend", "damp_auto_increment", "act_group_aware");
        _bits = config.Whole("bits", 1, 32);
        if (_bits is not (2 or 3 or 4 or 8))
            throw ConfigReader.Error($"quantization_config.bits is {_bits}, expected 2, 3, 4 or 8");
        _group = config.Whole("group_size", -1, int.MaxValue);
        if (_group == 0)
            throw ConfigReader.Error("quantization_config.group_size is 0, expected 1 or more, or -1 for one group");
        var format = config.Text("checkpoint_format") ?? "gptq";
        if (format is not ("gptq" or "gptq_v2") || config.Flag("is_marlin_format", false))
            throw ConfigReader.Error(
                $"quantization_config.checkpoint_format {Printable.Quote(format)} is not supported (gptq and gptq_v2 are); save the "
                + $"model with format gptq");
        if (config.Text("pack_dtype") is { } type && type != "int32")
            throw ConfigReader.Error($"quantization_config.pack_dtype {Printable.Quote(type)} is not supported (int32 is)");
        _zeroOffset = format == "gptq" ? 1 : 0;
        _mixed = config.Part("dynamic") is { } rules && rules.PassAll() > 0;
    }

    public static StoredFormRow Row { get; } = new("gptq", config => new Gptq(config));

    public override string Words => $"gptq, {(_mixed ? "mostly " : "")}{_bits} bits, {Groups.Words(_group)}";

    public override double BitsPerWeight => _bits + (_group > 0 ? (16.0 + _bits) / _group : 0);

    public override StoredMatrix? Find(StoredModule module)
    {
        if (module.Find(".qweight") is not { } stored)
            return null;
        var (bits, group) = (_bits, _group);
        if (_mixed && stored.Shape is [var words, _] && module.Find(".scales") is { Shape: [var rows, _] } && rows > 0)
        {
            // Rules by layer change bits and groups; the sizes of the tensors say both.
            bits = (int)(32 * words / module.Inputs);
            group = (int)((module.Inputs + rows - 1) / rows);
            if (bits is not (2 or 3 or 4 or 8))
                throw module.Error($"{stored.Name} is {stored.ShapeText}, expected 2, 3, 4 or 8 bits for each of {module.Inputs} inputs");
        }

        var groups = Groups.Count(module.Inputs, group);
        return new Matrix(
            module,
            module.Take(".qweight", ["I32"], [Words32(module.Inputs, bits), module.Outputs]),
            module.Take(".qzeros", ["I32"], [groups, Words32(module.Outputs, bits)]),
            module.Take(".scales", ScaleTypes, [groups, module.Outputs]),
            module.Find(".g_idx") == null ? null : module.Take(".g_idx", ["I32"], [module.Inputs]),
            (bits, Groups.Size(module.Inputs, group), groups, _zeroOffset));
    }

    private static int Words32(int count, int bits) => (int)(((long)count * bits + 31) / 32);

    private sealed class Matrix : StoredMatrix
    {
        private readonly StoredPart _codes;
        private readonly StoredPart _zeros;
        private readonly StoredPart _scales;
        private readonly StoredPart? _groupOf;
        private readonly int _bits;
        private readonly int _group;
        private readonly int _groups;
        private readonly int _zeroOffset;

        public Matrix(
            StoredModule module, StoredPart codes, StoredPart zeros, StoredPart scales, StoredPart? groupOf,
                (int Bits, int Group, int Groups, int ZeroOffset) shape)
            : base(module, inputMajor: true, codes, zeros, scales, groupOf)
        {
            (_codes, _zeros, _scales, _groupOf) = (codes, zeros, scales, groupOf);
            (_bits, _group, _groups, _zeroOffset) = shape;
        }

        public override PackedForm Form => new(
            Rows, Columns, new(_codes.Bytes, _bits, PackedOrder.BitsOfColumn, Columns), PackedCode.Whole, _scales.Scales)
        {
            Block = (_group, 1),
            RowGroups = _groupOf?.Bytes,
            Zeros = new(_zeros.Bytes, _bits, PackedOrder.BitsOfRow, Columns),
            ZeroOffset = _zeroOffset,
        };

        private int Mask => (1 << _bits) - 1;

        /// <summary>Rows of a group follow each other, so that its scales are decoded once, wherever act order has put them.</summary>
        public override void Unpack(int start, int count, Span<float> destination)
        {
            var (rows, groups) = (new int[count], new int[count]);
            for (var row = 0; row < count; row++)
            {
                rows[row] = row;
                groups[row] = _groupOf?.Elements<int>(start + row, 1)[0] ?? (start + row) / _group;
            }

            Array.Sort(groups, rows);
            var (scale, zero) = (new float[Columns], new float[Columns]);
            for (var i = 0; i < count; i++)
            {
                if (i == 0 || groups[i] != groups[i - 1])
                    Decode(groups[i], scale, zero);
                Unpack(start + rows[i], scale, zero, destination.Slice(rows[i] * Columns, Columns));
            }
        }

        protected override void CheckLoaded() => CheckGroups(_groupOf, _groups);

        /// <summary>A zero point is a number of as many bits as the codes, so that minus one and plus one wrap around.</summary>
        private void Decode(int group, Span<float> scale, Span<float> zero)
        {
            var words = Words32(Columns, _bits);
            var packed = _zeros.Elements<uint>((long)group * words, words);
            for (var column = 0; column < Columns; column++)
            {
                var (word, shift) = Math.DivRem(column * (long)_bits, 32);
                var next = shift + _bits > 32 ? packed[(int)word + 1] : 0;
                zero[column] = (Code(packed[(int)word], next, (int)shift) + _zeroOffset) & Mask;
                scale[column] = _scales.Float((long)group * Columns + column);
            }
        }

        private void Unpack(int row, ReadOnlySpan<float> scale, ReadOnlySpan<float> zero, Span<float> values)
        {
            var (word, shift) = Math.DivRem(row * (long)_bits, 32);
            var words = _codes.Elements<uint>(word * Columns, Columns);
            var next = shift + _bits > 32 ? _codes.Elements<uint>((word + 1) * Columns, Columns) : words;
            var column = 0;
            if (shift + _bits <= 32)
            {
                for (; column <= values.Length - Vector256<float>.Count; column += Vector256<float>.Count)
                {
                    var codes = (Vector256.Create(words[column..]) >>> (int)shift) & Vector256.Create((uint)Mask);
                    var whole = Vector256.ConvertToSingle(codes.AsInt32());
                    ((whole - Vector256.Create(zero[column..])) * Vector256.Create(scale[column..])).CopyTo(values[column..]);
                }
            }

            for (; column < values.Length; column++)
                values[column] = (Code(words[column], next[column], (int)shift) - zero[column]) * scale[column];
        }

        private int Code(uint word, uint next, int shift) => (int)(((next * (ulong)(1L << 32)) | word) >> shift) & Mask;
    }
}
