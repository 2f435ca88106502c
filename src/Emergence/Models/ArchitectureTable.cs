using Emergence.Messages;
using Emergence.Models.Architectures;

namespace Emergence.Models;

/// <summary>A family of models.</summary>
/// <param name="Name">"model_type" in config.json.</param>
/// <param name="Read">Understands the rest of config.json.</param>
/// <param name="Names">How checkpoints call the weights.</param>
internal sealed record Architecture(string Name, Func<ConfigReader, ModelShape> Read, WeightNames Names);

/// <summary>All architectures: adding one is one file and one row.</summary>
internal static class ArchitectureTable
{
    public static IReadOnlyList<Architecture> Rows { get; } =
    [
        Gemma.Row,
        Gemma2.Row,
        Gemma3.Row,
        Gpt2.Row,
        GptJ.Row,
        GptNeoX.Row,
        Llama.Row,
        Mistral.Row,
        Olmo2.Row,
        OpenAIGpt.Row,
        Opt.Row,
        Phi3.Row,
        Qwen2.Row,
        Qwen3.Row,
    ];

    public static Architecture Find(string? name)
    {
        var supported = string.Join(", ", Rows.Select(row => row.Name));
        if (name == null)
            throw ConfigReader.Error($"model_type is missing: expected one of {supported}");
        var hint = name == "gemma3" ? "; gemma3 reads images too, its text part alone is gemma3_text" : "";
        return Rows.FirstOrDefault(row => row.Name == name)
            ?? throw ConfigReader.Error($"model_type {Printable.Quote(name)} is not supported (supported: {supported}){hint}");
    }
}
