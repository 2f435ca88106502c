namespace Emergence.Files;

/// <summary>How a table is to be read if the file itself leaves it open.</summary>
public sealed record DataOptions
{
    /// <summary>Whether the first line of a CSV file names the columns; null: found from the file, or refused.</summary>
    public bool? Header { get; init; }

    /// <summary>Whether a comma is a decimal point; null: found from the file, or refused.</summary>
    public bool? DecimalComma { get; init; }

    /// <summary>Columns are chosen by the user afterwards; else all are used, but for the index column that pandas writes.</summary>
    public bool IsChosen { get; init; }

    /// <summary>Columns that hold labels, whatever they look like, by name or number from 0.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>All columns hold labels.</summary>
    public bool AllLabels { get; init; }

    /// <summary>A column that cannot be read is left out, which the format says; else it is refused.</summary>
    public bool SkipsUnread { get; init; }

    /// <summary>Name of the array of a .safetensors or .npz file.</summary>
    public string? Tensor { get; init; }

    /// <summary>Position t of an array of (N, T, d), as capture writes them.</summary>
    public int? Position { get; init; }

    /// <summary>Forms of files that the caller reads, by extension such as ".parquet".</summary>
    public IReadOnlyDictionary<string, Func<string, DataOptions, DataTable>> Readers { get; init; } =
        new Dictionary<string, Func<string, DataOptions, DataTable>>();

    /// <summary>Whether the user says that a column holds labels, by its name or its number from 0.</summary>
    public bool IsLabel(string name, int column) =>
        AllLabels || Labels.Contains(name) || Labels.Contains(column.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
