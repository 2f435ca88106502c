using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Emergence.Tests.Files;

/// <summary>
/// As much of JSON Schema as the schemas in Golden use; a keyword that is not known here fails, so that none is passed over.
/// </summary>
internal sealed class JsonSchema(JsonObject root)
{
    private readonly List<string> _faults = [];

    public static JsonSchema Read(string path) => new(JsonNode.Parse(File.ReadAllText(path))!.AsObject());

    /// <summary>What is wrong with a value, each with where it stands.</summary>
    public IReadOnlyList<string> Faults(JsonNode value)
    {
        _faults.Clear();
        Check(root, value, "$");
        return [.. _faults];
    }

    private void Check(JsonObject schema, JsonNode? value, string where)
    {
        foreach (var (keyword, limit) in schema)
        {
            if (!Holds(schema, keyword, limit!, value, where))
                _faults.Add($"{where}: {value?.ToJsonString() ?? "null"} against {keyword} {limit!.ToJsonString()}");
        }
    }

    private bool Holds(JsonObject schema, string keyword, JsonNode limit, JsonNode? value, string where)
    {
        switch (keyword)
        {
            case "$schema" or "title" or "$defs":
                return true;
            case "$ref":
                Check(Find((string)limit!), value, where);
                return true;
            case "type":
                return Kind(value) == (string)limit!;
            case "const":
                return JsonNode.DeepEquals(limit, value);
            case "enum":
                return limit.AsArray().Any(one => JsonNode.DeepEquals(one, value));
            case "pattern":
                return value is JsonValue text && text.TryGetValue<string>(out var word) && Regex.IsMatch(word, (string)limit!);
            case "minimum":
                return Number(value) >= Number(limit);
            case "maximum":
                return Number(value) <= Number(limit);
            case "minItems":
                return value is JsonArray few && few.Count >= (int)limit;
            case "maxItems":
                return value is JsonArray many && many.Count <= (int)limit;
            case "items":
                foreach (var (i, item) in (value as JsonArray ?? []).Index())
                    Check(limit.AsObject(), item, $"{where}[{i}]");
                return true;
            case "required":
                return limit.AsArray().All(name => value is JsonObject json && json.ContainsKey((string)name!));
            case "properties":
                foreach (var (name, member) in limit.AsObject())
                {
                    if (value is JsonObject json && json.TryGetPropertyValue(name, out var found))
                        Check(member!.AsObject(), found, $"{where}.{name}");
                }

                return true;
            case "additionalProperties":
                var others = (value as JsonObject ?? new JsonObject()).Where(member => schema["properties"]?[member.Key] == null).ToList();
                if (limit is JsonValue)
                    return others.Count == 0;
                others.ForEach(member => Check(limit.AsObject(), member.Value, $"{where}.{member.Key}"));
                return true;
            default:
                throw new NotSupportedException($"the keyword {keyword} of a schema");
        }
    }

    private JsonObject Find(string reference) =>
        reference.TrimStart('#', '/').Split('/').Aggregate(root, (node, name) => node[name]!.AsObject());

    /// <summary>None, which no bound lets pass, of what is no number.</summary>
    private static double Number(JsonNode? value) =>
        Kind(value) is "integer" or "number" ? double.Parse(value!.ToJsonString(), CultureInfo.InvariantCulture) : double.NaN;

    private static string Kind(JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Number => value.ToJsonString().Contains('.', StringComparison.Ordinal) ? "number" : "integer",
        _ => "null",
    };
}
