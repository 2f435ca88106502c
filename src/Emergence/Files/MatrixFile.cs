using System.Globalization;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>Arrays of users: .npy, .safetensors (FILE:TENSOR where there are several) and .csv.</summary>
public static class MatrixFile
{
    private const string Expected = "expected FILE.npy, FILE.safetensors[:TENSOR] or FILE.csv";

    public static Matrix Read(string reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        var (path, tensor) = Split(reference);
        if (!File.Exists(path))
            throw new EmergenceException($"no file '{path}': {Expected}", ExitCode.Usage);
        var matrix = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".npy" => NumpyFile.Read(path),
            ".safetensors" => ReadSafetensors(path, tensor),
            ".csv" => ReadCsv(path),
            _ => throw new EmergenceException($"cannot read '{path}': {Expected}", ExitCode.Usage),
        };
        var bad = Array.FindIndex(matrix.Values, value => !float.IsFinite(value));
        return bad < 0
            ? matrix
            : throw new EmergenceException($"{path}: row {bad / matrix.Columns}, column {bad % matrix.Columns} is {matrix.Values[bad]} in single precision: expected finite numbers", ExitCode.Usage);
    }

    /// <summary>(N) or (N, d) with at least one element; the shape of everything else is refused.</summary>
    internal static (int Rows, int Columns) Shape(string path, IReadOnlyList<long> shape)
    {
        if (shape.Count is < 1 or > 2 || shape.Any(size => size is < 1 or > int.MaxValue) || shape[0] > Array.MaxLength / shape[^1])
            throw new EmergenceException($"{path}: expected an array of shape (N) or (N, d), found ({string.Join(", ", shape)})", ExitCode.Usage);
        return ((int)shape[0], shape.Count == 1 ? 1 : (int)shape[1]);
    }

    private static (string Path, string? Tensor) Split(string reference)
    {
        const string Extension = ".safetensors:";
        var at = reference.IndexOf(Extension, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? (reference, null) : (reference[..(at + Extension.Length - 1)], reference[(at + Extension.Length)..]);
    }

    private static Matrix ReadSafetensors(string path, string? tensor)
    {
        using var file = SafetensorsFile.Open(path);
        var name = tensor ?? (file.Tensors.Count == 1
            ? file.Tensors.Keys.Single()
            : throw new EmergenceException($"{path} holds {file.Tensors.Count} tensors: name one, e.g. {path}:{file.Tensors.Keys.Order(StringComparer.Ordinal).FirstOrDefault("NAME")}", ExitCode.Usage));
        if (!file.Tensors.TryGetValue(name, out var entry))
            throw new EmergenceException($"{path} has no tensor {Printable.Quote(name)}", ExitCode.Usage);
        var (rows, columns) = Shape($"{path}:{name}", entry.Shape);
        return new(rows, columns, StoredType.ForWeights(entry.DType) is DType.Float32 or DType.Float16 or DType.BFloat16 ? file.ReadSingles(name) : SingleColumns.Round(path, file.ReadDoubles(name), columns));
    }

    /// <summary>Numbers between commas; a first line without any number is a header.</summary>
    private static Matrix ReadCsv(string path)
    {
        var (values, columns) = (new List<double>(), 0);
        foreach (var (number, fields) in CsvFile.Read(path).Where(row => !row.IsBlank))
        {
            if (number == 1 && fields.All(field => !TryParse(field, out _)))
                continue;
            columns = columns == 0 ? fields.Length : columns;
            if (fields.Length != columns)
                throw new EmergenceException($"{path}: line {number} has {fields.Length} fields, those before it {columns}", ExitCode.Usage);
            foreach (var field in fields)
                values.Add(TryParse(field, out var value) ? value : throw new EmergenceException($"{path}: line {number}: {Printable.Quote(field)} is not a number", ExitCode.Usage));
        }

        return columns > 0 ? new(values.Count / columns, columns, SingleColumns.Round(path, [.. values], columns)) : throw new EmergenceException($"{path} holds no numbers", ExitCode.Usage);
    }

    private static bool TryParse(string field, out double value) => double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
}
