using System.Buffers;
using System.Text.Json;
using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Measurement.Grid;
using Emergence.Models;

namespace Emergence.Measurement.Results;

/// <summary>A relation that was held against the estimator of a run, on the run's own activations.</summary>
/// <param name="Boundary">x is boundary l, y is l + 1.</param>
/// <param name="Position">t.</param>
/// <param name="Check">The relation and what was found.</param>
public sealed record SelfCheckLine(int Boundary, int Position, ConsistencyCheck Check);

/// <summary>The self-consistency battery of <c>measure --self-check</c>: at the first, the middle and the last layer measured.</summary>
internal static class SelfCheck
{
    public static IReadOnlyList<SelfCheckLine> Run(LanguageModel model, Dataset data, CellGrid grid, CriticPreset preset,
        MicroPosition microPosition, Action<int> progress, CancellationToken cancellation)
    {
        var boundaries = new SortedSet<int> { grid.Boundaries[0], grid.Boundaries[grid.Boundaries.Count / 2], grid.Boundaries[^1] };
        var position = grid.Positions[^1];
        var passes = new MacroMicroPasses(data, model.Config, microPosition);
        var lines = new List<SelfCheckLine>();
        foreach (var (l, x, y) in new BoundaryPairs(model, passes, boundaries).OfMacro(
            rows => passes.Macro[position].Classes(model.Device, rows), cancellation))
        {
            var joint = new JointClasses(x, y, data.IsEnumeration);
            progress(l);
            lines.AddRange(SelfConsistency.Check(model.Device, grid.Estimator, joint, preset, grid.Seeds, (uint)l + 1, cancellation)
                .Select(check => new SelfCheckLine(l, position, check)));
        }

        return lines;
    }

    public static byte[] Write(IReadOnlyList<SelfCheckLine> lines)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var (boundary, position, check) in lines)
            {
                json.WriteStartObject();
                json.WriteNumber("boundary", boundary);
                json.WriteNumber("position", position);
                json.WriteString("test", check.Test);
                json.WriteString("claim", check.Claim);
                CellJson.Write(json, "found_bits", check.FoundBits);
                CellJson.Write(json, "expected_bits", check.ExpectedBits);
                CellJson.Write(json, "tolerance_bits", check.ToleranceBits);
                json.WriteBoolean("is_bound", check.IsBound);
                if (check.Failure != null)
                    json.WriteString("failure", check.Failure);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    public static IReadOnlyList<SelfCheckLine> Read(byte[] bytes)
    {
        using var json = JsonDocument.Parse(bytes);
        return
        [
            .. json.RootElement.EnumerateArray().Select(line => new SelfCheckLine(
                line.GetProperty("boundary").GetInt32(),
                line.GetProperty("position").GetInt32(),
                new ConsistencyCheck(
                    line.GetProperty("test").GetString()!,
                    line.GetProperty("claim").GetString()!,
                    CellJson.Number(line, "found_bits"),
                    CellJson.Number(line, "expected_bits"),
                    CellJson.Number(line, "tolerance_bits"),
                    line.GetProperty("is_bound").GetBoolean(),
                    line.TryGetProperty("failure", out var failure) ? failure.GetString() : null))),
        ];
    }
}
