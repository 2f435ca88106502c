namespace Emergence.Devices.Critics;

/// <summary>Outputs of the layers of the critics that are measured with.</summary>
internal static class CriticWidths
{
    /// <summary>Of preset small.</summary>
    public static readonly int[] Small = [64, 32, 16, 1];

    /// <summary>Of the published protocol.</summary>
    public static readonly int[] Published = [768, 384, 192, 96, 48, 24, 12, 6, 3, 1];
}
