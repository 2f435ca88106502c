using System.Text.Json;
using Emergence.Checkpoints;
using Emergence.Checkpoints.Stored;
using Emergence.Files.Safetensors;

namespace Emergence.Benchmarks;

/// <summary>"unpack": a layer of 4096 x 4096 in each stored form into single precision, beside the product it is unpacked for.</summary>
internal static class UnpackBenchmark
{
    private const int Size = 4096;
    private const int Group = 128;
    private const int ProductRows = 512;

    private static readonly (string Name, string Settings, (string Name, string Type, long[] Shape)[] Tensors)[] s_forms =
    [
        ("fp8, 128 x 128", """{"quant_method":"fp8","weight_block_size":[128,128]}""",
            [("m.weight", "F8_E4M3", [Size, Size]), ("m.weight_scale_inv", "F32", [Size / Group, Size / Group])]),
        ("fp8, an output", Compressed("float-quantized", "float", 8, "channel"),
            [("m.weight", "F8_E4M3", [Size, Size]), ("m.weight_scale", "BF16", [Size, 1])]),
        ("int8, an output", Compressed("int-quantized", "int", 8, "channel"),
            [("m.weight", "I8", [Size, Size]), ("m.weight_scale", "BF16", [Size, 1])]),
        ("compressed-tensors int4, 128", Compressed("pack-quantized", "int"),
            [("m.weight_packed", "I32", [Size, Size / 8]), ("m.weight_scale", "BF16", [Size, Size / Group])]),
        ("nvfp4", Compressed("nvfp4-pack-quantized", "float"),
            [("m.weight_packed", "U8", [Size, Size / 2]), ("m.weight_scale", "F8_E4M3", [Size, Size / 16]),
                ("m.weight_global_scale", "F32", [1])]),
        ("mxfp4", Compressed("mxfp4-pack-quantized", "float"),
            [("m.weight_packed", "U8", [Size, Size / 2]), ("m.weight_scale", "U8", [Size, Size / 32])]),
        ("gptq, 4 bits, 128", """{"quant_method":"gptq","bits":4,"group_size":128}""",
            [("m.qweight", "I32", [Size / 8, Size]), ("m.qzeros", "I32", [Size / Group, Size / 8]),
                ("m.scales", "F16", [Size / Group, Size])]),
        ("awq, 4 bits, 128", """{"quant_method":"awq","bits":4,"group_size":128}""",
            [("m.qweight", "I32", [Size, Size / 8]), ("m.qzeros", "I32", [Size / Group, Size / 8]),
                ("m.scales", "F16", [Size / Group, Size])]),
        ("bitsandbytes nf4", """{"quant_method":"bitsandbytes","load_in_4bit":true}""",
            [("m.weight", "U8", [Size * Size / 2, 1]), ("m.weight.absmax", "F32", [Size * Size / 64]), ("m.weight.quant_map", "F32", [16]),
                ("m.weight.quant_state.bitsandbytes__nf4", "U8", [State.Length])]),
        ("bitsandbytes int8", """{"quant_method":"bitsandbytes","load_in_8bit":true}""",
            [("m.weight", "I8", [Size, Size]), ("m.SCB", "F32", [Size])]),
    ];

    private static ReadOnlySpan<byte> State => """{"blocksize":64,"shape":[4096,4096]}"""u8;

    public static void Run(Arguments arguments)
    {
        using var device = arguments.OpenCpu();
        Machine.Print(device);
        using var unpacked = device.Allocate(Size, Size);
        using var x = device.Allocate(ProductRows, Size);
        using var y = device.Allocate(ProductRows, Size);
        var product = Rounds.Median(Rounds.Run(arguments.Rounds, () =>
            Rounds.TimeShort(() => device.MatMul(x, unpacked, y, transposeB: true)))[0].Select(sample => sample.Wall));
        Console.WriteLine($"product with {ProductRows} rows: {1e3 * product:0.0} ms");
        Console.WriteLine("| form | ms | ns a weight | part of the product |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var (name, settings, tensors) in s_forms)
        {
            var folder = Directory.CreateTempSubdirectory("emergence-unpack-").FullName;
            try
            {
                Write(folder, tensors);
                using var checkpoint = Checkpoint.Open(folder);
                using var json = JsonDocument.Parse($$"""{"quantization_config":{{settings}}}""");
                using var matrix = StoredFormTable.Read(new(json.RootElement))!.Find(new(checkpoint, "m", Size, Size))!;
                matrix.Load(allowNonFinite: true);
                var time = Rounds.Median(Rounds.Run(arguments.Rounds, () =>
                    Rounds.TimeShort(() => device.Unpack(new(matrix, 0), unpacked)))[0].Select(sample => sample.Wall));
                Console.WriteLine($"| {name} | {1e3 * time:0.0} | {1e9 * time / Size / Size:0.00} | {time / product:0.00} |");
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static void Write(string folder, (string Name, string Type, long[] Shape)[] tensors)
    {
        var random = new Random(1);
        using var writer = SafetensorsWriter.Create(Path.Combine(folder, "model.safetensors"),
            [.. tensors.Select(tensor => new TensorDeclaration(tensor.Name, tensor.Type, [.. tensor.Shape]))]);
        foreach (var (name, type, shape) in tensors)
        {
            var bytes = new byte[shape.Aggregate(type switch { "F32" or "I32" => 4L, "F16" or "BF16" => 2L, _ => 1L }, (a, b) => a * b)];
            random.NextBytes(bytes);

            // Scales stay small and finite, so that times are those of ordinary numbers.
            if (type is "F32" or "F16" or "BF16" or "F8_E4M3" || name.EndsWith("_scale", StringComparison.Ordinal))
                bytes.AsSpan().Fill(0x35);
            writer.Append(name, name.Contains("quant_state", StringComparison.Ordinal) ? State : bytes);
        }

        writer.Commit();
    }

    private static string Compressed(string format, string type, int bits = 4, string strategy = "group") =>
        $$"""{"quant_method":"compressed-tensors","format":"{{format}}","config_groups":{"a":{"targets":["Linear"],"weights":{"type":"{{type}}","strategy":"{{strategy}}","group_size":{{(type == "int" ? Group : 16)}},"num_bits":{{bits}}} } } }""";
}
