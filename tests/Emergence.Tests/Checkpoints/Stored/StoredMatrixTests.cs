using System.Globalization;
using System.Text;
using static Emergence.Tests.Checkpoints.Stored.StoredForge;

namespace Emergence.Tests.Checkpoints.Stored;

/// <summary>Every stored form with other sizes and options than the published examples, against codes that the test has packed.</summary>
public sealed class StoredMatrixTests
{
    private static readonly float[] FourBits = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    [Theory]
    [InlineData(4, 32, 128, 40, true, false, false)]
    [InlineData(4, 32, 128, 40, false, false, true)]
    [InlineData(4, 64, 96, 24, false, true, true)]
    [InlineData(4, -1, 64, 16, false, false, false)]
    [InlineData(2, 16, 48, 32, false, false, true)]
    [InlineData(3, 32, 96, 32, false, true, true)]
    [InlineData(8, 32, 64, 12, false, true, true)]
    [InlineData(8, 16, 64, 12, true, false, false)]
    public void Gptq(int bits, int group, int inputs, int outputs, bool symmetric, bool second, bool actOrder)
    {
        var forge = new StoredForge(bits + inputs);
        var (size, mask) = (group < 0 ? inputs : group, (1 << bits) - 1);
        var groups = (inputs + size - 1) / size;
        var codes = forge.Codes(inputs * outputs, bits);
        int[] zeros = symmetric ? [.. Enumerable.Repeat(1 << (bits - 1), groups * outputs)] : forge.Codes(groups * outputs, bits);
        var scales = forge.Scales(groups * outputs);
        int[] groupOf = [.. Enumerable.Range(0, inputs).Select(i => i / size)];
        if (actOrder)
            forge.Random.Shuffle(groupOf);
        int[] storedZeros = second ? zeros : [.. zeros.Select(zero => (zero - 1) & mask)];
        var packed = ByColumn(codes, outputs, column => Stream(column, bits));
        forge.Add("m.qweight", [packed.Length / outputs, outputs], packed)
            .Add("m.qzeros", [groups, (outputs * bits + 31) / 32], ByRow(storedZeros, outputs, row => Stream(row, bits)))
            .AddHalves("m.scales", [groups, outputs], scales);
        if (actOrder)
            forge.Add("m.g_idx", [inputs], groupOf);

        var settings =
            $$"""{"quant_method":"gptq","bits":{{bits}},"group_size":{{group}},"desc_act":true,"sym":true{{(second ? ",\"checkpoint_format\":\"gptq_v2\"" : "")}}}""";
        var expected = Matrix(outputs, inputs, (o, i) =>
            (codes[i * outputs + o] - zeros[groupOf[i] * outputs + o]) * scales[groupOf[i] * outputs + o]);
        Assert.Equal(expected, forge.Unpack(settings, outputs, inputs));

        var otherBits = bits == 4 ? 8 : 4;
        var mixed = settings.Replace($"\"bits\":{bits},\"group_size\":{group}",
            $"\"bits\":{otherBits},\"group_size\":{group},\"dynamic\":{{\"+:.*\":{{\"bits\":{bits}}}}}", StringComparison.Ordinal);
        Assert.Equal(expected, forge.Unpack(mixed, outputs, inputs));
    }

    [Theory]
    [InlineData(32, 96, 40)]
    [InlineData(128, 128, 8)]
    [InlineData(-1, 24, 16)]
    public void Awq(int group, int inputs, int outputs)
    {
        int[] order = [0, 2, 4, 6, 1, 3, 5, 7];
        var forge = new StoredForge(inputs);
        var size = group < 0 ? inputs : group;
        var groups = inputs / size;
        var (codes, zeros, scales) = (forge.Codes(inputs * outputs, 4), forge.Codes(groups * outputs, 4), forge.Scales(groups * outputs));
        forge.Add("m.qweight", [inputs, outputs / 8], ByRow(codes, outputs, Reordered))
            .Add("m.qzeros", [groups, outputs / 8], ByRow(zeros, outputs, Reordered))
            .AddHalves("m.scales", [groups, outputs], scales);
        var expected = Matrix(outputs, inputs, (o, i) =>
            (codes[i * outputs + o] - zeros[i / size * outputs + o]) * scales[i / size * outputs + o]);
        Assert.Equal(expected, forge.Unpack(
            $$"""{"quant_method":"awq","bits":4,"group_size":{{group}},"version":"gemm","zero_point":true}""", outputs, inputs));

        uint[] Reordered(IEnumerable<int> row) => Words(row.Chunk(8).SelectMany(eight => order.Select(i => eight[i])), 4);
    }

    [Theory]
    [InlineData(4, "group", 32, 21, 96, true, false)]
    [InlineData(4, "group", 32, 21, 80, false, false)]
    [InlineData(4, "group", 16, 9, 64, false, true)]
    [InlineData(8, "group", 128, 13, 256, false, false)]
    [InlineData(8, "channel", -1, 13, 20, true, false)]
    [InlineData(4, "channel", -1, 5, 33, false, false)]
    [InlineData(3, "group", 20, 11, 40, false, false)]
    public void Packed_whole_numbers(int bits, string strategy, int group, int outputs, int inputs, bool symmetric, bool actOrder)
    {
        var forge = new StoredForge(outputs * inputs);
        var size = group < 0 ? inputs : group;
        var groups = (inputs + size - 1) / size;
        var (codes, zeros, scales) =
            (forge.Codes(outputs * inputs, bits), forge.Codes(outputs * groups, bits), forge.Scales(outputs * groups));
        if (symmetric)
            Array.Fill(zeros, 1 << (bits - 1));
        int[] groupOf = [.. Enumerable.Range(0, inputs).Select(i => i / size)];
        if (actOrder)
            forge.Random.Shuffle(groupOf);
        var perWord = 32 / bits;
        forge.Add("m.weight_packed", [outputs, (inputs + perWord - 1) / perWord], ByRow(codes, inputs, row => Words(row, bits)))
            .AddHalves("m.weight_scale", [outputs, groups], scales)
            .Add("m.weight_shape", "I64", [2], [.. BitConverter.GetBytes((long)outputs), .. BitConverter.GetBytes((long)inputs)]);
        if (!symmetric)
            forge.Add("m.weight_zero_point", [(outputs + perWord - 1) / perWord, groups],
                ByColumn(zeros, groups, column => Words(column, bits)));
        if (actOrder)
            forge.Add("m.weight_g_idx", [inputs], groupOf);
        var expected = Matrix(outputs, inputs, (o, i) =>
            (codes[o * inputs + i] - zeros[o * groups + groupOf[i]]) * scales[o * groups + groupOf[i]]);
        var weights =
            $$"""{"num_bits":{{bits}},"type":"int","strategy":"{{strategy}}","group_size":{{(group < 0 ? "null" : group)}},"symmetric":{{(symmetric ? "true" : "false")}}}""";
        Assert.Equal(expected, forge.Unpack(Compressed("pack-quantized", weights), outputs, inputs));
    }

    [Theory]
    [InlineData("group", 16, 5, 48)]
    [InlineData("channel", -1, 7, 33)]
    [InlineData("tensor", -1, 7, 33)]
    public void Whole_numbers_of_8_bits(string strategy, int group, int outputs, int inputs)
    {
        var forge = new StoredForge(inputs);
        var size = group < 0 ? inputs : group;
        var (rows, groups) = (strategy == "tensor" ? 1 : outputs, inputs / size);
        var (codes, zeros, scales) = (forge.Codes(outputs * inputs, 8), forge.Codes(rows * groups, 8), forge.Scales(rows * groups));
        forge.Add("m.weight", "I8", [outputs, inputs], [.. codes.Select(code => (byte)code)])
            .AddHalves("m.weight_scale", [rows, groups], scales)
            .Add("m.weight_zero_point", "I8", [rows, groups], [.. zeros.Select(zero => (byte)zero)]);
        var expected = Matrix(outputs, inputs, (o, i) => ((sbyte)codes[o * inputs + i] - (sbyte)zeros[At(o, i)]) * scales[At(o, i)]);
        var weights =
            $$"""{"num_bits":8,"type":"int","strategy":"{{strategy}}","group_size":{{(group < 0 ? "null" : group)}},"symmetric":false}""";
        Assert.Equal(expected, forge.Unpack(Compressed("int-quantized", weights), outputs, inputs));

        int At(int o, int i) => (rows == 1 ? 0 : o) * groups + i / size;
    }

    [Theory]
    [InlineData("nvfp4-pack-quantized", 16)]
    [InlineData("mxfp4-pack-quantized", 32)]
    public void Four_bit_floats(string format, int group)
    {
        const int Outputs = 7;
        var inputs = 3 * group;
        var forge = new StoredForge(group);
        var codes = forge.Codes(Outputs * inputs, 4);
        forge.Add("m.weight_packed", "U8", [Outputs, inputs / 2], [.. codes.Chunk(2).Select(pair => (byte)(pair[0] | pair[1] << 4))]);
        int[] scaleCodes = [.. Enumerable.Range(0, Outputs * 3).Select(_ => forge.Random.Next(100, 120))];
        forge.Add("m.weight_scale", group == 16 ? "F8_E4M3" : "U8", [Outputs, 3], [.. scaleCodes.Select(code => (byte)code)]);
        var global = 3.7f;
        if (group == 16)
            forge.Add("m.weight_global_scale", [1], [global]);
        var expected = Matrix(Outputs, inputs, (o, i) =>
        {
            var code = scaleCodes[o * 3 + i / group];
            return FourBits[codes[o * inputs + i]] * (group == 16 ? (float)EightBits(code, 4, 7) / global : (float)Math.Pow(2, code - 127));
        });
        var settings = Compressed(
            format, $$"""{"num_bits":4,"type":"float","strategy":"tensor_group","group_size":{{group}},"symmetric":true}""");
        Assert.Equal(expected, forge.Unpack(settings, Outputs, inputs));
    }

    [Fact]
    public void Experts_in_mxfp4()
    {
        const int Experts = 3, Outputs = 5, Inputs = 64;
        var forge = new StoredForge(1);
        var codes = forge.Codes(Experts * Outputs * Inputs, 4);
        int[] scales = [.. Enumerable.Range(0, Experts * Outputs * 2).Select(_ => forge.Random.Next(110, 130))];
        forge.Add("m_blocks", "U8", [Experts, Outputs, 2, 16], [.. codes.Chunk(2).Select(pair => (byte)(pair[0] | pair[1] << 4))])
            .Add("m_scales", "U8", [Experts, Outputs, 2], [.. scales.Select(code => (byte)code)]);
        var expected = Matrix(Experts * Outputs, Inputs, (o, i) =>
            FourBits[codes[o * Inputs + i]] * (float)Math.Pow(2, scales[o * 2 + i / 32] - 127));
        Assert.Equal(expected, forge.Unpack("""{"quant_method":"mxfp4"}""", Experts * Outputs, Inputs));
    }

    [Theory]
    [InlineData("F8_E4M3", 64, 32, 160, 80)]
    [InlineData("F8_E4M3", 128, 128, 130, 260)]
    [InlineData("F8_E5M2", 16, 8, 5, 9)]
    [InlineData("F8_E4M3", 0, 0, 20, 30)]
    public void Eight_bit_floats(string type, int blockRows, int blockColumns, int outputs, int inputs)
    {
        var forge = new StoredForge(outputs);
        var (exponentBits, bias, mask) = type == "F8_E4M3" ? (4, 7, 0x77) : (5, 15, 0xF3);
        int[] codes = [.. forge.Codes(outputs * inputs, 8).Select(code => type == "F8_E4M3" ? code & 0xF7 : code & mask & 0xDF)];
        var plain = blockRows == 0;
        var (rows, columns) = plain ? (outputs, 1) : ((outputs + blockRows - 1) / blockRows, (inputs + blockColumns - 1) / blockColumns);
        var scales = forge.Scales(rows * columns);
        forge.Add("m.weight", type, [outputs, inputs], [.. codes.Select(code => (byte)code)])
            .Add(plain ? "m.weight_scale" : "m.weight_scale_inv", plain ? [rows] : [rows, columns], scales)
            .Add("m.input_scale", [], [2f]);
        var expected = Matrix(outputs, inputs, (o, i) =>
            (float)EightBits(codes[o * inputs + i], exponentBits, bias) * scales[plain ? o : o / blockRows * columns + i / blockColumns]);
        var block = plain ? "null" : $"[{blockRows},{blockColumns}]";
        Assert.Equal(expected, forge.Unpack(
            $$"""{"quant_method":"fp8","weight_block_size":{{block}},"modules_to_not_convert":["lm_head"]}""", outputs, inputs));
    }

    [Theory]
    [InlineData("float-quantized", "tensor")]
    [InlineData("float-quantized", "channel")]
    [InlineData("float-quantized", "block")]
    [InlineData("naive-quantized", "channel")]
    public void Eight_bit_floats_of_compressed_tensors(string format, string strategy)
    {
        const int Outputs = 10, Inputs = 14;
        var forge = new StoredForge(3);
        int[] codes = [.. forge.Codes(Outputs * Inputs, 8).Select(code => code & 0xF7)];
        var (rows, columns) = strategy == "tensor" ? (1, 1) : strategy == "channel" ? (Outputs, 1) : (3, 2);
        var scales = forge.Scales(rows * columns);
        forge.Add("m.weight", "F8_E4M3", [Outputs, Inputs], [.. codes.Select(code => (byte)code)])
            .AddHalves("m.weight_scale", [rows, columns], scales);
        var expected = Matrix(Outputs, Inputs, (o, i) => (float)EightBits(codes[o * Inputs + i], 4, 7)
            * scales[strategy == "tensor" ? 0 : strategy == "channel" ? o : o / 4 * 2 + i / 8]);
        var weights = $$"""{"num_bits":8,"type":"float","strategy":"{{strategy}}","block_structure":[4,8],"symmetric":true}""";
        Assert.Equal(expected, forge.Unpack(Compressed(format, weights), Outputs, Inputs));

        // As files of 2024 say it.
        var older = Compressed(format, weights.Replace("[4,8]", "\"4x8\"", StringComparison.Ordinal)).Replace(
            "\"quant_method\"", "\"quantization_status\":\"frozen\",\"quant_method\"", StringComparison.Ordinal);
        Assert.Equal(expected, forge.Unpack(older, Outputs, Inputs));
    }

    [Theory]
    [InlineData("nf4", true, 7, 96)]
    [InlineData("nf4", false, 5, 33)]
    [InlineData("fp4", true, 130, 131)]
    public void Four_bits_of_bitsandbytes(string type, bool nested, int outputs, int inputs)
    {
        const float Offset = 0.37f;
        var forge = new StoredForge(outputs);
        var count = outputs * inputs;
        var (blocks, codes, table) = ((count + 63) / 64, forge.Codes(count + count % 2, 4), forge.Scales(16));
        forge.Add("m.weight", "U8", [(count + 1) / 2, 1], [.. codes.Chunk(2).Select(pair => (byte)(pair[0] << 4 | pair[1]))])
            .Add("m.weight.quant_map", [16], table);
        float[] magnitudes;
        if (nested)
        {
            var (indices, nestedTable, nestedScales) = (forge.Codes(blocks, 8), forge.Scales(256), forge.Scales((blocks + 255) / 256));
            forge.Add("m.weight.absmax", "U8", [blocks], [.. indices.Select(index => (byte)index)])
                .Add("m.weight.nested_quant_map", [256], nestedTable).Add("m.weight.nested_absmax", [nestedScales.Length], nestedScales);
            magnitudes = [.. indices.Select((index, i) => nestedTable[index] * nestedScales[i / 256] + Offset)];
        }
        else
        {
            forge.Add("m.weight.absmax", [blocks], magnitudes = forge.Scales(blocks));
        }

        var state = string.Create(CultureInfo.InvariantCulture,
            $$"""{"quant_type":"{{type}}","blocksize":64,"dtype":"bfloat16","shape":[{{outputs}},{{inputs}}]{{(nested ? $",\"nested_blocksize\":256,\"nested_dtype\":\"float32\",\"nested_offset\":{Offset}" : "")}}}""");
        var bytes = Encoding.UTF8.GetBytes(state);
        forge.Add($"m.weight.quant_state.bitsandbytes__{type}", "U8", [bytes.Length], bytes);
        var expected = Matrix(outputs, inputs, (o, i) => table[codes[o * inputs + i]] * magnitudes[(o * inputs + i) / 64]);
        Assert.Equal(expected, forge.Unpack($$"""{"load_in_4bit":true,"bnb_4bit_quant_type":"{{type}}"}""", outputs, inputs));
    }

    [Fact]
    public void Eight_bits_of_bitsandbytes()
    {
        var forge = new StoredForge(2);
        var (codes, scales) = (forge.Codes(5 * 7, 8), forge.Scales(5));
        forge.Add("m.weight", "I8", [5, 7], [.. codes.Select(code => (byte)code)]).Add("m.SCB", [5], scales)
            .Add("m.weight_format", "U8", [], [0]);
        var unpacked = forge.Unpack("""{"quant_method":"bitsandbytes","load_in_8bit":true}""", 5, 7);
        for (var i = 0; i < unpacked.Length; i++)
            Assert.Equal((double)(sbyte)codes[i] * scales[i / 7] / 127, unpacked[i], 1e-6);
    }

    /// <summary>A value from its definition: (-1)^s 2^(e - bias) (1 + f), or 2^(1 - bias) f for e = 0.</summary>
    private static double EightBits(int code, int exponentBits, int bias)
    {
        var fractionBits = 7 - exponentBits;
        var (exponent, fraction) = ((code & 127) >> fractionBits, (code & ((1 << fractionBits) - 1)) / (double)(1 << fractionBits));
        return (code < 128 ? 1 : -1) * Math.Pow(2, Math.Max(1, exponent) - bias) * (exponent == 0 ? fraction : 1 + fraction);
    }

    private static float[] Matrix(int outputs, int inputs, Func<int, int, float> value) =>
        [.. Enumerable.Range(0, outputs * inputs).Select(i => value(i / inputs, i % inputs))];

    private static string Compressed(string format, string weights) =>
        $$"""{"quant_method":"compressed-tensors","format":"{{format}}","config_groups":{"group_0":{"targets":["Linear"],"weights":{{weights}} } } }""";
}
