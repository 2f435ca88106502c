using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Emergence.Tests.Checkpoints;

/// <summary>
/// The rules of the reference implementation of safetensors (Rust crate, tensor.rs and serde_json), written down a second
/// time for differential tests: whatever our reader accepts, these must accept. It says yes where in doubt.
/// </summary>
internal static class ReferenceRules
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private static readonly Dictionary<string, int> Bits = new()
    {
        ["BOOL"] = 8, ["F4"] = 4, ["F6_E2M3"] = 6, ["F6_E3M2"] = 6, ["U8"] = 8, ["I8"] = 8, ["F8_E5M2"] = 8, ["F8_E4M3"] = 8,
        ["F8_E8M0"] = 8, ["F8_E4M3FNUZ"] = 8, ["F8_E5M2FNUZ"] = 8, ["I16"] = 16, ["U16"] = 16, ["F16"] = 16, ["BF16"] = 16,
        ["I32"] = 32, ["U32"] = 32, ["F32"] = 32, ["C64"] = 64, ["F64"] = 64, ["I64"] = 64, ["U64"] = 64,
    };

    public static bool Accepts(byte[] file)
    {
        if (file.Length < 8)
            return false;
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file);
        if (length > 100_000_000 || length > (ulong)(file.Length - 8))
            return false;
        try
        {
            var text = StrictUtf8.GetString(file, 8, (int)length);
            using var json = JsonDocument.Parse(text, new() { MaxDepth = 127 });
            var spans = Tensors(json.RootElement);
            return spans != null && Covers(spans, (ulong)file.Length - 8 - length);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or DecoderFallbackException or ArgumentException)
        {
            return false;
        }
    }

    private static List<(ulong Begin, ulong End)>? Tensors(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return null;
        var tensors = new Dictionary<string, JsonElement>();
        var metadata = 0;
        foreach (var member in root.EnumerateObject())
        {
            if (member.Name != "__metadata__")
                tensors[member.Name] = member.Value;
            else if (++metadata > 1 || !IsMetadata(member.Value))
                return null;
        }

        var spans = new List<(ulong, ulong)>();
        foreach (var tensor in tensors.Values)
        {
            if (Span(tensor) is not { } span)
                return null;
            spans.Add(span);
        }

        return spans;
    }

    private static bool IsMetadata(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null
        || (value.ValueKind == JsonValueKind.Object
            && value.EnumerateObject().All(member => member.Value.ValueKind == JsonValueKind.String && member.Value.GetString() != null));

    private static (ulong Begin, ulong End)? Span(JsonElement tensor)
    {
        if (tensor.ValueKind != JsonValueKind.Object)
            return null;
        var fields = tensor.EnumerateObject().Where(field => field.Name is "dtype" or "shape" or "data_offsets").ToArray();
        if (fields.Length != 3 || fields.DistinctBy(field => field.Name).Count() != 3)
            return null;
        if (!Bits.TryGetValue(tensor.GetProperty("dtype").GetString()!, out var bits))
            return null;
        if (Numbers(tensor.GetProperty("shape")) is not { } shape
            || Numbers(tensor.GetProperty("data_offsets")) is not { Length: 2 } offsets)
            return null;
        try
        {
            var count = shape.Aggregate(1UL, (product, size) => checked(product * size));
            var total = checked(count * (ulong)bits);
            var fits = total % 8 == 0 && offsets[1] >= offsets[0] && offsets[1] - offsets[0] == total / 8;
            return fits ? (offsets[0], offsets[1]) : null;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static ulong[]? Numbers(JsonElement array)
    {
        if (array.ValueKind != JsonValueKind.Array)
            return null;
        var numbers = new List<ulong>();
        foreach (var item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number
                || !ulong.TryParse(item.GetRawText(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return null;
            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static bool Covers(List<(ulong Begin, ulong End)> spans, ulong dataLength)
    {
        var end = 0UL;
        foreach (var span in spans.Order())
        {
            if (span.Begin != end)
                return false;
            end = span.End;
        }

        return end == dataLength;
    }
}
