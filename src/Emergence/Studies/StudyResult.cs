using System.Text.Json.Nodes;
using Emergence.Pictures;
using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>A table of a study and the name of its files.</summary>
/// <param name="Name">Without ending, e.g. "gains".</param>
/// <param name="Caption">What the rows are.</param>
/// <param name="Table">The content.</param>
/// <param name="IsLong">Not printed on the terminal, and folded in the page.</param>
internal sealed record NamedTable(string Name, string Caption, Table Table, bool IsLong = false);

/// <summary>A picture of a study, the name of its file, and the sentence that says how to read it.</summary>
internal sealed record NamedFigure(string Name, string Caption, SvgFigure Figure);

/// <summary>What a study found.</summary>
internal sealed record StudyResult
{
    /// <summary>The answer in one sentence.</summary>
    public required string Finding { get; init; }

    /// <summary>What else the numbers say, and what they do not say.</summary>
    public IReadOnlyList<string> Sentences { get; init; } = [];

    /// <summary>What is the same throughout: data, sizes, protocol.</summary>
    public required IReadOnlyList<(string Name, string Value)> HeldFixed { get; init; }

    public IReadOnlyList<NamedTable> Tables { get; init; } = [];

    public IReadOnlyList<NamedFigure> Figures { get; init; } = [];

    /// <summary>Figures by names that scripts rely on.</summary>
    public IReadOnlyList<(string Name, JsonNode? Value)> Values { get; init; } = [];

    /// <summary>The whole result as one object: <see cref="Values"/>, then words and tables.</summary>
    public JsonObject ToJson(string study)
    {
        var json = new JsonObject { ["study"] = study };
        foreach (var (name, value) in Values)
            json[name] = value?.DeepClone();
        json["finding"] = Finding;
        json["sentences"] = new JsonArray([.. Sentences.Select(sentence => (JsonNode)sentence)]);
        json["held_fixed"] = new JsonObject(HeldFixed.Select(pair => KeyValuePair.Create(pair.Name, (JsonNode?)pair.Value)));
        json["tables"] = new JsonObject(Tables.Select(named =>
            KeyValuePair.Create(named.Name, JsonNode.Parse(named.Table.ToString(TableFormat.Json)))));
        return json;
    }
}
