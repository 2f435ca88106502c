using System.Text;
using Emergence.Messages;

namespace Emergence.Files.Safetensors;

/// <summary>Files that people take for safetensors, known by their first bytes.</summary>
internal static class ForeignFormat
{
    private const int Prefix = 64;
    private const string Adapter = "adapter_config.json";
    private static readonly string[] PickleEndings = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"];

    /// <summary>What a folder without safetensors holds instead, and what to run first; or null.</summary>
    public static string? OfFolder(string folder)
    {
        if (!Directory.Exists(folder))
            return null;
        var names = Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).ToArray();
        if (names.Contains(Adapter))
            return $"this is a LoRA adapter ({Adapter}), not a model: merge it into its base model and measure that, "
                + $"{Save("AutoPeftModelForCausalLM.from_pretrained('FOLDER').merge_and_unload()", "peft")}";
        if (names.Any(name => name.EndsWith(".safetensors", StringComparison.Ordinal)))
            return null;
        if (names.FirstOrDefault(name => PickleEndings.Any(name.EndsWith)) is { } pickle)
            return $"only {Printable.Quote(pickle)}, a pickle: refused, it can run code; convert it to safetensors, "
                + $"{Save("AutoModelForCausalLM.from_pretrained('FOLDER')")}";
        return names.FirstOrDefault(name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) is { } gguf
            ? $"only {Printable.Quote(gguf)}, a GGUF file: use the safetensors files that it was made from, or "
                + $"{Save($"AutoModelForCausalLM.from_pretrained('FOLDER', gguf_file='{gguf}')")}"
            : null;
    }

    private static string Save(string model, string library = "transformers")
    {
        var dot = model.IndexOf('.', StringComparison.Ordinal);
        return $"python3 -c \"from {library} import {model[..dot]} as M; M{model[dot..]}.save_pretrained('OUT')\"";
    }

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
