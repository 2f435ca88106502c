using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Emergence.Messages;

namespace Emergence.Checkpoints.Stored;

/// <summary>
/// compressed-tensors (llm-compressor, vLLM): groups of layers, each with a scheme and a format. A layer belongs to the group
/// that names it or whose pattern fits its name, else to the one for all linear layers.
/// </summary>
internal sealed class CompressedTensors : StoredForm
{
    private static readonly string[] FloatCodes = ["F8_E4M3", "F8_E5M2"];
    private readonly List<Scheme> _schemes = [];

    private CompressedTensors(ConfigReader config)
    {
        config.Pass("ignore", "kv_cache_scheme", "global_compression_ratio", "version", "run_compressed");
        if (config.Text("quantization_status") is { } status && status is not ("compressed" or "frozen"))
            throw ConfigReader.Error(
                $"quantization_config.quantization_status is {Printable.Quote(status)}, expected \"compressed\", or \"frozen\" as older "
                + $"files say; save the model with save_compressed=True");
        RequireEmpty(config, "sparsity_config");
        RequireEmpty(config, "transform_config");
        var format = config.Text("format");
        var groups = config.Part("config_groups")
            ?? throw ConfigReader.Error("quantization_config.config_groups is missing: it says which layers are stored in which way");
        foreach (var name in groups.Keys)
        {
            var group = groups.Part(name)!;
            if (Scheme.Read(group, group.Text("format") ?? format ?? "none") is { } scheme)
                _schemes.Add(scheme);
        }
    }

    public static StoredFormRow Row { get; } = new("compressed-tensors", config => new CompressedTensors(config));

    public override string Words => _schemes.Count == 0 ? "compressed-tensors, plain weights"
        : $"compressed-tensors, {string.Join(" and ", _schemes.Select(scheme => scheme.Words).Distinct())}";

    public override double BitsPerWeight => _schemes.Select(scheme => scheme.BitsPerWeight).DefaultIfEmpty(16).Max();

    public override StoredMatrix? Find(StoredModule module)
    {
        var packed = module.Find(".weight_packed");
        if (packed == null && module.Find(".weight") is not { DType: "F8_E4M3" or "F8_E5M2" or "I8" })
            return null;
        module.Pass(".input_scale", ".input_zero_point", ".input_global_scale", ".output_scale", ".output_zero_point");
        var scheme = _schemes.Where(scheme => scheme.Rank(module.Name) < Scheme.NoMatch).MinBy(scheme => scheme.Rank(module.Name))
            ?? throw module.Error(
                $"{module.Name} is stored packed, but no group of quantization_config.config_groups has it among its targets");
        return scheme.Find(module);
    }

    private static void RequireEmpty(ConfigReader config, string key)
    {
        if (config.Part(key) is { } part && part.Text("format") != "dense" && part.PassAll() > 0)
            throw ConfigReader.Error(
                $"quantization_config.{key} is not supported: it changes the weights; save the model as bfloat16 and measure that folder");
    }

    /// <summary>How the layers of one group are stored.</summary>
    private sealed class Scheme
    {
        public const int NoMatch = 3;
        private string[] _names = [];
        private Regex[] _patterns = [];
        private bool _all;
        private string _format = "";
        private int _bits;
        private string _strategy = "";
        private int _group;
        private int[] _block = [];
        private bool _symmetric;

        public string Words => _format switch
        {
            "nvfp4-pack-quantized" => "nvfp4, groups of 16",
            "mxfp4-pack-quantized" => "mxfp4, groups of 32",
            "float-quantized" => $"fp8, a scale {Each}",
            _ => $"int{_bits}, {(_symmetric ? "symmetric" : "zero points")}, a scale {Each}",
        };

        public double BitsPerWeight => _bits + (_group > 0 ? (_format == "pack-quantized" ? 16.0 : 8.0) / _group : 0);

        private string Each => _strategy switch
        {
            "group" => $"a group of {_group}",
            "block" => $"for {_block[0]} x {_block[1]} weights",
            "channel" => "an output",
            _ => "a matrix",
        };

        /// <summary>Null for a group that leaves its weights plain.</summary>
        public static Scheme? Read(ConfigReader group, string format)
        {
            group.Pass("input_activations", "output_activations");
            var targets = group.Texts("targets") ?? [];
            if (group.Part("weights") is not { } weights)
                return null;
            weights.Pass("observer", "observer_kwargs", "actorder", "scale_dtype", "zp_dtype", "dynamic");
            var scheme = new Scheme
            {
                _format = format,
                _bits = weights.Whole("num_bits", 1, 16),
                _group = weights.WholeOrNull("group_size", -1, int.MaxValue) ?? -1,
                _symmetric = weights.Flag("symmetric", true),
                _block = ReadBlock(weights),
                _all = targets.Contains("Linear"),
                _names = [.. targets.Where(target => !target.StartsWith("re:", StringComparison.Ordinal))],
                _patterns = [.. targets.Where(target => target.StartsWith("re:", StringComparison.Ordinal))
                    .Select(target => Pattern(target[3..]))],
            };
            scheme._strategy = weights.Text("strategy") ?? (scheme._group > 0 ? "group" : "tensor");
            scheme.Check(weights.Text("type") ?? "int");
            return scheme;
        }

        /// <summary>Rows and columns as a list, or as older files say, "128x128".</summary>
        private static int[] ReadBlock(ConfigReader weights)
        {
            const string Key = "block_structure";
            if (weights.Find(Key) is not { ValueKind: JsonValueKind.String } text)
                return weights.Wholes(Key, 1, int.MaxValue) ?? [];
            int[] sizes = [.. weights.Text(Key)!.Split('x').Select(size =>
                int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var whole) ? whole : 0)];
            return sizes.Length == 2 && sizes.Min() > 0 ? sizes
                : throw weights.Unexpected(Key, "rows and columns as [128,128] or \"128x128\"", text);
        }

        /// <summary>How closely the group names a layer: 0 by its name, 1 by a pattern, 2 with all linear layers.</summary>
        public int Rank(string name)
        {
            if (_names.Contains(name))
                return 0;
            try
            {
                return _patterns.Any(pattern => pattern.IsMatch(name)) ? 1 : _all ? 2 : NoMatch;
            }
            catch (RegexMatchTimeoutException error)
            {
                throw new EmergenceException("config.json: quantization_config.config_groups has a pattern that takes too long",
                    inner: error);
            }
        }

        public StoredMatrix Find(StoredModule module) => _format switch
        {
            "nvfp4-pack-quantized" => FourBitFloats(module, 16, module.Take(".weight_global_scale", ["F32"], [1], [])),
            "mxfp4-pack-quantized" => FourBitFloats(module, 32, divisor: null),
            "pack-quantized" => Integers(module),
            _ => Bytes(module),
        };

        private static Regex Pattern(string pattern)
        {
            try
            {
                // As re.match: from the start of the name, not necessarily to its end.
                return new($"^(?:{pattern})", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            }
            catch (ArgumentException error)
            {
                var message =
                    $"config.json: quantization_config.config_groups has the target {Printable.Quote($"re:{pattern}")}, which is no "
                    + $"pattern";
                throw new EmergenceException(message, inner: error);
            }
        }

        private static Nibbles FourBitFloats(StoredModule module, int group, StoredPart? divisor)
        {
            if (module.Inputs % group != 0)
                throw module.Error($"{module.Name} has {module.Inputs} inputs, expected a multiple of {group}");
            return new(
                module,
                module.Take(".weight_packed", ["U8"], [module.Outputs, module.Inputs / 2]),
                module.Take(".weight_scale", divisor == null ? ["U8", "F8_E8M0"] : ["F8_E4M3"], [module.Outputs, module.Inputs / group]),
                divisor,
                group);
        }

        private void Check(string type)
        {
            var fits = (_format, type, _bits) switch
            {
                ("float-quantized", "float", 8) or ("int-quantized", "int", 8) or ("naive-quantized", _, 8) => true,
                ("nvfp4-pack-quantized" or "mxfp4-pack-quantized", "float", 4) => true,
                ("pack-quantized", "int", <= 8) => true,
                _ => false,
            };
            if (!fits)
            {
                throw ConfigReader.Error(
                    $"quantization_config: compressed-tensors format {Printable.Quote(_format)} with {type} of {_bits} bits is not "
                        + $"supported (float-quantized, int-quantized, "
                    + "pack-quantized, nvfp4-pack-quantized, mxfp4-pack-quantized are); save the model as bfloat16 and measure that "
                        + "folder");
            }

            var isBlock = _strategy == "block" && _block.Length == 2;
            var isGroup = _strategy is "group" or "tensor_group" && _group > 0;
            if (!isBlock && !isGroup && _strategy is not ("channel" or "tensor"))
                throw ConfigReader.Error(
                    $"quantization_config: strategy {Printable.Quote(_strategy)} with group_size {_group} is not supported (tensor, "
                    + $"channel, group, block are)");
            if (_strategy is "channel" or "tensor")
                _group = -1;
        }

        /// <summary>Rows and columns that share a scale.</summary>
        private (int Rows, int Columns) Block(StoredModule module) => _strategy switch
        {
            "tensor" => (module.Outputs, module.Inputs),
            "block" => (_block[0], _block[1]),
            _ => (1, Groups.Size(module.Inputs, _group)),
        };

        private ScaledBytes Bytes(StoredModule module)
        {
            var block = Block(module);
            var (rows, columns) = (Ceiling(module.Outputs, block.Rows), Ceiling(module.Inputs, block.Columns));
            var codes = module.Take(".weight", [.. FloatCodes, "I8"], [module.Outputs, module.Inputs]);
            return new(
                module,
                codes,
                module.TakeScales(".weight_scale", ScaleTypes, rows, columns),
                block,
                module.Find(".weight_zero_point") == null || codes.Entry.DType != "I8" ? null
                    : module.TakeScales(".weight_zero_point", ["I8"], rows, columns));
        }

        private PackedIntegers Integers(StoredModule module)
        {
            var (perWord, groups) = (32 / _bits, Groups.Count(module.Inputs, _group));
            var codes = module.Take(".weight_packed", ["I32"], [module.Outputs, Ceiling(module.Inputs, perWord)]);
            CheckShape(module);
            var zeros = _symmetric ? null
                : module.Find(".weight_zero_point") is { DType: "I8" }
                    ? module.TakeScales(".weight_zero_point", ["I8"], module.Outputs, groups)
                : module.Take(".weight_zero_point", ["I32"], [Ceiling(module.Outputs, perWord), groups]);
            return new(
                module,
                codes,
                _strategy == "tensor" ? throw module.Error(
                    $"{module.Name}: strategy tensor is not supported for packed whole numbers (group and channel are)")
                    : module.TakeScales(".weight_scale", ScaleTypes, module.Outputs, groups),
                zeros,
                module.Find(".weight_g_idx") == null ? null : module.Take(".weight_g_idx", ["I32"], [module.Inputs]),
                (_bits, Groups.Size(module.Inputs, _group), groups));
        }

        /// <summary>"weight_shape" is a tensor of two numbers.</summary>
        private static void CheckShape(StoredModule module)
        {
            if (module.Find(".weight_shape") is not { } entry)
                return;
            module.Pass(".weight_shape");
            var shape = new long[2];
            if (entry.DType is not ("I64" or "I32") || entry.Count != 2)
                throw module.Error($"{entry.Name} is {entry.DType} {entry.ShapeText}, expected I64 [2]");
            var bytes = new byte[entry.ByteLength];
            module.Checkpoint.Read(entry.Name, 0, bytes);
            for (var i = 0; i < 2; i++)
                shape[i] = entry.DType == "I64" ? BitConverter.ToInt64(bytes, 8 * i) : BitConverter.ToInt32(bytes, 4 * i);
            if (shape[0] != module.Outputs || shape[1] != module.Inputs)
                throw module.Error($"{entry.Name} says [{shape[0]},{shape[1]}], expected [{module.Outputs},{module.Inputs}]");
        }
    }
}
