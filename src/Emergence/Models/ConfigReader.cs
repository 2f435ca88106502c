using System.Globalization;
using System.Text.Json;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>
/// One JSON object of config.json. Null counts as absent. Keys that nobody asks for are collected, so that no setting
/// is passed over in silence.
/// </summary>
internal sealed class ConfigReader
{
    private readonly string _prefix;
    private readonly Dictionary<string, JsonElement> _values = [];
    private readonly HashSet<string> _asked = [];
    private readonly Dictionary<string, ConfigReader> _parts = [];

    public ConfigReader(JsonElement root, string prefix = "")
    {
        _prefix = prefix;
        foreach (var property in root.EnumerateObject())
            _values.Add(property.Name, property.Value);
    }

    /// <summary>Keys that were never asked for, e.g. "rope_parameters.beta_fast", in ordinal order.</summary>
    public IEnumerable<string> Unasked =>
        _values.Keys.Except(_asked).Select(key => _prefix + key).Concat(_parts.Values.SelectMany(part => part.Unasked)).Order(StringComparer.Ordinal);

    /// <summary>The value as it stands, or null where it is absent or null.</summary>
    public JsonElement? Find(string key)
    {
        _asked.Add(key);
        return _values.TryGetValue(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public int Whole(string key, int least, int most) =>
        WholeOrNull(key, least, most) ?? throw Error($"{_prefix}{key} is missing: expected a whole number from {least} to {most}");

    public int? WholeOrNull(string key, int least, int most)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var whole) && whole >= least && whole <= most)
            return (int)whole;
        throw Unexpected(key, $"a whole number from {least} to {most}", value);
    }

    /// <summary>A number with 0 &lt; value &lt;= most.</summary>
    public double Positive(string key, double? missing = null, double most = 1e12)
    {
        if (Find(key) is not { } value)
            return missing ?? throw Error($"{_prefix}{key} is missing: expected a positive number");
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number > 0 && number <= most)
            return number;
        throw Unexpected(key, string.Create(CultureInfo.InvariantCulture, $"a number above 0 and up to {most}"), value);
    }

    public bool Flag(string key, bool missing)
    {
        if (Find(key) is not { } value)
            return missing;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Unexpected(key, "true or false", value);
    }

    public string? Text(string key)
    {
        if (Find(key) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.String ? ReadText(key, value) : throw Unexpected(key, "a text", value);
    }

    public string[]? Texts(string key)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
            throw Unexpected(key, "a list of texts", value);
        return [.. value.EnumerateArray().Select(item => ReadText(key, item))];
    }

    public ConfigReader? Part(string key)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Object)
            throw Unexpected(key, "an object", value);
        if (!_parts.TryGetValue(key, out var part))
            _parts.Add(key, part = new(value, $"{_prefix}{key}."));
        return part;
    }

    /// <summary>An error that names the key, what it may be and what it is.</summary>
    public EmergenceException Unexpected(string key, string expected, JsonElement found)
    {
        var text = found.GetRawText();
        return Error($"{_prefix}{key} is {Printable.Escape(text)}, expected {expected}");
    }

    /// <summary>An error about the values of this object.</summary>
    public static EmergenceException Error(string message) => new($"config.json: {message}");

    private EmergenceException NotUnicode(string key, Exception error) => new($"config.json: {_prefix}{key} is not valid Unicode", inner: error);

    private string ReadText(string key, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            throw NotUnicode(key, error);
        }
    }
}
