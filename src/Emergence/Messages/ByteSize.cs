using System.Globalization;

namespace Emergence.Messages;

/// <summary>A number of bytes as users write it: 8GiB, 500MB, 1.5TiB or plain bytes.</summary>
internal static class ByteSize
{
    private const decimal MostOfAnyUnit = 1e15m;

    private static readonly (string Name, long Bytes)[] Units =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1),
    ];

    /// <summary>The bytes; the letters' case does not matter.</summary>
    public static long Parse(string option, string word)
    {
        var text = word.Trim();
        var (name, bytes) = Array.Find(Units, unit => text.EndsWith(unit.Name, StringComparison.OrdinalIgnoreCase));
        var number = name == null ? text : text[..^name.Length].TrimEnd();
        return decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value < MostOfAnyUnit && value * Math.Max(1, bytes) is >= 1 and <= long.MaxValue / 2
            ? (long)(value * Math.Max(1, bytes))
            : throw new EmergenceException($"{option}: expected a size such as 8GiB or 500MB, found {Printable.Quote(word)}",
                ExitCode.Usage);
    }

    /// <summary>Words that <see cref="Parse"/> reads as the same number, in the largest unit of whole ones.</summary>
    public static string Write(long bytes)
    {
        var (name, size) = Array.Find(Units, unit => bytes % unit.Bytes == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / size}{name}");
    }

    /// <summary>For people, e.g. "1.5 GB" or "0.2 MB".</summary>
    public static string Rounded(long bytes) => string.Create(CultureInfo.InvariantCulture,
        $"{(bytes >= 1_000_000_000 ? bytes / 1e9 : bytes / 1e6):0.0} {(bytes >= 1_000_000_000 ? "GB" : "MB")}");

    /// <summary>For people who will write a bound: whole MiB, rounded up.</summary>
    public static string RoundedUp(long bytes) => Write((bytes + (1 << 20) - 1) >> 20 << 20);
}
