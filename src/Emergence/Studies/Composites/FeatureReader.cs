using Emergence.Models.Vision;

namespace Emergence.Studies.Composites;

/// <summary>How the cells of a composite become one row of features.</summary>
internal enum Pooling
{
    /// <summary>The features of its cells added up.</summary>
    Sum,

    /// <summary>The features of its cells side by side.</summary>
    Concat,

    /// <summary>The features of the whole picture.</summary>
    Whole,
}

/// <summary>Rows of features of digits and of composites.</summary>
/// <param name="images">The digits.</param>
/// <param name="read">Features of pictures, (N, p).</param>
internal sealed class FeatureReader(DigitImages images, Func<IReadOnlyList<Picture>, double[][]> read)
{
    /// <summary>Composites whose pictures are made at once.</summary>
    private const int BatchPictures = 512;

    private readonly Dictionary<int, double[]> _known = [];

    public double[][] Singles(IReadOnlyList<int> which)
    {
        int[] missing = [.. which.Distinct().Where(image => !_known.ContainsKey(image))];
        foreach (var (image, row) in missing.Zip(missing.Length == 0 ? [] : read([.. missing.Select(Single)])))
            _known.Add(image, row);
        return [.. which.Select(image => _known[image])];
    }

    public double[][] Of(IReadOnlyList<Composite> composites, CompositeGrid grid, Pooling pooling)
    {
        if (pooling == Pooling.Whole)
            return [.. composites.Chunk(BatchPictures).SelectMany(batch => read([.. batch.Select(each => Draw(each, grid))]))];
        var cells = Singles([.. composites.SelectMany(composite => composite.Images)]);
        return [.. cells.Chunk(grid.Cells).Select(rows => pooling == Pooling.Concat ? rows.SelectMany(row => row).ToArray() : Sum(rows))];
    }

    /// <summary>The picture of a composite.</summary>
    public Picture Draw(Composite composite, CompositeGrid grid) => Picture.Tile([.. composite.Images.Select(Single)], grid.Columns);

    private Picture Single(int image) => new(images.Rows, images.Columns, images.Pixels[image]);

    private static double[] Sum(double[][] rows)
    {
        var sum = new double[rows[0].Length];
        foreach (var row in rows)
        {
            for (var i = 0; i < sum.Length; i++)
                sum[i] += row[i];
        }

        return sum;
    }
}
