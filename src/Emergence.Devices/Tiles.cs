namespace Emergence.Devices;

/// <summary>Work in tiles of rows, where the bytes of a row do not depend on the tile: memory decides how many rows it has.</summary>
internal static class Tiles
{
    /// <summary>How often a tile that does not fit is halved.</summary>
    public const int Halvings = 3;

    /// <summary>What <paramref name="make"/> makes for as many rows, or for half as many and so on if memory is short.</summary>
    public static (T Made, int Rows) Fit<T>(int rows, Func<int, T> make)
    {
        for (var halved = 0; ; halved++)
        {
            try
            {
                return (make(rows), rows);
            }
            catch (EmergenceException error) when (error.IsOutOfMemory && halved < Halvings && rows > 1)
            {
                rows = (rows + 1) / 2;
            }
        }
    }
}
