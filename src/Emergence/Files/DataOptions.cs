namespace Emergence.Files;

/// <summary>Which columns of a file a table is made of.</summary>
public enum ColumnUse
{
    /// <summary>All but an index column; one that cannot be read is refused.</summary>
    All,

    /// <summary>Those that <see cref="DataTable.Choose"/> names afterwards; only one of these is refused if it cannot be read.</summary>
    Chosen,

    /// <summary>All but an index column and those that cannot be read, which the format says.</summary>
    Readable,
}

/// <summary>How a table is to be read if the file itself leaves it open.</summary>
public sealed record DataOptions
{
    /// <summary>Whether the first line of a CSV file names the columns; null: found from the file, or refused.</summary>
    public bool? Header { get; init; }

    /// <summary>Whether a comma is a decimal point; null: found from the file, or refused.</summary>
    public bool? DecimalComma { get; init; }

    /// <summary>What the columns are for.</summary>
    public ColumnUse Use { get; init; }

    /// <summary>Columns that hold labels, whatever they look like, by name or number from 0.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>All columns hold labels.</summary>
    public bool AllLabels { get; init; }

    /// <summary>Name of the array of a .safetensors or .npz file.</summary>
    public string? Tensor { get; init; }

    /// <summary>Position t of an array of (N, T, d), as capture writes them.</summary>
    public int? Position { get; init; }

    /// <summary>Forms of files that the caller reads, by extension such as ".parquet".</summary>
    public IReadOnlyDictionary<string, Func<string, DataOptions, DataTable>> Readers { get; init; } =
        new Dictionary<string, Func<string, DataOptions, DataTable>>();

    /// <summary>Numbers of the columns that the user says hold labels.</summary>
    /// <param name="names">Of all columns of the file.</param>
    public IReadOnlySet<int> LabelsAmong(IReadOnlyList<string> names) =>
        AllLabels ? Enumerable.Range(0, names.Count).ToHashSet() : [.. Labels.Select(word => DataTable.NumberOf(names, word))];
}
