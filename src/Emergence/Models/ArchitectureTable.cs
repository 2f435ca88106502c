using System.Text.Json;
using Emergence.Checkpoints;
using Emergence.Messages;
using Emergence.Models.Architectures;

namespace Emergence.Models;

/// <summary>A family of models.</summary>
/// <param name="Name">"model_type" in config.json.</param>
/// <param name="Read">Understands the rest of config.json.</param>
/// <param name="Defaults">What its class says of keys that are absent, as JSON.</param>
internal sealed record Architecture(string Name, Func<ConfigReader, ModelShape> Read, string Defaults)
{
    /// <summary>What people call it.</summary>
    public required string Family { get; init; }

    /// <summary>Checkpoints that people have.</summary>
    public required string Published { get; init; }

    /// <summary>What sets it apart from Llama.</summary>
    public required string Peculiar { get; init; }

    public JsonElement DefaultValues { get; } = JsonDocument.Parse(Defaults).RootElement;
}

/// <summary>All architectures: adding one is one file and one row.</summary>
internal static class ArchitectureTable
{
    private const int Nearest = 3;

    public static IReadOnlyList<Architecture> Rows { get; } =
    [
        Apertus.Row,
        Arcee.Row,
        Bloom.Row,
        CodeGen.Row,
        Cohere.Row,
        Cohere2.Row,
        Cwm.Row,
        DeepSeek.V2Row,
        DeepSeek.V3Row,
        Ernie45.Row,
        Ernie45Moe.Row,
        Exaone.Row,
        Exaone4.Row,
        Falcon.Row,
        FalconH1.Row,
        Mamba.FalconRow,
        Gemma.Row,
        Gemma2.Row,
        Gemma2.VaultRow,
        Gemma3.Row,
        Gemma4.Row,
        Glm.Row,
        Glm4.Row,
        Glm4Moe.Row,
        GptBigCode.Row,
        GptNeo.Row,
        Gpt2.Row,
        GptJ.Row,
        GptNeoX.Row,
        GptOss.Row,
        Granite.Row,
        GraniteMoe.Row,
        GraniteHybrid.Row,
        Helium.Row,
        Hunyuan.Row,
        InternLM3.Row,
        IQuestCoder.Row,
        Lfm2.Row,
        Lfm2.MoeRow,
        Llama.Row,
        Llama4.Row,
        Mamba.Row,
        Mamba2.Row,
        MiniCpm3.Row,
        Ministral3.Row,
        MiniMaxM2.Row,
        Mistral.Row,
        Mixtral.Row,
        Mpt.Row,
        NanoChat.Row,
        Nemotron.Row,
        NemotronH.Row,
        Olmo.Row,
        Olmo2.Row,
        Olmo3.Row,
        OlMoe.Row,
        OpenAIGpt.Row,
        Opt.Row,
        Persimmon.Row,
        Phi.Row,
        Phi3.Row,
        PhiMoe.Row,
        Qwen2.Row,
        Qwen2.Vision2Row,
        Qwen2.Vision25Row,
        Qwen2Moe.Row,
        Qwen3.Row,
        Qwen3Moe.Row,
        Qwen3.VisionRow,
        Qwen35.NextRow,
        Qwen35.Row,
        Qwen35.MoeRow,
        SeedOss.Row,
        SmolLM3.Row,
        StableLM.Row,
        Starcoder2.Row,
        XGlm.Row,
    ];

    /// <param name="name">"model_type" of the language model.</param>
    /// <param name="root">The whole config, which tells whether the folder brings its own code.</param>
    public static Architecture Find(string? name, JsonElement root)
    {
        if (name == null)
            throw ConfigReader.Error($"model_type is missing: expected one of {string.Join(", ", Rows.Select(row => row.Name))}");
        return Rows.FirstOrDefault(row => row.Name == name) ?? throw Unknown(name, root);
    }

    private static EmergenceException Unknown(string name, JsonElement root)
    {
        var near = Rows.Select(row => row.Name).OrderBy(known => Distance(known, name)).ThenBy(known => known, StringComparer.Ordinal)
            .Take(Nearest);
        var code = root.TryGetProperty("auto_map", out _)
            ? "auto_map says that the folder brings its own code, which is never run"
            : "no auto_map: the folder brings no code of its own";
        var architecture = root.TryGetProperty("architectures", out var list) && list is { ValueKind: JsonValueKind.Array }
            && list.GetArrayLength() > 0 ? list[0].ToString() : "?";
        return ConfigReader.Error(
            $"model_type {Printable.Quote(name)} is not supported; nearest known: {string.Join(", ", near)}; {code}; "
            + $"to ask for it, open an issue with these two lines: (1) \"Support model_type {Printable.Escape(name)} "
                + $"({Printable.Escape(architecture)})\" (2) \"Published as ORG/NAME; its config.json is attached\"");
    }

    /// <summary>Number of characters to add, drop or change; a common beginning counts for less.</summary>
    private static double Distance(string known, string name)
    {
        var row = Enumerable.Range(0, name.Length + 1).ToArray();
        for (var i = 1; i <= known.Length; i++)
        {
            var corner = row[0];
            row[0] = i;
            for (var j = 1; j <= name.Length; j++)
            {
                var next = Math.Min(Math.Min(row[j], row[j - 1]) + 1, corner + (known[i - 1] == name[j - 1] ? 0 : 1));
                (corner, row[j]) = (row[j], next);
            }
        }

        return row[^1] - 1.5 * known.AsSpan().CommonPrefixLength(name);
    }
}
