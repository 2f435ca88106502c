namespace Emergence.Models.Vision;

/// <summary>A grey picture.</summary>
/// <param name="Rows">From top to bottom.</param>
/// <param name="Columns">From left to right.</param>
/// <param name="Pixels">(Rows, Columns), from 0 to 1.</param>
internal sealed record Picture(int Rows, int Columns, float[] Pixels)
{
    /// <summary>Pictures of one size as the cells of a grid, row by row.</summary>
    public static Picture Tile(IReadOnlyList<Picture> cells, int columns)
    {
        var (height, width) = (cells[0].Rows, cells[0].Columns);
        var tiled = new Picture(cells.Count / columns * height, columns * width, new float[cells.Count * height * width]);
        for (var cell = 0; cell < cells.Count; cell++)
        {
            for (var row = 0; row < height; row++)
                cells[cell].Pixels.AsSpan(row * width, width)
                    .CopyTo(tiled.Pixels.AsSpan((cell / columns * height + row) * tiled.Columns + cell % columns * width));
        }

        return tiled;
    }
}
