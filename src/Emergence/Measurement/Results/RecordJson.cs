using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Emergence.Capture;
using Emergence.Information;
using Emergence.Measurement.Shards;
using Emergence.Messages;

namespace Emergence.Measurement.Results;

/// <summary>
/// Records that folders of results hold, read and written by code that the compiler makes of their members, so that a field is named
/// once and trimming takes none away. Numbers that are not finite are strings, for which JSON has no other word.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, IgnoreReadOnlyProperties = true,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true,
    Converters = [typeof(RecordJson.Words<StopReason>), typeof(RecordJson.Words<CaptureKind>), typeof(RecordJson.ShardWords)])]
[JsonSerializable(typeof(CellLine))]
[JsonSerializable(typeof(IReadOnlyList<ConsistencyCheck>))]
[JsonSerializable(typeof(ShardHeader))]
[JsonSerializable(typeof(NamedNumbers))]
internal sealed partial class RecordJson : JsonSerializerContext
{
    /// <summary>For a file that people read too.</summary>
    public static RecordJson Indented => new(new(Default.Options) { TypeInfoResolver = null, WriteIndented = true });

    public static byte[] Write<T>(T record, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(record, type);

    public static T Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(json, type) ?? throw new JsonException("null is no record");

    /// <summary>A line that is there as it was written, so that one that cannot be read is of another version.</summary>
    public static T ReadLine<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type)
    {
        try
        {
            return Read(json, type);
        }
        catch (JsonException error)
        {
            throw new EmergenceException(
                $"expected results as this version writes them, found a line of another: {JsonMistake.Reason(error)}", ExitCode.Failed,
                error);
        }
    }

    /// <summary>Names of an enumeration in small letters.</summary>
    internal sealed class Words<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
        where T : struct, Enum;

    /// <summary>A shard as users write it.</summary>
    internal sealed class ShardWords : JsonConverter<Shard>
    {
        public override Shard Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            Shards.Shard.Parse(reader.GetString() ?? "");

        public override void Write(Utf8JsonWriter writer, Shard value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}

/// <summary>A line of a study's journal.</summary>
/// <param name="Key">What the numbers are of.</param>
/// <param name="Values">The numbers.</param>
internal sealed record NamedNumbers(string Key, double[] Values);
