using System.Runtime.InteropServices;
using Emergence.Capture;
using Emergence.Checkpoints;
using Emergence.Files.Safetensors;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Settings;
using Emergence.Models;
using Emergence.Reports;
using Emergence.Studies;
using Emergence.Tests.Models;
using Emergence.Tests.Studies;

namespace Emergence.Tests.Measurement;

/// <summary>Measurements of mixtures and of models with recurrences, and where routers send the tokens.</summary>
public sealed class RoutingTests
{
    private const int Vocabulary = 512;

    [Fact]
    public void Counts_become_shares_entropy_and_information()
    {
        // Token 7 goes to experts 0 and 1, token 9 to 0 and 2, wherever they stand.
        RoutedToken[] units = [new(7, 0, [0, 1]), new(9, 1, [0, 2]), new(9, 0, [0, 2]), new(7, 1, [0, 1])];
        var layer = LayerRouting.Of(3, 4, units);
        Assert.Equal([0.5, 0.25, 0.25, 0], layer.Shares);
        Assert.Equal((3, 1, 2.0), (layer.Layer, layer.Idle, layer.MostBits));
        Assert.Equal(1.5, layer.EntropyBits, 1e-12);

        // Half of the time the expert says nothing, else it names the token; the position never matters.
        Assert.Equal(0.5, layer.TokenBits, 1e-12);
        Assert.Equal(0, layer.PositionBits, 1e-12);
    }

    /// <summary>However the rows are cut into calls; the choices are those that the rows' own calls make.</summary>
    [Fact]
    public void A_run_tells_the_routing_of_every_layer()
    {
        var folder = WithWords("qwen2-moe");
        using var plan = new MeasurementPlan(Settings(folder));
        using var model = LanguageModel.Load(folder, plan.Device);
        var layers = new RoutingRun(model, plan.Data).Run(CancellationToken.None).ToList();
        var chosen = new Dictionary<int, List<RoutedToken>>();
        for (var n = 0; n < plan.Data.Count; n++)
        {
            var tokens = plan.Data[n].ToArray();
            model.Transformer.Routed = (layer, _, experts) =>
            {
                var each = experts.Length / tokens.Length;
                chosen.TryAdd(layer, []);
                chosen[layer].AddRange(tokens.Select((token, t) => new RoutedToken(token, t, experts[(t * each)..((t + 1) * each)])));
            };
            _ = model.NextTokenLogits(tokens);
        }

        Assert.Equal(chosen.Keys.Order(), layers.Select(layer => layer.Layer));
        foreach (var layer in layers)
        {
            var expected = LayerRouting.Of(layer.Layer, layer.Shares.Count, chosen[layer.Layer]);
            Assert.Equal(expected.Shares, layer.Shares);
            Assert.Equal((expected.EntropyBits, expected.TokenBits, expected.PositionBits),
                (layer.EntropyBits, layer.TokenBits, layer.PositionBits));
            Assert.InRange(layer.TokenBits, 0.01, layer.EntropyBits);
        }
    }

    [Fact]
    public void The_study_and_the_page_have_the_same_figures()
    {
        var folder = WithWords("mixtral");
        var result = StudyRun.Of(new RoutingStudy(), [folder], ("data", "words"), ("shots", "2"), ("sequences", "40"));
        using var plan = new MeasurementPlan(Settings(folder));
        var run = TestData.TemporaryFolder();
        var results = plan.Run(run, _ => { }, _ => { }, _ => { }, CancellationToken.None);
        var table = RoutingReport.Write(plan, results, run, CancellationToken.None);
        var names = table.Columns.Select(column => column.Name).ToList();
        Assert.NotEmpty(table.Rows);
        foreach (var row in table.Rows)
        {
            foreach (var column in (string[])["entropy_bits", "token_bits", "position_bits", "ie_bits"])
                Assert.Equal(row[names.IndexOf(column)].Value, StudyRun.Number(result, "layers", column, ("layer",
                    row[names.IndexOf("layer")].Show(table.Columns[0]))), 1e-9);
        }

        Assert.Contains("Where the routers send the tokens", File.ReadAllText(RunReport.Write(results, run)), StringComparison.Ordinal);
        File.AppendAllText(Path.Combine(run, "routing.csv"), "0,few\n");
        Assert.EndsWith($"routing.csv: line {table.Rows.Count + 2}: expected 10 figures, found 2",
            Assert.Throws<EmergenceException>(() => RunReport.Write(results, run)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_experts_is_refused()
    {
        using var plan = new MeasurementPlan(Settings(WithWords("mamba")));
        Assert.Equal("a mamba model has no layers with experts: there is no routing to look at",
            Assert.Throws<EmergenceException>(() => RoutingRun.RequireExperts(plan.Config)).Message);
    }

    /// <summary>Exact values are those of the bytes that a capture of the same sequences wrote.</summary>
    [Theory]
    [InlineData("mamba2")]
    [InlineData("lfm2")]
    [InlineData("mixtral")]
    [InlineData("nemotron-h")]
    public void Exact_values_are_those_of_captured_rows(string name)
    {
        var folder = WithWords(name);
        using var plan = new MeasurementPlan(Settings(folder));
        var results = plan.Run(TestData.TemporaryFolder(), _ => { }, _ => { }, _ => { }, CancellationToken.None);
        using var model = LanguageModel.Load(folder, plan.Device);
        int[][] sequences = [.. Enumerable.Range(0, plan.Data.Count).Select(n => plan.Data[n].ToArray())];
        foreach (var kind in (CaptureKind[])[CaptureKind.Macro, CaptureKind.Micro])
        {
            using var captured = GoldenModelTests.Captured(model, sequences, kind, logits: false);
            var rows = Enumerable.Range(0, model.Layers + 1).Select(l => Rows(captured, l, sequences.Length, plan.Data.Length)).ToList();
            foreach (var cell in results.Cells.Where(cell => cell.Cell.Kind == kind))
            {
                var (x, y) = (rows[cell.Cell.Boundary][cell.Cell.Position], rows[cell.Cell.Boundary + 1][cell.Cell.Position]);
                var expected = Bits(x) + Bits(y) - Bits([.. x.Zip(y, (a, b) => a + b)]);
                Assert.Equal(expected, cell.Information.MiBits, 1e-9);
            }
        }

        Assert.Contains(results.Cells, cell => cell.Information.MiBits > 1);
    }

    /// <summary>(T)(N): the bytes of every row as text.</summary>
    private static List<List<string>> Rows(SafetensorsFile captured, int boundary, int sequences, int tokens)
    {
        var values = captured.ReadSingles($"boundary.{boundary}");
        var rows = values.Chunk(values.Length / (sequences * tokens))
            .Select(row => Convert.ToHexString(MemoryMarshal.AsBytes(row.AsSpan()))).ToList();
        return [.. Enumerable.Range(0, tokens).Select(t => Enumerable.Range(0, sequences).Select(n => rows[n * tokens + t]).ToList())];
    }

    private static double Bits(IReadOnlyList<string> outcomes) =>
        -outcomes.GroupBy(outcome => outcome).Sum(group => (double)group.Count() / outcomes.Count * Math.Log2(
            (double)group.Count() / outcomes.Count));

    private static MeasurementSettings Settings(string folder) =>
        new() { Model = folder, Data = "words", Shots = 2, Sequences = 40, Estimator = "exact", Device = "cpu" };

    /// <summary>A golden model with the words of another one, whose vocabulary is larger: its own rows come again.</summary>
    internal static string WithWords(string name)
    {
        var forged = ForgedModel.Of(FamilyTests.Folder(name)).Set("vocab_size", Vocabulary);
        using var stored = SafetensorsFile.Open(Path.Combine(FamilyTests.Folder(name), "model.safetensors"));
        foreach (var entry in stored.Tensors.Values.Where(entry => entry.Name.Contains("embed_tokens", StringComparison.Ordinal)
            || entry.Name.Contains("embeddings", StringComparison.Ordinal) || entry.Name == "lm_head.weight").ToList())
        {
            var (values, width) = (stored.ReadSingles(entry.Name), (int)entry.Shape[1]);
            float[] wide = [.. Enumerable.Range(0, Vocabulary * width).Select(i =>
                values[i % values.Length] * (1 + 0.25f * (i / values.Length)))];
            forged.Add(entry.Name, wide, Vocabulary, width);
        }

        var folder = forged.Write();
        var words = ModelReference.Resolve("stories260k");
        foreach (var file in Directory.EnumerateFiles(words).Where(file =>
            Path.GetFileName(file).StartsWith("tokenizer", StringComparison.Ordinal)
                || file.EndsWith("words.txt", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return folder;
    }
}
