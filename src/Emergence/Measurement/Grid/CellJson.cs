using System.Globalization;
using System.Text.Json;
using Emergence.Capture;
using Emergence.Information;
using Emergence.Information.Canonical;
using Emergence.Information.Critics;

namespace Emergence.Measurement.Grid;

/// <summary>A cell as a line of results.jsonl. Numbers that are not finite are strings, for which JSON has no other word.</summary>
internal static class CellJson
{
    public static void Write(Utf8JsonWriter json, string key, CellResult result)
    {
        var (cell, information) = (result.Cell, result.Information);
        json.WriteStartObject();
        json.WriteString("cell", key);
        json.WriteString("kind", cell.Kind.Word());
        json.WriteNumber("boundary", cell.Boundary);
        json.WriteNumber("position", cell.Position);
        json.WriteString("estimator", cell.Estimator);
        json.WriteNumber("seed", cell.Seed);
        Write(json, "mi_bits", information.MiBits);
        Write(json, "exact_bits", information.ExactBits);
        Write(json, "exact_se_bits", information.ExactStandardErrorBits);
        Write(json, "h_prefix_bits", information.HPrefixBits);
        if (!double.IsNaN(information.YBits))
            Write(json, "h_y_bits", information.YBits);
        Write(json, "log2_n", information.Log2N);
        json.WriteBoolean("enumeration", information.IsEnumeration);
        json.WriteNumber("k", information.K);
        json.WriteNumber("k_x", information.KX);
        json.WriteNumber("k_y", information.KY);
        Write(json, "mu", information.Mu);
        json.WriteNumber("collisions_x", information.CollisionsX);
        json.WriteNumber("collisions_y", information.CollisionsY);
        json.WriteNumber("steps", information.Steps);
        json.WriteString("stopped_by", information.StoppedBy.ToString().ToLowerInvariant());
        Write(json, "max_bits", information.MaxBits);
        Write(json, "last_mean_bits", information.LastMeanBits);
        Write(json, "held_out_bits", information.HeldOutBits);
        json.WriteNumber("steps_above_ceiling", information.StepsAboveCeiling);
        Write(json, "max_score", information.MaxScore);
        json.WriteNumber("non_finite", information.NonFinite);
        Write(json, "multiply_adds", information.MultiplyAdds);
        Write(json, "sampling_error_bits", result.SamplingError);
        json.WriteBoolean("of_source", information.IsOfSource);
        Write(json, "resolvable_bits", information.ResolvableBits);
        if (information.Doubt != null)
            json.WriteString("doubt", information.Doubt);
        if (information.Failure != null)
            json.WriteString("failure", information.Failure);
        if (information.Protocol != null)
            Write(json, information.Protocol);
        if (information.Canonical != null)
            Write(json, information.Canonical);
        if (!double.IsNaN(information.Sigma))
        {
            Write(json, "sigma", information.Sigma);
            Write(json, "se_bits", information.SamplingErrorBits);
        }

        if (information.Noise.Count > 0)
            NoiseJson.Write(json, information.Noise);
        json.WriteEndObject();
    }

    public static (string Key, CellResult Result) Read(byte[] line)
    {
        using var document = JsonDocument.Parse(line);
        var json = document.RootElement;
        var information = new MutualInformation
        {
            Estimator = json.GetProperty("estimator").GetString()!,
            Seed = json.GetProperty("seed").GetUInt64(),
            MiBits = Number(json, "mi_bits"),
            ExactBits = Number(json, "exact_bits"),
            ExactStandardErrorBits = Number(json, "exact_se_bits"),
            HPrefixBits = Number(json, "h_prefix_bits"),
            YBits = NumberOrNaN(json, "h_y_bits"),
            Log2N = Number(json, "log2_n"),
            IsEnumeration = json.GetProperty("enumeration").GetBoolean(),
            K = json.GetProperty("k").GetInt32(),
            KX = json.GetProperty("k_x").GetInt32(),
            KY = json.GetProperty("k_y").GetInt32(),
            Mu = Number(json, "mu"),
            CollisionsX = json.GetProperty("collisions_x").GetInt32(),
            CollisionsY = json.GetProperty("collisions_y").GetInt32(),
            Steps = json.GetProperty("steps").GetInt32(),
            StoppedBy = Enum.Parse<StopReason>(json.GetProperty("stopped_by").GetString()!, ignoreCase: true),
            MaxBits = Number(json, "max_bits"),
            LastMeanBits = Number(json, "last_mean_bits"),
            HeldOutBits = Number(json, "held_out_bits"),
            StepsAboveCeiling = json.GetProperty("steps_above_ceiling").GetInt32(),
            MaxScore = Number(json, "max_score"),
            NonFinite = json.GetProperty("non_finite").GetInt64(),
            MultiplyAdds = Number(json, "multiply_adds"),
            IsOfSource = json.GetProperty("of_source").GetBoolean(),
            ResolvableBits = Number(json, "resolvable_bits"),
            Doubt = json.TryGetProperty("doubt", out var doubt) ? doubt.GetString() : null,
            Failure = json.TryGetProperty("failure", out var failure) ? failure.GetString() : null,
            Canonical = json.TryGetProperty("canonical", out var canonical) ? ReadCanonical(canonical) : null,
            Protocol = json.TryGetProperty("protocol", out var protocol) ? ReadProtocol(protocol) : null,
            Sigma = NumberOrNaN(json, "sigma"),
            SamplingErrorBits = NumberOrNaN(json, "se_bits"),
            Noise = json.TryGetProperty("noise", out var noise) ? NoiseJson.Read(noise) : [],
        };
        var kind = json.GetProperty("kind").ValueEquals("macro") ? CaptureKind.Macro : CaptureKind.Micro;
        var cell = new Cell(kind, json.GetProperty("boundary").GetInt32(), json.GetProperty("position")
            .GetInt32(), information.Estimator, information.Seed);
        return (json.GetProperty("cell").GetString()!, new CellResult(cell, information, Number(json, "sampling_error_bits")));
    }

    private static void Write(Utf8JsonWriter json, ProtocolTrace trace)
    {
        json.WriteStartObject("protocol");
        json.WriteNumber("slice_start", trace.SliceStart);
        json.WriteNumber("slice_columns", trace.SliceColumns);
        json.WriteNumber("columns", trace.Columns);
        Write(json, "slice_bits", trace.SliceBits);
        json.WriteNumber("fitted_from", trace.FittedFrom);
        json.WriteNumber("max_step", trace.MaxStep);
        json.WriteNumber("max_step_f", trace.MaxStepCoincidences);
        json.WriteNumber("overflow_steps", trace.OverflowSteps);
        json.WriteNumber("first_overflow", trace.FirstOverflow);
        json.WriteStartArray("by_f");
        foreach (var bin in trace.Bins)
        {
            json.WriteStartObject();
            Write(json, "f", bin.Coincidences);
            json.WriteNumber("steps", bin.Steps);
            Write(json, "minus_log2_f", bin.MinusLog2);
            Write(json, "mean_bits", bin.MeanBits);
            Write(json, "max_bits", bin.MaxBits);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, CanonicalTrace trace)
    {
        json.WriteStartObject("canonical");
        Write(json, "start_bits", trace.StartBits);
        json.WriteNumber("back_offs", trace.BackOffs);
        json.WriteNumber("pairs", trace.Pairs);
        Write(json, "first_correlation", trace.FirstCorrelation);
        Write(json, "last_correlation", trace.LastCorrelation);
        Write(json, "multiply_adds", trace.MultiplyAdds);
        foreach (var (side, name) in new[] { (trace.X, "x"), (trace.Y, "y") })
        {
            json.WriteStartObject(name);
            json.WriteNumber("coordinates", side.Coordinates);
            json.WriteNumber("dropped", side.Dropped);
            json.WriteNumber("ties", side.Ties);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static CanonicalTrace ReadCanonical(JsonElement json) => new(
        Number(json, "start_bits"),
        json.GetProperty("back_offs").GetInt32(),
        json.GetProperty("pairs").GetInt32(),
        Number(json, "first_correlation"),
        Number(json, "last_correlation"),
        Number(json, "multiply_adds"),
        ReadSide(json.GetProperty("x")),
        ReadSide(json.GetProperty("y")));

    private static WhitenedSide ReadSide(JsonElement json) =>
        new(json.GetProperty("coordinates").GetInt32(), json.GetProperty("dropped").GetInt32(), json.GetProperty("ties").GetInt32());

    private static ProtocolTrace ReadProtocol(JsonElement json) => new()
    {
        SliceStart = json.GetProperty("slice_start").GetInt32(),
        SliceColumns = json.GetProperty("slice_columns").GetInt32(),
        Columns = json.GetProperty("columns").GetInt32(),
        SliceBits = Number(json, "slice_bits"),
        FittedFrom = json.GetProperty("fitted_from").GetInt32(),
        MaxStep = json.GetProperty("max_step").GetInt32(),
        MaxStepCoincidences = json.GetProperty("max_step_f").GetInt32(),
        OverflowSteps = json.GetProperty("overflow_steps").GetInt32(),
        FirstOverflow = json.GetProperty("first_overflow").GetInt32(),
        Bins = [.. json.GetProperty("by_f").EnumerateArray()
            .Select(bin => new CoincidenceBin(Number(bin, "f"), bin.GetProperty("steps")
            .GetInt32(), Number(bin, "minus_log2_f"), Number(bin, "mean_bits"), Number(bin, "max_bits")))],
    };

    internal static void Write(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
    }

    private static double NumberOrNaN(JsonElement json, string name) => json.TryGetProperty(name, out _) ? Number(json, name) : double.NaN;

    internal static double Number(JsonElement json, string name)
    {
        var value = json.GetProperty(name);
        return value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.Parse(value.GetString()!, CultureInfo.InvariantCulture);
    }
}
