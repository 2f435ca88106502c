using System.Text.Json;
using Emergence.Devices.Packed;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Checkpoints.Stored;

/// <summary>
/// bitsandbytes. 8 bits: whole numbers with the largest magnitude of each row. 4 bits (nf4, fp4): indices into a table,
/// two a byte with the first in the upper half, and the largest magnitude of each block of the matrix in row-major order,
/// which may itself be stored as an index of 8 bits.
/// </summary>
internal sealed class BitsAndBytes : StoredForm
{
    private const int MaximumStateBytes = 4096;
    private readonly bool _fourBits;
    private readonly string _type;
    private readonly bool _double;

    private BitsAndBytes(ConfigReader config)
    {
        config.Pass(
            "bnb_4bit_compute_dtype", "bnb_4bit_quant_storage", "llm_int8_skip_modules", "llm_int8_threshold",
                "llm_int8_enable_fp32_cpu_offload",
            "llm_int8_has_fp16_weight", "_load_in_4bit", "_load_in_8bit", "modules_to_not_convert");
        _fourBits = config.Flag("load_in_4bit", false);
        var eightBits = config.Flag("load_in_8bit", false);
        if (_fourBits == eightBits)
            throw ConfigReader.Error("quantization_config: expected either load_in_4bit or load_in_8bit to be true for bitsandbytes");
        _type = config.Text("bnb_4bit_quant_type") ?? "fp4";
        _double = config.Flag("bnb_4bit_use_double_quant", false);
    }

    public static StoredFormRow Row { get; } = new("bitsandbytes", config => new BitsAndBytes(config));

    public override string Words => _fourBits ? $"bitsandbytes {_type}{(_double ? ", double quantised" : "")}" : "bitsandbytes int8";

    public override double BitsPerWeight => _fourBits ? 4 + (_double ? 8.1 : 32) / 64 : 8;

    public override StoredMatrix? Find(StoredModule module) => _fourBits ? FindFourBits(module) : FindEightBits(module);

    private static ScaledBytes? FindEightBits(StoredModule module)
    {
        if (module.Find(".weight") is not { DType: "I8" })
            return null;
        module.Pass(".weight_format");
        return new(
            module,
            module.Take(".weight", ["I8"], [module.Outputs, module.Inputs]),
            module.Take(".SCB", ["F32"], [module.Outputs]),
            (1, module.Inputs),
            factor: 1 / 127f);
    }

    private static Matrix? FindFourBits(StoredModule module)
    {
        const string Ending = ".weight.quant_state.bitsandbytes__";
        var name = module.Find(Ending + "nf4") ?? module.Find(Ending + "fp4");
        if (name == null || module.Find(".weight") is not { } weight)
            return null;
        module.Passed.Add(name.Name);
        var state = State.Read(module, name);
        var count = (long)module.Outputs * module.Inputs;
        if (weight.ByteLength != (count + 1) / 2)
            throw module.Error(
                $"{weight.Name} takes {weight.ByteLength} bytes, expected {(count + 1) / 2} for {module.Outputs} x {module.Inputs} "
                + $"weights of 4 bits");
        var blocks = (count + state.Block - 1) / state.Block;
        var nested = state.NestedBlock > 0;
        return new(
            module,
            new StoredPart(weight),
            module.Take(".weight.quant_map", ["F32"], [16]),
            module.Take(".weight.absmax", nested ? ["U8"] : ["F32"], [blocks]),
            nested ? module.Take(".weight.nested_quant_map", ["F32"], [256]) : null,
            nested ? module.Take(".weight.nested_absmax", ["F32"], [(blocks + state.NestedBlock - 1) / state.NestedBlock]) : null,
            state);
    }

    /// <summary>What a layer's quant_state says: weights of a block, magnitudes that share a scale (0: they are plain), and what is added
    /// to them.</summary>
    private readonly record struct State(int Block, int NestedBlock, float Offset)
    {
        public static State Read(StoredModule module, TensorEntry entry)
        {
            if (entry.DType != "U8" || entry.ByteLength > MaximumStateBytes)
                throw module.Error(
                    $"{entry.Name} is {entry.DType} {entry.ShapeText}, expected U8 of at most {MaximumStateBytes} bytes of JSON");
            var bytes = new byte[entry.ByteLength];
            module.Checkpoint.Read(entry.Name, 0, bytes);
            try
            {
                using var json = JsonDocument.Parse(bytes);
                var root = json.RootElement;
                int[] shape = [.. root.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
                if (!shape.SequenceEqual([module.Outputs, module.Inputs]))
                    throw module.Error($"{entry.Name} says shape [{string.Join(',', shape)}], expected [{module.Outputs},{module.Inputs}]");
                var state = new State(
                    root.GetProperty("blocksize").GetInt32(),
                    root.TryGetProperty("nested_blocksize", out var nested) ? nested.GetInt32() : 0,
                    root.TryGetProperty("nested_offset", out var offset) ? offset.GetSingle() : 0);
                return state is { Block: > 0, NestedBlock: >= 0 } && float.IsFinite(state.Offset)
                    ? state
                    : throw module.Error(
                        $"{entry.Name} says blocksize {state.Block}, nested_blocksize {state.NestedBlock}, nested_offset {state.Offset}: "
                        + $"expected positive sizes");
            }
            catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new EmergenceException(module.Error(
                    $"{entry.Name} is not the state of a 4-bit matrix: {Printable.Escape(error.Message)}").Message, inner: error);
            }
        }
    }

    private sealed class Matrix(
        StoredModule module, StoredPart codes, StoredPart table, StoredPart magnitudes, StoredPart? nestedTable,
            StoredPart? nestedMagnitudes, State state)
        : StoredMatrix(module, inputMajor: false, codes, table, magnitudes, nestedTable, nestedMagnitudes)
    {
        public override PackedForm Form => new(
            Rows, Columns, new(codes.Bytes, 4, PackedOrder.SwappedRows, Columns), PackedCode.Index, Scales())
        {
            Run = state.Block,
            Table = table.Elements<float>(0, 16).ToArray(),
        };

        public override void Unpack(int start, int count, Span<float> destination)
        {
            var first = (long)start * Columns;
            var values = table.Elements<float>(0, 16);
            for (var done = 0; done < count * Columns;)
            {
                var index = first + done;
                var end = (int)Math.Min(count * Columns, (index / state.Block + 1) * state.Block - first);
                Unpack(index, values, Magnitude(index / state.Block), destination[done..end]);
                done = end;
            }
        }

        private void Unpack(long index, ReadOnlySpan<float> values, float magnitude, Span<float> destination)
        {
            var (begin, odd) = (index / 2, (int)(index % 2));
            var bytes = codes.Slice(begin, (destination.Length + odd + 1) / 2);
            for (var i = 0; i < destination.Length; i++)
            {
                var pair = bytes[(i + odd) / 2];
                destination[i] = values[(i + odd) % 2 == 0 ? pair >> 4 : pair & 15] * magnitude;
            }
        }

        private PackedScales Scales() => nestedTable == null
            ? magnitudes.Scales
            : new(magnitudes.Bytes, PackedScale.Nested)
            {
                Nested = new(
                    nestedTable.Elements<float>(0, 256).ToArray(), nestedMagnitudes!.Scales, state.NestedBlock, state.Offset),
            };

        private float Magnitude(long block) => nestedTable == null
            ? magnitudes.Float(block)
            : nestedTable.Float(magnitudes.Elements<byte>(block, 1)[0]) * nestedMagnitudes!.Float(block / state.NestedBlock) + state.Offset;
    }
}
