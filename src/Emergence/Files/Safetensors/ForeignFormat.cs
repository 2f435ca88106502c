using System.Text;

namespace Emergence.Files.Safetensors;

/// <summary>Files that people take for safetensors, known by their first bytes.</summary>
internal static class ForeignFormat
{
    private const int Prefix = 64;

    /// <summary>What the file is and what to do, or null.</summary>
    public static string? Recognise(CheckpointFile file)
    {
        var bytes = new byte[Math.Min(Prefix, file.Length)];
        file.Read(0, bytes, "the first bytes");
        ReadOnlySpan<byte> start = bytes;
        if (start.StartsWith("version https://git-lfs"u8))
            return $"this is a Git LFS pointer ({file.Length} bytes); run git lfs pull";
        if (start.StartsWith("GGUF"u8))
            return "this is a GGUF file; use the safetensors files of the model";
        if (start.StartsWith("PK\x03\x04"u8))
            return "this is a zip archive, such as a PyTorch checkpoint: refused, its pickle can run code; convert it to safetensors";
        if (start[0] == 0x80 && start[1] is >= 2 and <= 5)
            return "this is a PyTorch pickle: refused, it can run code; convert it to safetensors";
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            return "this is a gzip file; unpack it first";
        var text = Encoding.Latin1.GetString(start).TrimStart();
        if (text.StartsWith("<!DOCTYPE", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase))
            return "this is an HTML page, probably an error page saved as the model; download the file again";
        return null;
    }
}
