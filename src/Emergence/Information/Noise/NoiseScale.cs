namespace Emergence.Information.Noise;

/// <summary>In which units noise is added to states.</summary>
public enum NoiseScale
{
    /// <summary>Alike in every direction, in units of the root mean square of the column-centred states.</summary>
    Isotropic,

    /// <summary>On every column in units of its own standard deviation.</summary>
    Column,

    /// <summary>
    /// Alike in every direction, on states that are first divided by their own root mean square, as a norm layer reads them.
    /// </summary>
    Normed,
}

/// <summary>How a scale is written.</summary>
public static class NoiseScales
{
    /// <summary>The words users type, the default first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<NoiseScale>().Select(Word)];

    public static string Word(this NoiseScale scale) => scale.ToString().ToLowerInvariant();

    public static NoiseScale Parse(string name) =>
        Enum.GetValues<NoiseScale>().Cast<NoiseScale?>().FirstOrDefault(scale => scale!.Value.Word() == name)
        ?? throw new EmergenceException($"unknown noise '{name}': choose {string.Join(", ", Names)}", ExitCode.Usage);
}
