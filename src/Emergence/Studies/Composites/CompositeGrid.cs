using System.Globalization;
using Emergence.Messages;

namespace Emergence.Studies.Composites;

/// <summary>How the cells of a composite lie.</summary>
/// <param name="Rows">From top to bottom.</param>
/// <param name="Columns">From left to right.</param>
internal readonly record struct CompositeGrid(int Rows, int Columns)
{
    private const int MostSide = 4;

    public int Cells => Rows * Columns;

    /// <summary>E.g. 2x2.</summary>
    public static CompositeGrid Parse(string text)
    {
        var parts = text.Split('x');
        return parts.Length == 2 && Side(parts[0], out var rows) && Side(parts[1], out var columns)
            ? new(rows, columns)
            : throw new EmergenceException(
                $"--grid {Printable.Escape(text)}: expected ROWSxCOLUMNS with 1 to {MostSide} of each, e.g. 2x2", ExitCode.Usage);
    }

    /// <summary>The most even one of so many cells.</summary>
    public static CompositeGrid Of(int cells)
    {
        var rows = (int)Math.Sqrt(cells);
        while (cells % rows != 0)
            rows--;
        return new(rows, cells / rows);
    }

    public override string ToString() => FormattableString.Invariant($"{Rows}x{Columns}");

    private static bool Side(string text, out int side) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out side) && side is >= 1 and <= MostSide;
}
