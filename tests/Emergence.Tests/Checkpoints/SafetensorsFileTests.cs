using System.Text;
using Emergence.Files.Safetensors;
using static Emergence.Tests.Checkpoints.Forge;

namespace Emergence.Tests.Checkpoints;

public sealed class SafetensorsFileTests
{
    public static TheoryData<string> ForgedNames => [.. ForgedFiles.All.Keys];

    [Theory]
    [MemberData(nameof(ForgedNames))]
    public void Forged_file_gets_its_message(string name)
    {
        var forged = ForgedFiles.All[name];
        var path = Write(forged.Bytes);
        if (forged.Message == null)
        {
            using var file = SafetensorsFile.Open(path);
            return;
        }

        var message = Message(() => SafetensorsFile.Open(path).Dispose());
        Assert.StartsWith($"{path}: ", message);
        Assert.Contains(forged.Message, message);
    }

    /// <summary>The verdicts of the reference were measured on the real one; here they check the rules that fuzzing compares
    /// with.</summary>
    [Theory]
    [MemberData(nameof(ForgedNames))]
    public void Reference_rules_give_the_measured_verdict_and_we_never_accept_more(string name)
    {
        var forged = ForgedFiles.All[name];
        Assert.Equal(forged.ReferenceAccepts, ReferenceRules.Accepts(forged.Bytes));
        Assert.True(forged.ReferenceAccepts || forged.Message != null);
    }

    [Fact]
    public void Row_33_a_shape_of_49_million_sizes_is_refused_before_it_takes_memory()
    {
        const int Sizes = 48_900_000;
        var header = new byte[2 * Sizes + 64];
        header.AsSpan().Fill((byte)' ');
        var position = 0;
        Append("{\"a\":{\"dtype\":\"U8\",\"shape\":[1"u8);
        for (var i = 1; i < Sizes; i++)
            Append(",1"u8);
        Append("],\"data_offsets\":[0,1]}}"u8);
        var path = Write(Safetensors(header, new byte[1]));

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("tensor 'a': rank over 8", Message(() => SafetensorsFile.Open(path).Dispose()));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
        File.Delete(path);

        void Append(ReadOnlySpan<byte> text)
        {
            text.CopyTo(header.AsSpan(position));
            position += text.Length;
        }
    }

    [Fact]
    public void Row_34_the_tensor_after_the_millionth_is_refused()
    {
        var header = new StringBuilder("{");
        for (var i = 0; i < 1_700_000; i++)
            header.Append(i == 0 ? "" : ",").Append('"').Append(i).Append("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}");
        var path = Write(Safetensors(header.Append('}').ToString(), 0));
        Assert.Contains("over 1,000,000 tensors, found \"1000000\"", Message(() => SafetensorsFile.Open(path).Dispose()));
        File.Delete(path);
    }

    [Fact]
    public void Row_4_a_text_without_end_is_refused_before_it_fills_memory()
    {
        var header = new byte[90_000_000];
        header.AsSpan().Fill((byte)'x');
        "{\""u8.CopyTo(header);
        var path = Write(Safetensors(header, []));
        Assert.Contains("header has a text longer than 16777216 bytes at byte 9", Message(() => SafetensorsFile.Open(path).Dispose()));
        File.Delete(path);
    }

    [Fact]
    public void Row_12_no_name_can_write_to_the_terminal()
    {
        var path = Write(Safetensors(Header(Tensor("a\\u202e\\ufeff", "F32", "9", "0,1")), 1));
        var message = Message(() => SafetensorsFile.Open(path).Dispose());
        Assert.Contains("tensor 'a\\u202e\\ufeff': shape [9]", message);
    }

    [Fact]
    public void Tensors_of_every_numeric_type_are_converted()
    {
        byte[] data =
        [
            0, 0, 0, 0, 0, 0, 4, 0xC0, // F64 -2.5
            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, // U64 2^64 - 1
            0x00, 0x00, 0xC0, 0x3F, // F32 1.5
            0xFE, 0xFF, 0xFF, 0xFF, // I32 -2
            0x00, 0x3E, // F16 1.5
            0xC0, 0x3F, // BF16 1.5
            0xFD, 0xFF, // I16 -3
            0xFC, // I8 -4
            1, // BOOL
        ];
        var header = Header(
            Tensor("f64", "F64", "1", "0,8"), Tensor("u64", "U64", "", "8,16"), Tensor("f32", "F32", "1", "16,20"),
                Tensor("i32", "I32", "1", "20,24"),
            Tensor("f16", "F16", "1", "24,26"), Tensor("bf16", "BF16", "1", "26,28"), Tensor("i16", "I16", "1", "28,30"),
                Tensor("i8", "I8", "1", "30,31"),
            Tensor("bool", "BOOL", "1", "31,32"));
        using var file = SafetensorsFile.Open(Write(Safetensors(Encoding.UTF8.GetBytes(header), data)));
        Assert.Equal([-2.5], file.ReadDoubles("f64"));
        Assert.Equal([18446744073709551615.0], file.ReadDoubles("u64"));
        foreach (var name in new[] { "f32", "f16", "bf16" })
            Assert.Equal([1.5f], file.ReadSingles(name));
        Assert.Equal([-2], file.ReadInt32("i32"));
        Assert.Equal([-3], file.ReadInt32("i16"));
        Assert.Equal([-4], file.ReadInt32("i8"));
        Assert.Equal([1], file.ReadInt32("bool"));
        Assert.Contains("element 0 is -2.5, not a 32-bit whole number", Message(() => file.ReadInt32("f64")));
        Assert.Contains("not a 32-bit whole number", Message(() => file.ReadInt32("u64")));
        Assert.Contains("has no tensor 'nope'", Message(() => file.ReadInt32("nope")));
    }
}
