namespace Emergence.Devices.Critics;

/// <summary>Outputs of the layers of the critics that are measured with.</summary>
internal static class CriticWidths
{
    /// <summary>Outputs of the critic of preset small.</summary>
    public static readonly int[] Small = [64, 32, 16, 1];

    /// <summary>Outputs of the critic of preset canonical.</summary>
    public static readonly int[] Canonical = [128, 32, 16, 1];

    /// <summary>Outputs of the critic of the published protocol.</summary>
    public static readonly int[] Published = [768, 384, 192, 96, 48, 24, 12, 6, 3, 1];
}
