using Emergence.Messages;

namespace Emergence.Checkpoints.Stored;

/// <summary>A stored form of weights.</summary>
/// <param name="Method">"quant_method" in quantization_config.</param>
/// <param name="Read">Understands the rest of quantization_config.</param>
internal sealed record StoredFormRow(string Method, Func<ConfigReader, StoredForm> Read);

/// <summary>All stored forms of weights: adding one is one file and one row.</summary>
internal static class StoredFormTable
{
    public static IReadOnlyList<StoredFormRow> Rows { get; } =
    [
        Awq.Row,
        BitsAndBytes.Row,
        CompressedTensors.Row,
        Fp8.Row,
        Gptq.Row,
        Mxfp4.Row,
    ];

    /// <summary>The form that a config.json names ("compression_config" is the older spelling), or null for plain weights.</summary>
    public static StoredForm? Read(ConfigReader config)
    {
        if ((config.Part("quantization_config") ?? config.Part("compression_config")) is not { } settings)
            return null;
        var method = settings.Text("quant_method") ?? Guess(settings)
            ?? throw ConfigReader.Error("quantization_config.quant_method is missing: it says how the weights are stored");
        return Rows.FirstOrDefault(row => row.Method == method)?.Read(settings) ?? throw ConfigReader.Error(
            $"quantization_config: quant_method {Printable.Quote(method)} is not supported "
                + $"({string.Join(", ", Rows.Select(row => row.Method))} are); "
            + "load the model with the library that quantised it, save its weights as bfloat16 and measure that folder");
    }

    /// <summary>Files from before "quant_method" are those of bitsandbytes.</summary>
    private static string? Guess(ConfigReader settings) =>
        settings.Flag("load_in_4bit", false) || settings.Flag("load_in_8bit", false) ? BitsAndBytes.Row.Method : null;
}
