using System.Text.Json.Nodes;

namespace Emergence.Measurement.Run;

/// <summary>Names the first setting in which two manifests differ.</summary>
internal static class ManifestDifference
{
    /// <summary>Members that describe a run without deciding about its results.</summary>
    private static readonly string[] Labels = ["created", "description", "command", RunManifest.WeightFiles];

    /// <summary>E.g. "seeds differs: 3 vs 5", or null.</summary>
    public static string? First(JsonNode? old, JsonNode? now, string name = "manifest")
    {
        if (old is JsonObject oldObject && now is JsonObject nowObject)
        {
            return oldObject.Select(member => member.Key).Union(nowObject.Select(member => member.Key))
                .Except(Labels)
                .Select(key => First(oldObject[key], nowObject[key], key))
                .FirstOrDefault(difference => difference != null);
        }

        return JsonNode.DeepEquals(old, now) ? null : $"{name} differs: {Show(old)} vs {Show(now)}";
    }

    /// <summary>A copy of what decides.</summary>
    public static JsonNode? WithoutLabels(JsonNode? node) => node is JsonObject json
        ? new JsonObject(json.Where(member => !Labels.Contains(member.Key))
            .Select(member => KeyValuePair.Create(member.Key, WithoutLabels(member.Value))))
        : node?.DeepClone();

    private static string Show(JsonNode? node) => node?.ToJsonString() ?? "none";
}
