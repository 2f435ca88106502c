using System.Text.Json;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>
/// Token ids of rows: a JSON list of lists, JSON lines with a list each, or what Hugging Face's tokenizers give, a dictionary
/// of input_ids and attention_mask (one of all rows, or one a line).
/// </summary>
public static class InputIds
{
    private const string Expected =
        "expected a list of lists of token ids, e.g. [[1,2],[1,3]], one list a line, or {\"input_ids\": ..., \"attention_mask\": ...}";

    public static IReadOnlyList<int[]> Read(string path)
    {
        var shown = Printable.Escape(path);
        var bytes = UserFile.Read(path);
        if (bytes.Length == 0)
            throw new EmergenceException($"{shown}: is empty (0 bytes); {Expected}", ExitCode.Usage);
        ReadOnlySpan<byte> mark = [0xef, 0xbb, 0xbf];
        var documents = new List<JsonElement>();
        try
        {
            var reader = new Utf8JsonReader(bytes.AsSpan().StartsWith(mark) ? bytes.AsSpan(mark.Length)
                : bytes, new JsonReaderOptions { AllowMultipleValues = true });
            while (reader.Read())
                documents.Add(JsonElement.ParseValue(ref reader));
        }
        catch (JsonException error)
        {
            throw new EmergenceException($"{shown}: {JsonMistake.Words(error, bytes.Length)}", ExitCode.Usage, error);
        }

        if (documents is [{ ValueKind: JsonValueKind.Array } only] && !path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase))
            documents = [.. only.EnumerateArray()];
        else if (documents is [{ ValueKind: JsonValueKind.Object } dictionary] && dictionary.TryGetProperty("input_ids", out var all)
            && all.ValueKind == JsonValueKind.Array && all.EnumerateArray().All(row => row.ValueKind == JsonValueKind.Array))
            return Rows(shown, all, dictionary);
        else if (documents is [] or [{ ValueKind: not JsonValueKind.Array }]
            && !(documents is [{ ValueKind: JsonValueKind.Object } one] && one.TryGetProperty("input_ids", out _)))
            throw new EmergenceException($"{shown}: {Expected}", ExitCode.Usage);
        return [.. documents.Select((row, index) => row.ValueKind == JsonValueKind.Object
            ? Unpad(shown, ReadRow(shown, IdsOf(shown, row, index), index), row.TryGetProperty("attention_mask", out var mask)
                ? ReadRow(shown, mask, index) : null, index)
            : ReadRow(shown, row, index))];
    }

    private static JsonElement IdsOf(string shown, JsonElement row, int index) =>
        row.TryGetProperty("input_ids", out var ids) && ids.ValueKind == JsonValueKind.Array
        ? ids
        : throw new EmergenceException(
            $"{shown}: row {index}: expected input_ids with token ids, found "
            + $"{string.Join(", ", row.EnumerateObject().Take(5).Select(field => Printable.Quote(field.Name)))}", ExitCode.Usage);

    private static int[][] Rows(string shown, JsonElement ids, JsonElement dictionary)
    {
        int[][] rows = [.. ids.EnumerateArray().Select((row, index) => ReadRow(shown, row, index))];
        if (!dictionary.TryGetProperty("attention_mask", out var masks))
            return rows;
        if (masks.ValueKind != JsonValueKind.Array || masks.GetArrayLength() != rows.Length)
            throw new EmergenceException($"{shown}: expected {rows.Length} rows of attention_mask, as there are of input_ids",
                ExitCode.Usage);
        return [.. masks.EnumerateArray().Select((mask, index) => Unpad(shown, rows[index], ReadRow(shown, mask, index), index))];
    }

    /// <summary>The row without the padding at its end; padding before or between tokens would move their positions.</summary>
    private static int[] Unpad(string shown, int[] row, int[]? mask, int index)
    {
        if (mask == null)
            return row;
        if (mask.Length != row.Length || Array.Exists(mask, value => value is not (0 or 1)))
            throw new EmergenceException($"{shown}: row {index}: expected an attention_mask of {row.Length} zeros and ones",
                ExitCode.Usage);
        var length = Array.LastIndexOf(mask, 1) + 1;
        return Array.IndexOf(mask, 0, 0, length) < 0
            ? row[..length]
            : throw new EmergenceException(
                $"{shown}: row {index} has padding before a token: expected it at the end (padding_side=\"right\"), since every position "
                + $"would be another one", ExitCode.Usage);
    }

    private static int[] ReadRow(string shown, JsonElement row, int index)
    {
        if (row.ValueKind != JsonValueKind.Array)
            throw new EmergenceException($"{shown}: row {index} is not a list of token ids", ExitCode.Usage);
        return [.. row.EnumerateArray().Select((id, position) => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var value)
            ? value
            : throw new EmergenceException(
                $"{shown}: row {index}, position {position}: {Printable.Escape(id.GetRawText())} is not a token id", ExitCode.Usage))];
    }
}
