using System.Text.Json;
using Emergence.Capture;
using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Files.Safetensors;
using Emergence.Information.Statistics;
using Emergence.Models;
using Emergence.Studies;
using Emergence.Tests.Models;

namespace Emergence.Tests.Capture;

/// <summary>The model's head against scores and continuations of another implementation.</summary>
public sealed class OutputHeadTests
{
    [Fact]
    public void Behind_the_last_boundary_it_gives_the_models_logits()
    {
        using var model = Stories();
        using var golden = SafetensorsFile.Open(TestData.Golden("stories260k/golden.safetensors"));
        var prompts = Prompts(golden);
        var read = new float[prompts.Count][];

        new OutputHead(model).ReadLast(prompts, (i, logits) => read[i] = logits.ToArray(), CancellationToken.None);

        for (var i = 0; i < prompts.Count; i++)
        {
            var expected = golden.ReadSingles($"{i}.logits")[^model.VocabularySize..];
            RelativeError.Below(1e-4, read[i], expected, model.VocabularySize, $"prompt {i}");
            RelativeError.Below(1e-6, read[i], model.NextTokenLogits(prompts[i]), model.VocabularySize, $"prompt {i} of the model itself");
        }
    }

    [Fact]
    public void Accuracy_and_cross_entropy_are_those_of_the_golden_logits()
    {
        using var model = Stories();
        using var golden = SafetensorsFile.Open(TestData.Golden("stories260k/golden.safetensors"));
        foreach (var (prompt, tokens) in Prompts(golden).Index())
        {
            var expected = golden.ReadSingles($"{prompt}.logits").Chunk(model.VocabularySize).ToArray();
            var data = new Dataset("prompt", "none", tokens.Length, tokens);
            var (right, surprise) = (0, 0.0);
            Continuations.Read(model, data, [.. Enumerable.Range(0, tokens.Length - 1)], (t, sequences, logits) =>
            {
                Assert.Equal([0], sequences);
                right += Continuations.Best(logits) == tokens[t + 1] ? 1 : 0;
                surprise += Softmax.SurpriseBits(logits, tokens[t + 1]);
            }, CancellationToken.None);

            // The same from the other implementation's scores, in the plain form of the definition.
            Assert.Equal(Enumerable.Range(0, tokens.Length - 1).Count(t => Array.IndexOf(expected[t], expected[t].Max()) == tokens[t + 1]),
                right);
            Assert.Equal(Enumerable.Range(0, tokens.Length - 1)
                .Sum(t => -Math.Log2(Math.Exp(expected[t][tokens[t + 1]]) / expected[t].Sum(score => Math.Exp(score)))), surprise, 1e-3);
        }
    }

    [Fact]
    public void The_best_continuation_is_the_golden_greedy_one_at_every_step()
    {
        using var model = Stories();
        using var texts = JsonDocument.Parse(File.ReadAllBytes(TestData.Golden("stories260k/golden.json")));
        foreach (var text in texts.RootElement.EnumerateArray())
        {
            int[] prompt = Ids(text, "input_ids"), all = [.. prompt, .. Ids(text, "greedy_40")];
            var data = new Dataset("greedy", "none", all.Length, all);
            var best = new List<int>();
            Continuations.Read(model, data, [.. Enumerable.Range(prompt.Length - 1, 40)], (_, _, logits) =>
                best.Add(Continuations.Best(logits)), CancellationToken.None);

            Assert.Equal(Ids(text, "greedy_40"), best);
        }
    }

    [Fact]
    public void Among_some_tokens_the_best_is_chosen_there() =>
        Assert.Equal(3, Continuations.Best([9f, 1f, 2f, 4f, 4f], [1, 2, 3, 4]));

    internal static LanguageModel Stories() => LanguageModel.Load(ModelReference.Resolve("stories260k"), DeviceTable.Create("cpu", new()));

    private static List<int[]> Prompts(SafetensorsFile golden) => [.. Enumerable.Range(0, 100)
        .TakeWhile(i => golden.Tensors.ContainsKey($"{i}.input_ids")).Select(i => golden.ReadInt32($"{i}.input_ids"))];

    private static int[] Ids(JsonElement text, string key) => [.. text.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())];
}
