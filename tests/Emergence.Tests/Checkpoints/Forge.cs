using System.Buffers.Binary;
using System.Text;

namespace Emergence.Tests.Checkpoints;

/// <summary>Makes safetensors files byte by byte, right or wrong, without the code under test.</summary>
internal static class Forge
{
    public static byte[] Safetensors(string header, int dataBytes) => Safetensors(Encoding.UTF8.GetBytes(header), new byte[dataBytes]);

    public static byte[] Safetensors(byte[] header, byte[] data, ulong? length = null)
    {
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, length ?? (ulong)header.Length);
        return [.. prefix, .. header, .. data];
    }

    /// <summary>One member of the header.</summary>
    public static string Tensor(string name, string dtype, string shape, string offsets) =>
        $$"""
        "{{name}}":{"dtype":"{{dtype}}","shape":[{{shape}}],"data_offsets":[{{offsets}}]}
        """;

    /// <summary>A header of the given members.</summary>
    public static string Header(params string[] members) => "{" + string.Join(',', members) + "}";

    /// <summary>A file with one F32 tensor 't' of the given values.</summary>
    public static byte[] Singles(string name, params float[] values)
    {
        var data = new byte[4 * values.Length];
        System.Buffer.BlockCopy(values, 0, data, 0, data.Length);
        return Safetensors(Encoding.UTF8.GetBytes(Header(Tensor(name, "F32", $"{values.Length}", $"0,{data.Length}"))), data);
    }

    public static string Write(byte[] bytes, string name = "model.safetensors")
    {
        var path = Path.Combine(TestData.TemporaryFolder(), name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>A folder with the given files.</summary>
    public static string Folder(params (string Name, byte[] Bytes)[] files)
    {
        var folder = TestData.TemporaryFolder();
        foreach (var (name, bytes) in files)
            File.WriteAllBytes(Path.Combine(folder, name), bytes);
        return folder;
    }

    /// <summary>The one-line message of the error that the action must throw.</summary>
    public static string Message(Action action)
    {
        var error = Assert.Throws<EmergenceException>(action);
        Assert.DoesNotContain('\n', error.Message);
        return error.Message;
    }
}
