using System.Text.Json;
using Emergence.Information.Noise;

namespace Emergence.Measurement.Grid;

/// <summary>What noise leaves of a cell, as a part of its line of results.jsonl.</summary>
internal static class NoiseJson
{
    public static void Write(Utf8JsonWriter json, IReadOnlyList<NoiseValue> values)
    {
        json.WriteStartArray("noise");
        foreach (var value in values)
        {
            json.WriteStartObject();
            CellJson.Write(json, "sigma", value.Sigma);
            CellJson.Write(json, "bits", value.Bits);
            CellJson.Write(json, "se_bits", value.StandardErrorBits);
            CellJson.Write(json, "remainder_bits", value.RemainderBits);
            CellJson.Write(json, "ie_se_bits", value.EmergenceErrorBits);
            CellJson.Write(json, "ie_sampling_bits", value.SamplingErrorBits);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static IReadOnlyList<NoiseValue> Read(JsonElement array) =>
    [
        .. array.EnumerateArray().Select(value =>
            new NoiseValue(CellJson.Number(value, "sigma"), CellJson.Number(value, "bits"), CellJson.Number(value, "se_bits"),
                CellJson.Number(value, "remainder_bits"))
            {
                EmergenceErrorBits = CellJson.Number(value, "ie_se_bits"),
                SamplingErrorBits = CellJson.Number(value, "ie_sampling_bits"),
            }),
    ];
}
