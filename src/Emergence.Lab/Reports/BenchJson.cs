using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Emergence.Lab.Reports;

/// <summary>How a benchmark is written and read: by code that the compiler makes of its members, which trimming leaves whole.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n",
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, Converters = [typeof(BenchJson.FiniteOrNull)])]
[JsonSerializable(typeof(BenchFile))]
internal sealed partial class BenchJson : JsonSerializerContext
{
    /// <summary>Signs stand as they are: no browser reads this.</summary>
    public static BenchJson Readable =>
        new(new(Default.Options) { TypeInfoResolver = null, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>What is not finite is null.</summary>
    internal sealed class FiniteOrNull : JsonConverter<double>
    {
        public override bool HandleNull => true;

        public override double Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }
}
