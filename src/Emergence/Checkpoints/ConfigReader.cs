using System.Globalization;
using System.Text.Json;
using Emergence.Messages;

namespace Emergence.Checkpoints;

/// <summary>
/// One JSON object of config.json. Null is no value, where an absent key has the default of the architecture's class.
/// Keys that nobody asks for are collected, so that no setting is passed over in silence.
/// </summary>
internal sealed class ConfigReader
{
    private readonly string _prefix;
    private readonly Dictionary<string, JsonElement> _values = [];
    private readonly HashSet<string> _asked = [];
    private readonly Dictionary<string, ConfigReader> _parts = [];
    private readonly JsonElement? _defaults;

    /// <param name="root">The object.</param>
    /// <param name="prefix">Prefix of its keys in messages.</param>
    /// <param name="defaults">What holds for absent keys: those of the architecture's class.</param>
    public ConfigReader(JsonElement root, string prefix = "", JsonElement? defaults = null)
    {
        (_prefix, _defaults) = (prefix, defaults);
        foreach (var property in root.EnumerateObject())
            _values.Add(property.Name, property.Value);
    }

    public IEnumerable<string> Keys => _values.Keys;

    /// <summary>Keys that were never asked for, with their objects, in ordinal order.</summary>
    public IEnumerable<(ConfigReader Object, string Key)> Unasked =>
        _values.Keys.Except(_asked).Order(StringComparer.Ordinal).Select(key => (this, key)).Concat(
            _parts.Where(part => Has(part.Key)).OrderBy(part => part.Key, StringComparer.Ordinal).SelectMany(part => part.Value.Unasked));

    /// <summary>E.g. "rope_parameters.beta_fast".</summary>
    public string FullName(string key) => _prefix + key;

    /// <summary>The one of two spellings of a key that the file has; the first if it has neither.</summary>
    public string Spelled(string key, string other) => !Has(key) && Has(other) ? other : key;

    /// <summary>The value as it stands, or null if it is null, or absent without a default.</summary>
    public JsonElement? Find(string key)
    {
        _asked.Add(key);
        if (!_values.TryGetValue(key, out var value) && _defaults?.TryGetProperty(key, out value) != true)
            return null;
        return value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>Whether the file itself has the key, even as null.</summary>
    public bool Has(string key) => _values.ContainsKey(key);

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
    public double Positive(string key, double? missing = null, double most = 1e12) =>
        PositiveOrNull(key, most) ?? missing ?? throw Error($"{_prefix}{key} is missing: expected a positive number");

    public double? PositiveOrNull(string key, double most = 1e12)
    {
        if (Find(key) is not { } value)
            return null;
        return IsNumber(value, out var number) && number > 0 && number <= most
            ? number
            : throw Unexpected(key, string.Create(CultureInfo.InvariantCulture, $"a number above 0 and up to {most}"), value);
    }

    /// <summary>A factor by which something grows.</summary>
    public double AtLeastOne(string key, double? missing = null)
    {
        if (Find(key) is not { } value)
            return missing ?? throw Error($"{_prefix}{key} is missing: expected a number from 1");
        return IsNumber(value, out var number) && number >= 1 && number <= 1e12 ? number : throw Unexpected(key, "a number from 1", value);
    }

    public double? NumberOrNull(string key)
    {
        if (Find(key) is not { } value)
            return null;
        return IsNumber(value, out var number) && Math.Abs(number) <= 1e12 ? number : throw Unexpected(key, "a number", value);
    }

    /// <summary>So many numbers above 0.</summary>
    public double[] Positives(string key, int count)
    {
        if (Find(key) is not { } value)
            throw Error($"{_prefix}{key} is missing: expected a list of {count} numbers above 0");
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray()
            .Any(item => !IsNumber(item, out var number) || !(number > 0 && number <= 1e12)))
            throw Unexpected(key, $"a list of {count} numbers above 0", value);
        var numbers = value.EnumerateArray().Select(item => item.GetDouble()).ToArray();
        return numbers.Length == count ? numbers
            : throw Error($"{_prefix}{key} has {numbers.Length} numbers, expected {count}, one for each pair of columns that turns");
    }

    /// <summary>So many numbers, or null if there is no list.</summary>
    public double[]? NumbersOrNull(string key, int count)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != count || value.EnumerateArray()
            .Any(item => !IsNumber(item, out var number) || !(Math.Abs(number) <= 1e12)))
            throw Unexpected(key, $"a list of {count} numbers", value);
        return [.. value.EnumerateArray().Select(item => item.GetDouble())];
    }

    public bool Flag(string key, bool missing)
    {
        if (Find(key) is not { } value)
            return missing;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
            : throw Unexpected(key, "true or false", value);
    }

    public string? Text(string key)
    {
        if (Find(key) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.String ? ReadText(key, value) : throw Unexpected(key, "a text", value);
    }

    /// <summary>Zeros and ones, or false and true.</summary>
    public bool[]? Flags(string key)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray()
            .Any(item => item.GetRawText() is not ("0" or "1" or "false" or "true")))
            throw Unexpected(key, "a list of 0 and 1", value);
        return [.. value.EnumerateArray().Select(item => item.GetRawText() is "1" or "true")];
    }

    /// <summary>Throws unless the setting, or what holds without it, is the one that is supported.</summary>
    public void Require(string key, bool supported)
    {
        if (Flag(key, supported) != supported)
            throw Error(supported ? $"{_prefix}{key}=false is not supported (true is)"
                : $"{_prefix}{key}=true is not supported (false is)");
    }

    public string[]? Texts(string key)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
            throw Unexpected(key, "a list of texts", value);
        return [.. value.EnumerateArray().Select(item => ReadText(key, item))];
    }

    public int[]? Wholes(string key, int least, int most)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            throw Unexpected(key, $"a list of whole numbers from {least} to {most}", value);
        var wholes = new int[value.GetArrayLength()];
        for (var i = 0; i < wholes.Length; i++)
        {
            if (value[i].ValueKind != JsonValueKind.Number || !value[i].TryGetInt32(out wholes[i]) || wholes[i] < least || wholes[i] > most)
                throw Unexpected(key, $"a list of whole numbers from {least} to {most}", value);
        }

        return wholes;
    }

    /// <summary>Marks keys as known whose values change nothing that is computed here.</summary>
    public void Pass(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
            _asked.Add(key);
    }

    /// <summary>Marks all keys as known and returns their number.</summary>
    public int PassAll()
    {
        _asked.UnionWith(_values.Keys);
        return _values.Count;
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

    private static bool IsNumber(JsonElement value, out double number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out number);
    }

    private EmergenceException NotUnicode(string key, Exception error) =>
        new($"config.json: {_prefix}{key} is not valid Unicode", inner: error);

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
