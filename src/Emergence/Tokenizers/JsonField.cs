using System.Text;
using System.Text.Json;
using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>A value in a JSON file that knows its place, so that a wrong type becomes an error naming file and field.</summary>
/// <param name="file">The file.</param>
/// <param name="place">Where it stands, e.g. "model.vocab", but for the last indices.</param>
/// <param name="element">The value.</param>
/// <param name="outer">Its index in a list there; -1 for none. Lists are long, so that their items' places are not spelled out.</param>
/// <param name="inner">Its index in a list in that list; -1 for none.</param>
internal readonly struct JsonField(TokenizerFile file, string place, JsonElement element, int outer = -1, int inner = -1)
{
    public TokenizerFile File => file;

    public JsonElement Element => element;

    public bool IsNull => element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    public bool IsObject => element.ValueKind == JsonValueKind.Object;

    public bool IsText => element.ValueKind == JsonValueKind.String;

    /// <summary>Absent, or the number 0.</summary>
    public bool IsZero => IsNull || (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var value) && value == 0);

    /// <summary>The kind of component this object describes, e.g. "ByteLevel".</summary>
    public string Type => this["type"].Text();

    /// <summary>A field of this object; a null field if it is absent.</summary>
    public JsonField this[string name]
    {
        get
        {
            if (!IsObject)
                throw Error("an object");
            var field = Place.Length == 0 ? name : $"{Place}.{name}";
            return new(file, field, element.TryGetProperty(name, out var value) ? value : default);
        }
    }

    public string Text() => IsText ? element.GetString()! : throw Error("a text");

    /// <summary>The text, or null if the field is absent, null or empty.</summary>
    public string? OptionalText() => IsNull || Text() is { Length: 0 } ? null : Text();

    /// <summary>A text of one character.</summary>
    public Rune Character() =>
        Rune.TryGetRuneAt(Text() + '\0', 0, out var rune) && rune.Utf16SequenceLength == Text().Length ? rune
            : throw Error("one character");

    public bool Flag(bool absent) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null or JsonValueKind.Undefined => absent,
        _ => throw Error("true or false"),
    };

    /// <summary>A whole number from 0 to <paramref name="limit"/>.</summary>
    public int Whole(int limit) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var value) && value >= 0 && value <= limit
            ? (int)value
            : throw Error($"a whole number from 0 to {limit}");

    /// <summary>A number that is neither infinite nor none.</summary>
    public double Number() => element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var value) && double.IsFinite(value)
        ? value
        : throw Error("a finite number");

    /// <summary>The members of an array of two.</summary>
    public (JsonField First, JsonField Second) Pair() =>
        element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == 2
            ? (At(0, element[0]), At(1, element[1]))
            : throw Error("a list of two");

    /// <summary>The members of an array; none if the field is absent.</summary>
    public IEnumerable<JsonField> Items()
    {
        if (IsNull)
            yield break;
        if (element.ValueKind != JsonValueKind.Array)
            throw Error("a list");
        var index = 0;
        foreach (var item in element.EnumerateArray())
            yield return At(index++, item);
    }

    /// <summary>The fields of an object.</summary>
    public IEnumerable<(string Name, JsonField Value)> Fields()
    {
        if (!IsObject)
            throw Error("an object");
        foreach (var property in element.EnumerateObject())
            yield return (property.Name, new(file, Place, property.Value));
    }

    /// <summary>The error for a component that this program does not have.</summary>
    public EmergenceException Unsupported(string what) => file.Error($"{Place}: {what} is not supported");

    public EmergenceException Error(string expected)
    {
        var found = IsNull ? "nothing" : Printable.Quote(element.GetRawText());
        return file.Error($"{(Place.Length == 0 ? "the file" : Printable.Escape(Place))} must be {expected}, found {found}");
    }

    private string Place => outer < 0 ? place : inner < 0 ? $"{place}[{outer}]" : $"{place}[{outer}][{inner}]";

    private JsonField At(int index, JsonElement item) => outer < 0 ? new(file, place, item, index)
        : inner < 0 ? new(file, place, item, outer, index)
        : new(file, Place, item, index);
}
