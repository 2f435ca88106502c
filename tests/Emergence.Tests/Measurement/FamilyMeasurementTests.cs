using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Files.Safetensors;
using Emergence.Measurement.Results;
using Emergence.Models;
using Emergence.Tests.Models;

namespace Emergence.Tests.Measurement;

/// <summary>Exact emergence of families of every kind, against counts of the rows that capture writes.</summary>
public sealed class FamilyMeasurementTests
{
    private const int Tokens = 4;

    [Theory]
    [InlineData("bloom")]
    [InlineData("gemma4")]
    [InlineData("granite")]
    [InlineData("headless-qwen3")]
    [InlineData("nested-mistral3")]
    [InlineData("rope-dynamic")]
    public void Exact_emergence_is_what_captured_rows_say(string name)
    {
        using var device = DeviceTable.Create("cpu", new());
        using var model = LanguageModel.Load(FamilyTests.Folder(name), device);
        var random = new Random(3);
        int[][] sequences = [.. Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, Tokens).Select(_ => 5 + random.Next(4)).ToArray())];
        var data = new Dataset("ids", "", Tokens, [.. sequences.SelectMany(sequence => sequence)]);
        int[] boundaries = [.. Enumerable.Range(0, model.Layers)];

        var measured = ExactEmergence.Of(model, data, boundaries, CancellationToken.None)
            .Mean([.. Enumerable.Range(0, sequences.Length)]).Bits;

        using var macro = GoldenModelTests.Captured(model, sequences, CaptureKind.Macro, logits: false);
        using var micro = GoldenModelTests.Captured(model, sequences, CaptureKind.Micro, logits: false);
        for (var t = 0; t < Tokens; t++)
        {
            var whole = boundaries.Average(l => Information(Rows(macro, l, t), Rows(macro, l + 1, t)));
            var alone = Enumerable.Range(0, t + 1)
                .Average(u => boundaries.Average(l => Information(Rows(micro, l, u), Rows(micro, l + 1, u))));
            Assert.Equal(whole - alone, measured[t], 1e-9);
        }

        string[] Rows(SafetensorsFile file, int boundary, int t) =>
            [.. file.ReadSingles($"boundary.{boundary}").Chunk(model.Width).Where((_, row) => row % Tokens == t)
                .Select(row => string.Join(',', row))];
    }

    /// <summary>H(X) + H(Y) - H(X, Y) of the rows as they are.</summary>
    private static double Information(string[] x, string[] y)
    {
        return Entropy(x) + Entropy(y) - Entropy([.. x.Zip(y, (a, b) => $"{a}|{b}")]);

        static double Entropy(string[] values) => -values.GroupBy(value => value)
            .Sum(group => group.Count() / (double)values.Length * Math.Log2(group.Count() / (double)values.Length));
    }
}
