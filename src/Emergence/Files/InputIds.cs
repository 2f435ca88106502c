using System.Text.Json;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>A JSON file with a list of lists of token ids.</summary>
public static class InputIds
{
    public static IReadOnlyList<int[]> Read(string path)
    {
        var shown = Printable.Escape(path);
        using var json = UserFile.ReadJson(path);
        if (json.RootElement.ValueKind != JsonValueKind.Array)
            throw new EmergenceException($"{shown}: expected a list of lists of token ids, e.g. [[1,2],[1,3]]", ExitCode.Usage);
        return [.. json.RootElement.EnumerateArray().Select((row, index) => ReadRow(shown, row, index))];
    }

    private static int[] ReadRow(string shown, JsonElement row, int index)
    {
        if (row.ValueKind != JsonValueKind.Array)
            throw new EmergenceException($"{shown}: row {index} is not a list of token ids", ExitCode.Usage);
        return [.. row.EnumerateArray().Select((id, position) => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var value)
            ? value
            : throw new EmergenceException($"{shown}: row {index}, position {position}: {Printable.Escape(id.GetRawText())} is not a token id", ExitCode.Usage))];
    }
}
