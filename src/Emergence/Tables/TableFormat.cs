namespace Emergence.Tables;

/// <summary>How a table is written. Text, markdown and LaTeX are for reading (rounded); CSV, JSON and JSONL keep every digit.</summary>
public enum TableFormat
{
    Text,
    Markdown,
    Csv,
    Json,
    Jsonl,
    Latex,
}

public static class TableFormats
{
    /// <summary>The names users type, in the order in which help lists them.</summary>
    public const string Names = "md|csv|json|jsonl|latex|text";

    public static TableFormat Parse(string name) => name switch
    {
        "md" => TableFormat.Markdown,
        "csv" => TableFormat.Csv,
        "json" => TableFormat.Json,
        "jsonl" => TableFormat.Jsonl,
        "latex" => TableFormat.Latex,
        "text" => TableFormat.Text,
        _ => throw new EmergenceException($"unknown table format '{name}': use {Names}", ExitCode.Usage),
    };
}
