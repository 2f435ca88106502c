using System.IO.Compression;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>Tables of users: .npy, .npz and .safetensors (FILE:NAME if there are several arrays), .csv and .tsv.</summary>
public static class DataFile
{
    private static readonly string[] s_forms = ["FILE.npy", "FILE.npz[:NAME]", "FILE.safetensors[:TENSOR]", "FILE.csv", "FILE.tsv"];

    public static DataTable Read(string reference, DataOptions options)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(options);
        var table = ReadAny(reference, options).WithoutInfinite();
        return options.Use switch
        {
            ColumnUse.All => table.Whole("--columns"),
            ColumnUse.Readable => table.WithoutUnread(),
            _ => table,
        };
    }

    private static DataTable ReadAny(string reference, DataOptions options)
    {
        var (path, name) = Split(reference);
        name ??= options.Tensor;
        if (!File.Exists(path))
            throw new EmergenceException($"no file '{Printable.Escape(path)}': {Expected(options)}", ExitCode.Usage);
        var extension = Path.GetExtension(path).ToLowerInvariant();
        if (options.Readers.TryGetValue(extension, out var reader))
            return reader(path, options);
        return extension switch
        {
            ".npy" => OfArray(reference, NumpyFile.Read(path, File.ReadAllBytes(path)), options),
            ".npz" => OfArray(reference, ReadZip(path, name), options),
            ".safetensors" => OfArray(reference, ReadSafetensors(path, name), options),
            ".csv" or ".tsv" => CsvTable.Read(path, options),
            _ => throw new EmergenceException($"cannot read '{Printable.Escape(path)}': {Expected(options)}", ExitCode.Usage),
        };
    }

    /// <summary>Whether a word is a file of such a form, not the name of a column.</summary>
    public static bool IsReference(string word, DataOptions? options = null)
    {
        var extension = Path.GetExtension(Split(word).Path).ToLowerInvariant();
        return extension is ".npy" or ".npz" or ".safetensors" or ".csv" or ".tsv" || options?.Readers.ContainsKey(extension) == true;
    }

    private static string Expected(DataOptions options)
    {
        string[] forms = [.. s_forms, .. options.Readers.Keys.Select(extension => "FILE" + extension)];
        return $"expected {string.Join(", ", forms.SkipLast(1))} or {forms[^1]}";
    }

    private static DataTable OfArray(string reference, StoredArray array, DataOptions options)
    {
        var columns = array.Columns(options.Position);
        var labels = options.LabelsAmong(Array.ConvertAll(columns, column => column.Name));
        return new(reference,
            [.. columns.Select((column, number) => column with { Number = number, IsSaidLabels = labels.Contains(number) })], [array.Type]);
    }

    private static (string Path, string? Name) Split(string reference)
    {
        foreach (var extension in new[] { ".safetensors:", ".npz:" })
        {
            var at = reference.IndexOf(extension, StringComparison.OrdinalIgnoreCase);
            if (at >= 0)
                return (reference[..(at + extension.Length - 1)], reference[(at + extension.Length)..]);
        }

        return (reference, null);
    }

    private static StoredArray ReadSafetensors(string path, string? name)
    {
        using var file = SafetensorsFile.Open(path);
        var chosen = Choose(path, [.. file.Tensors.Keys], name);
        var entry = file.Tensors[chosen];
        if (entry.ByteLength > Array.MaxLength)
            throw new EmergenceException(
                $"{path}: tensor {Printable.Quote(chosen)} of {entry.ByteLength} bytes is too large to be read at once", ExitCode.Usage);
        var bytes = new byte[entry.ByteLength];
        file.Read(entry, 0, bytes);
        return new($"{path}:{chosen}", entry.Shape, entry.DType, bytes);
    }

    private static StoredArray ReadZip(string path, string? name)
    {
        try
        {
            using var zip = ZipFile.OpenRead(path);
            var entries = zip.Entries.Where(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal))
                .ToDictionary(entry => entry.FullName[..^4]);
            var chosen = Choose(path, [.. entries.Keys], name);
            using var bytes = new MemoryStream();
            using (var stream = entries[chosen].Open())
                stream.CopyTo(bytes);
            return NumpyFile.Read($"{path}:{chosen}", bytes.ToArray());
        }
        catch (Exception error) when (error is InvalidDataException or ArgumentException or IOException)
        {
            throw new EmergenceException($"{path} cannot be read as .npz: {Printable.Escape(error.Message)}", ExitCode.Usage, error);
        }
    }

    private static string Choose(string path, List<string> names, string? name)
    {
        if (name != null)
            return names.Contains(name) ? name
                : throw new EmergenceException($"{path} has no tensor {Printable.Quote(name)}: it holds {Sample(names)}", ExitCode.Usage);
        return names.Count == 1 ? names[0]
            : throw new EmergenceException(
                $"{path} holds {names.Count} tensors: name one, e.g. {path}:{names.Order(StringComparer.Ordinal).FirstOrDefault("NAME")}",
                ExitCode.Usage);
    }

    private static string Sample(List<string> names) => names.Count == 0 ? "none"
        : string.Join(", ", names.Order(StringComparer.Ordinal).Take(8).Select(Printable.Escape)) + (names.Count > 8 ? ", ..." : "");
}
