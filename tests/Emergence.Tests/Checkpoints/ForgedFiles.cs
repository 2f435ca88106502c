using System.Buffers.Binary;
using System.Text;
using static Emergence.Tests.Checkpoints.Forge;

namespace Emergence.Tests.Checkpoints;

/// <summary>One way a file can lie: its bytes, what the reference implementation says to it, and what we must say (null: accept).</summary>
internal sealed record ForgedFile(string Name, byte[] Bytes, bool ReferenceAccepts, string? Message);

/// <summary>Forged safetensors files; the number before each name is its row in the table of promises.</summary>
internal static class ForgedFiles
{
    private static readonly string Good = Header(Tensor("a", "F32", "2", "0,8"), Tensor("b", "F32", "3", "8,20"));
    private static readonly byte[] GoodBytes = Encoding.UTF8.GetBytes(Good);

    public static IReadOnlyDictionary<string, ForgedFile> All { get; } =
        Lengths().Concat(Foreign()).Concat(Text()).Concat(Names()).Concat(Fields()).Concat(Numbers()).Concat(Layout())
            .ToDictionary(file => file.Name);

    private static ForgedFile Accept(string name, byte[] bytes) => new(name, bytes, true, null);

    private static ForgedFile Stricter(string name, byte[] bytes, string message) => new(name, bytes, true, message);

    private static ForgedFile Refuse(string name, byte[] bytes, string message) => new(name, bytes, false, message);

    private static ForgedFile Refuse(string name, string header, int data, string message) =>
        new(name, Safetensors(header, data), false, message);

    private static IEnumerable<ForgedFile> Lengths()
    {
        var bigEndian = Safetensors(GoodBytes, new byte[20]);
        BinaryPrimitives.WriteUInt64BigEndian(bigEndian, (ulong)GoodBytes.Length);
        yield return Accept("0 good", Safetensors(Good, 20));
        yield return Refuse("1 empty", [], "is 0 bytes: not a safetensors file (needs at least 10)");
        yield return Refuse("1 seven bytes", new byte[7], "is 7 bytes: not a safetensors file (needs at least 10)");
        yield return Refuse("2 length past the end", Safetensors(new byte[76], [], 1000),
            "header claims 1000 bytes, file has 84: truncated download?");
        yield return Refuse("2 length only", Safetensors([], [], 5), "header claims 5 bytes, file has 8: truncated download?");
        yield return Refuse("3 length 0", Safetensors([], new byte[8]), "empty header");
        yield return Refuse("4 length 2^64-1", Safetensors(GoodBytes, [], ulong.MaxValue),
            "header length 18446744073709551615 over the 100 MB limit");
        yield return Refuse("4 length 2^63", Safetensors(GoodBytes, [], 1UL << 63),
            "header length 9223372036854775808 over the 100 MB limit");
        yield return Refuse("4 length 100,000,001", Safetensors(GoodBytes, [], 100_000_001),
            "header length 100000001 over the 100 MB limit");
        yield return Refuse("5 big-endian length", bigEndian, "over the 100 MB limit; the bytes look big-endian");
        yield return Refuse("6 one short", Safetensors(GoodBytes, new byte[20], (ulong)GoodBytes.Length - 1),
            $"header is not valid JSON at byte {8 + GoodBytes.Length - 1}");
        yield return Refuse("6 one long", Safetensors(GoodBytes, new byte[20], (ulong)GoodBytes.Length + 1),
            $"header is not valid JSON at byte {8 + GoodBytes.Length}");
    }

    private static IEnumerable<ForgedFile> Foreign()
    {
        const string Pointer =
            "version https://git-lfs.github.com/spec/v1\noid "
            + "sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
        byte[] pickle = [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E];
        yield return Refuse("7 Git LFS pointer", Encoding.ASCII.GetBytes(Pointer),
            $"this is a Git LFS pointer ({Pointer.Length} bytes); run git lfs pull");
        yield return Refuse("7 HTML page", "<!DOCTYPE html><html><body>404</body></html>"u8.ToArray(), "this is an HTML page");
        yield return Refuse("7 GGUF", [.. "GGUF"u8, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], "this is a GGUF file");
        yield return Refuse("7 pickle", pickle, "this is a PyTorch pickle: refused, it can run code");
        yield return Refuse("7 zip", [.. "PK\x03\x04"u8, 0, 0, 8, 8, 0, 0, 0, 0],
            "this is a zip archive, such as a PyTorch checkpoint: refused");
        yield return Refuse("7 gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2], "this is a gzip file");
    }

    private static IEnumerable<ForgedFile> Text()
    {
        byte[] badName = [.. "{\"a"u8, 0xFF, .. "\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}"u8];
        yield return Refuse("8 bad UTF-8", Safetensors(badName, new byte[1]), "tensor name is not valid UTF-8 at byte 11");
        yield return Refuse("8 byte order mark", Safetensors([0xEF, 0xBB, 0xBF, .. GoodBytes], new byte[20]),
            "header is not valid JSON at byte 8");
        yield return Refuse("8 NUL after", Safetensors([.. GoodBytes, 0], new byte[20]),
            $"header is not valid JSON at byte {8 + GoodBytes.Length}");
        yield return Refuse("8 junk after", Safetensors(Good + "{}", 20), $"header is not valid JSON at byte {8 + GoodBytes.Length}");
        yield return Refuse("8 comment", "/*x*/{}", 0, "header is not valid JSON at byte 8");
        yield return Refuse("8 trailing comma", """{"__metadata__":{},}""", 0, "header is not valid JSON at byte");
        yield return Refuse("9 root array", "[]", 0, "header must be an object, found an array");
        yield return Refuse("9 root string", "\"x\"", 0, "header must be an object, found \"x\"");
        yield return Refuse("9 root null", "null", 0, "header must be an object, found null");
        yield return Accept("10 leading white space", Safetensors(" \n\t\r" + Good, 20));
        yield return Accept("10 trailing white space", Safetensors(Good + " \n    ", 20));
        yield return Accept("10 much white space", Safetensors(new string(' ', 300_000) + Good + new string(' ', 300_000), 20));
        yield return Refuse("32 deep arrays", Safetensors(new string('[', 100_000), 0), "header is nested deeper than 64");
        yield return Refuse("32 deep objects", string.Concat(Enumerable.Repeat("{\"a\":", 200)) + "1" + new string('}', 200), 0,
            "header is nested deeper than 64");
        yield return Refuse("32 deep shape", Header($$"""
            "a":{"dtype":"U8","shape":{{new string('[', 200)}}{{new string(']', 200)}}}
            """), 0, "header is nested deeper than 64");
    }

    private static IEnumerable<ForgedFile> Names()
    {
        yield return Refuse("11 lone surrogate", Header(Tensor("\\ud800", "U8", "1", "0,1")), 1, "tensor name is not valid Unicode");
        yield return Stricter("12 NUL in a name", Safetensors(Header(Tensor("a\\u0000b", "U8", "1", "0,1")), 1),
            "tensor name with a control character, found \"a\\u0000b\"");
        yield return Stricter("12 line feed in a name", Safetensors(Header(Tensor("a\\nb", "U8", "1", "0,1")), 1),
            "tensor name with a control character");
        yield return Accept("12 empty name", Safetensors(Header(Tensor("", "U8", "1", "0,1")), 1));
        yield return Accept("12 name like a path", Safetensors(Header(Tensor("../../etc/passwd", "U8", "1", "0,1")), 1));
        yield return Accept("12 name of 512 bytes", Safetensors(Header(Tensor(new('x', 512), "U8", "1", "0,1")), 1));
        yield return Stricter("12 name of 513 bytes", Safetensors(Header(Tensor(new('x', 513), "U8", "1", "0,1")), 1),
            "tensor name over 512 bytes");
        yield return Stricter("13 duplicate", Safetensors(Header(Tensor("t", "F32", "1", "0,4"), Tensor("t", "F32", "1", "0,4")), 4),
            "duplicate tensor name 't'");
        yield return Stricter("13 duplicate, other dtype",
            Safetensors(Header(Tensor("t", "F32", "1", "0,4"), Tensor("t", "I32", "1", "0,4")), 4), "duplicate tensor name 't'");
        yield return Stricter("13 duplicate, escaped",
            Safetensors(Header(Tensor("t", "F32", "1", "0,4"), Tensor("\\u0074", "F32", "1", "0,4")), 4), "duplicate tensor name 't'");
        yield return Refuse("14 duplicate field", """{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}""", 1,
            "tensor 'a': duplicate field 'shape'");
        yield return Refuse("14 duplicate metadata", """{"__metadata__":{},"__metadata__":{}}""", 0, "duplicate __metadata__");
        yield return Refuse("15 metadata int", """{"__metadata__":{"a":1}}""", 0, "metadata 'a' must be a string, found 1");
        yield return Refuse("15 metadata object", """{"__metadata__":{"a":{}}}""", 0, "metadata 'a' must be a string, found an object");
        yield return Refuse("15 metadata list", """{"__metadata__":["a"]}""", 0, "__metadata__ must be an object of strings");
        yield return Stricter("15 duplicate in metadata", Safetensors("""{"__metadata__":{"a":"1","a":"2"}}""", 0),
            "duplicate metadata name 'a'");
        yield return Accept("16 metadata null", Safetensors("""{"__metadata__":null}""", 0));
    }

    private static IEnumerable<ForgedFile> Fields()
    {
        const string Evil = """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"evil":{"x":[1]}}}""";
        yield return Stricter("17 unknown field", Safetensors(Evil, 1), "tensor 'a': unknown field 'evil'");
        yield return Refuse("18 no dtype", """{"a":{"shape":[1],"data_offsets":[0,1]}}""", 1, "tensor 'a': field 'dtype' is missing");
        yield return Refuse("18 no shape", """{"a":{"dtype":"U8","data_offsets":[0,1]}}""", 1, "tensor 'a': field 'shape' is missing");
        yield return Refuse("18 no offsets", """{"a":{"dtype":"U8","shape":[1]}}""", 1, "tensor 'a': field 'data_offsets' is missing");
        yield return Refuse("18 tensor is a number", """{"a":7}""", 0, "tensor 'a' must be an object, found 7");
        yield return Refuse("19 dtype F128", Header(Tensor("a", "F128", "1", "0,16")), 16, "tensor 'a': unknown dtype, found \"F128\"");
        yield return Refuse("19 dtype f32", Header(Tensor("a", "f32", "1", "0,4")), 4, "tensor 'a': unknown dtype, found \"f32\"");
        yield return Refuse("19 dtype number", """{"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}""", 4,
            "tensor 'a': dtype must be a string, found 4");
        yield return Accept("19 every known dtype", Safetensors(Header(
            Tensor("a", "I64", "1", "0,8"), Tensor("b", "C64", "1", "8,16"), Tensor("c", "F8_E4M3", "1", "16,17"),
                Tensor("d", "F4", "2", "17,18"),
            Tensor("e", "F6_E2M3", "4", "18,21"), Tensor("f", "BOOL", "1", "21,22"), Tensor("g", "U64", "1", "22,30")), 30));
    }

    private static IEnumerable<ForgedFile> Numbers()
    {
        foreach (var number in new[] { "-1", "2.0", "4e0", "-0", "\"2\"", "18446744073709551616", "null", "true", "{}" })
        {
            yield return Refuse($"20 shape {number}", Header(Tensor("a", "U8", number, "0,2")), 2,
                "tensor 'a': shape[0] must be a whole number");
            yield return Refuse($"20 offset {number}", Header(Tensor("a", "U8", "2", $"0,{number}")), 2,
                "tensor 'a': data_offsets[1] must be a whole number");
        }

        yield return Refuse("20 shape 02", Header(Tensor("a", "U8", "02", "0,2")), 2, "header is not valid JSON at byte");
        yield return Refuse("26 product overflows", Header(Tensor("a", "U8", "281474976710656,281474976710656", "0,0")), 0,
            "tensor 'a': shape too large");
        yield return Refuse("26 bits overflow", Header(Tensor("a", "F64", "281474976710656,65535", "0,0")), 0,
            "tensor 'a': shape too large");
        yield return Refuse("26 size 2^61", Header(Tensor("a", "U8", "2305843009213693952", "0,2305843009213693952")), 0,
            "tensor 'a': shape[0] must be a whole number from 0 to 2^48");
        yield return Refuse("26 2^61 bytes", Header(Tensor("a", "F64", "281474976710656,1024", "0,281474976710656")), 0,
            "tensor 'a': shape too large");
        yield return Stricter("27 zero times huge",
            Safetensors(Header(Tensor("a", "U8", "0,18446744073709551615,18446744073709551615", "0,0")), 0),
            "tensor 'a': shape[1] must be a whole number from 0 to 2^48");
        yield return Refuse("27 huge times zero", Header(Tensor("a", "U8", "18446744073709551615,18446744073709551615,0", "0,0")), 0,
            "tensor 'a': shape[0] must be a whole number from 0 to 2^48");
        yield return Stricter("33 rank 1,000",
            Safetensors(Header(Tensor("a", "U8", string.Join(',', Enumerable.Repeat(1, 1000)), "0,1")), 1), "tensor 'a': rank over 8");
        yield return Accept("33 rank 8", Safetensors(Header(Tensor("a", "U8", "1,1,1,1,1,1,1,1", "0,1")), 1));
    }

    private static IEnumerable<ForgedFile> Layout()
    {
        yield return Refuse("21 one offset", Header(Tensor("a", "U8", "1", "1")), 1,
            "tensor 'a': data_offsets[1] must be a whole number from 0 to 2^48, found the end of the array");
        yield return Refuse("21 three offsets", Header(Tensor("a", "U8", "1", "0,1,2")), 1,
            "tensor 'a': data_offsets must be two numbers, found 2");
        yield return Refuse("21 reversed", Header(Tensor("a", "U8", "4", "8,4")), 8,
            "tensor 'a': data_offsets [8,4] end before they begin");
        yield return Refuse("21 start is not 0", Header(Tensor("a", "U8", "4", "4,8")), 8,
            "first tensor 'a' begins at 4 of the data, not at 0");
        yield return Refuse("22 hole", Header(Tensor("a", "U8", "4", "0,4"), Tensor("b", "U8", "4", "8,12")), 12,
            "gap of 4 bytes between 'a' and 'b'");
        yield return Refuse("22 overlap", Header(Tensor("a", "U8", "4", "0,4"), Tensor("b", "U8", "4", "3,7")), 7,
            "tensors 'a' and 'b' overlap by 1 bytes");
        yield return Refuse("22 alias", Header(Tensor("a", "U8", "4", "0,4"), Tensor("b", "U8", "4", "0,4")), 4,
            "tensors 'a' and 'b' overlap by 4 bytes");
        yield return Refuse("23 size", Header(Tensor("a", "F32", "2,3", "0,20")), 20,
            "tensor 'a': shape [2,3] of F32 needs 24 bytes, data_offsets [0,20] hold 20");
        yield return Refuse("24 trailing bytes", Safetensors(Good, 32), "12 bytes after the last tensor");
        yield return Refuse("24 zip behind", Safetensors(GoodBytes, [.. new byte[20], .. "PK\x03\x04"u8, .. new byte[18]]),
            "22 bytes after the last tensor");
        yield return Refuse("25 truncated", Safetensors(Good, 19),
            $"expected {8 + GoodBytes.Length + 20} bytes, have {8 + GoodBytes.Length + 19}: truncated");
        yield return Accept("28 scalar", Safetensors(Header(Tensor("a", "F32", "", "0,4")), 4));
        yield return Accept("28 zero size",
            Safetensors(Header(Tensor("a", "F32", "0,5", "0,0"), Tensor("b", "F32", "1", "0,4"), Tensor("c", "F32", "0", "4,4")), 4));
        yield return Accept("28 no tensor", Safetensors("{}", 0));
        yield return Refuse("29 half a byte", Header(Tensor("a", "F4", "3", "0,1")), 1,
            "tensor 'a': shape [3] of F4 is 12 bits, not whole bytes");
        yield return Accept("30 odd offset", Safetensors(Header(Tensor("a", "U8", "1", "0,1"), Tensor("b", "F32", "1", "1,5")), 5));
        yield return Accept("31 offsets out of order",
            Safetensors(Header(Tensor("a", "U8", "4", "4,8"), Tensor("b", "U8", "4", "0,4")), 8));
    }
}
