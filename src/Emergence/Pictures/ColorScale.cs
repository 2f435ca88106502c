namespace Emergence.Pictures;

/// <summary>
/// From dark violet to yellow in steps that look equal and grow lighter all the way, so that the order survives
/// colour blindness and grey print. The anchors are eleven equidistant colours of viridis (Smith and van der Walt, 2015, CC0).
/// </summary>
internal sealed class ColorScale(double low, double high)
{
    private static readonly int[] Anchors =
        [0x440154, 0x482475, 0x414487, 0x355f8d, 0x2a788e, 0x21918c, 0x22a884, 0x44bf70, 0x7ad151, 0xbddf26, 0xfde725];

    public double Low { get; } = low;

    public double High { get; } = high;

    public (string Fill, bool Light) At(double value)
    {
        var place = High > Low ? Math.Clamp((value - Low) / (High - Low), 0, 1) * (Anchors.Length - 1) : 0;
        var left = Math.Min((int)place, Anchors.Length - 2);
        int Channel(int shift)
        {
            double from = (Anchors[left] >> shift) & 255, to = (Anchors[left + 1] >> shift) & 255;
            return (int)Math.Round(from + (place - left) * (to - from));
        }

        int red = Channel(16), green = Channel(8), blue = Channel(0);

        // Rec. 709 luma of the gamma-coded channels: good enough to choose black or white ink.
        var light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 125;
        return ($"#{red:x2}{green:x2}{blue:x2}", light);
    }
}
