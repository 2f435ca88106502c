using System.Text.RegularExpressions;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Studies.Composites;

/// <summary>Pictures of single digits.</summary>
/// <param name="Source">The file as the user named it.</param>
/// <param name="Rows">Pixels from top to bottom.</param>
/// <param name="Columns">Pixels from left to right.</param>
/// <param name="Pixels">(N, Rows * Columns), from 0 to 1, the brightest of all being 1.</param>
/// <param name="Labels">(N), 0 to 9.</param>
internal sealed partial record DigitImages(string Source, int Rows, int Columns, float[][] Pixels, int[] Labels)
{
    /// <summary>Digits that a label may be.</summary>
    public const int Classes = 10;

    private const double MostLevel = 9;

    /// <summary>Names under which tables have labels.</summary>
    private static readonly string[] LabelNames = ["label", "labels", "digit", "class", "target", "y"];

    public int Count => Labels.Length;

    public int Size => Rows * Columns;

    /// <summary>
    /// A table with the pixels of an image and its label in every row; or images and labels in files of their own, as MNIST has
    /// them, if the file of labels is found by its name unless it is said.
    /// </summary>
    /// <param name="images">.csv, .tsv, .npy, .npz, .safetensors, else IDX, plain or through gzip.</param>
    /// <param name="labels">A file of labels of the same kinds, or none.</param>
    /// <param name="column">Name or number of the column with the labels, or none: found.</param>
    public static DigitImages Read(string images, string? labels, string? column)
    {
        if (column != null && labels != null)
            throw new EmergenceException("--labels and --label-column: expected one of them", ExitCode.Usage);
        if (!DataFile.IsReference(images))
            return ReadIdx(images, labels ?? LabelsBeside(images));
        return labels == null ? ReadTable(images, column) : ReadPair(images, labels);
    }

    private static DigitImages ReadIdx(string images, string labels)
    {
        var pixels = IdxFile.Read(images, 3);
        var (rows, columns) = (pixels.Sizes[1], pixels.Sizes[2]);
        return Of(images, rows, columns, [.. pixels.Elements.Chunk(rows * columns).Select(row => Array.ConvertAll(row, p => (double)p))],
            ReadLabels(labels), labels);
    }

    private static DigitImages ReadTable(string images, string? column)
    {
        var table = DataFile.Read(images, new() { Use = ColumnUse.Chosen }).Whole();
        if (table.FirstIncomplete() is var missing and >= 0)
            throw Error(images, $"{table.Place(missing)} lacks a value: expected pixels and a label in every row");
        var at = column == null ? FindLabels(table) : table.Find(column);
        var side = Side(images, table.Columns.Count - 1, $"{table.Columns.Count} columns, of which one holds labels");
        var pixels = table.Columns.Where((_, i) => i != at).ToList();
        return Of(images, side, side, Values(table, pixels), table.Columns[at].Numbers, images);
    }

    private static DigitImages ReadPair(string images, string labels)
    {
        if (!images.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
        {
            var table = DataFile.Read(images, new() { Use = ColumnUse.Chosen }).Whole();
            var side = Side(images, table.Columns.Count, $"{table.Columns.Count} columns");
            return Of(images, side, side, Values(table, table.Columns), ReadLabels(labels), labels);
        }

        var array = NumpyFile.Read(images, UserFile.Read(images));
        var isFlat = array.Shape.Count == 2;
        if (!isFlat && array.Shape.Count != 3)
            throw Error(images, $"expected (N, pixels) or (N, rows, columns), found ({string.Join(", ", array.Shape)})");
        var columns = array.Flatten().Columns(null);
        var (rows, width) = isFlat ? (Side(images, columns.Length, $"{columns.Length} columns"), 0)
            : ((int)array.Shape[1], (int)array.Shape[2]);
        var stored = new DataTable(images, columns, []);
        return Of(images, rows, isFlat ? rows : width, Values(stored, columns), ReadLabels(labels), labels);
    }

    private static double[][] Values(DataTable table, IReadOnlyList<DataColumn> pixels)
    {
        if (pixels.FirstOrDefault(pixel => !Array.TrueForAll(pixel.Numbers, double.IsFinite)) is { } wrong)
            throw Error(table.Source, $"column {Printable.Quote(wrong.Name)} is not all numbers: expected those of pixels");
        return [.. Enumerable.Range(0, table.Rows).Select(row => pixels.Select(pixel => pixel.Numbers[row]).ToArray())];
    }

    private static double[] ReadLabels(string path)
    {
        if (!DataFile.IsReference(path))
            return Array.ConvertAll(IdxFile.Read(path, 1).Elements, label => (double)label);
        var table = DataFile.Read(path, new() { Use = ColumnUse.Chosen }).Whole();
        return table.Columns.Count == 1 ? table.Columns[0].Numbers
            : throw Error(path, $"expected one column of labels, found {table.Columns.Count}");
    }

    /// <summary>train-labels-idx1-ubyte beside train-images-idx3-ubyte, with .gz or without.</summary>
    private static string LabelsBeside(string images)
    {
        var (folder, name) = (Path.GetDirectoryName(images) ?? "", Path.GetFileName(images));
        if (!File.Exists(images))
            throw new EmergenceException($"no file {Printable.Quote(images)}: expected images of digits as .csv, .npy or IDX",
                ExitCode.Usage);
        var other = ImagesPattern().Replace(name, match => $"{match.Groups[1].Value.Replace("images", "labels")}idx1");
        var plain = other.EndsWith(".gz", StringComparison.Ordinal) ? other[..^3] : other;
        string[] names = [other, plain, $"{plain}.gz"];
        return names.Where(candidate => candidate != name).Select(candidate => Path.Combine(folder, candidate)).FirstOrDefault(File.Exists)
            ?? throw Error(images, $"has no {Printable.Quote(other == name ? "labels" : other)} beside it: expected --labels FILE");
    }

    /// <summary>The column of a usual name; else the first or the last one, if only one of them holds digits of several kinds.</summary>
    private static int FindLabels(DataTable table)
    {
        var columns = table.Columns;
        var named = Enumerable.Range(0, columns.Count).Where(i => LabelNames.Contains(columns[i].Name.ToLowerInvariant())).ToList();
        if (named.Count == 1)
            return named[0];
        var likely = new[] { columns.Count - 1, 0 }.Distinct().Where(i => AreDigits(columns[i])).ToList();
        return likely.Count == 1 ? likely[0] : throw Error(
            table.Source, $"{(likely.Count == 0 ? "neither" : "both")} the first and the last column may hold the labels, 0 to 9: "
            + "expected --label-column NAME");
    }

    private static bool AreDigits(DataColumn column) =>
        column.Levels > 1 && Array.TrueForAll(column.Numbers, value => value is >= 0 and <= MostLevel && double.IsInteger(value));

    private static int Side(string source, int pixels, string found) =>
        (int)Math.Sqrt(pixels) is var side && side > 0 && side * side == pixels ? side
        : throw Error(source, $"expected a square number of pixels, found {found}");

    private static DigitImages Of(string source, int rows, int columns, double[][] pixels, double[] labels, string labelSource)
    {
        if (pixels.Length != labels.Length)
            throw Error(source, $"has {pixels.Length} images, {Printable.Escape(labelSource)} {labels.Length} labels: expected as many");
        var wrong = Array.FindIndex(labels, label => !(label is >= 0 and <= MostLevel && double.IsInteger(label)));
        if (wrong >= 0)
            throw Error(labelSource, FormattableString.Invariant($"label {wrong} is {labels[wrong]}: expected a digit, 0 to 9"));
        var (least, most) = (pixels.Min(row => row.Min()), pixels.Max(row => row.Max()));
        if (!(least >= 0 && most > 0))
            throw Error(source, FormattableString.Invariant($"pixels are from {least} to {most}: expected none below 0 and one above"));
        return new(source, rows, columns, [.. pixels.Select(row => Array.ConvertAll(row, value => (float)(value / most)))],
            Array.ConvertAll(labels, label => (int)label));
    }

    private static EmergenceException Error(string source, string what) => new($"{Printable.Escape(source)}: {what}", ExitCode.Usage);

    [GeneratedRegex("(.*images[-._])idx3")]
    private static partial Regex ImagesPattern();
}
