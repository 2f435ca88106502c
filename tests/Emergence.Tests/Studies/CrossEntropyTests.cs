using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Files.Safetensors;
using Emergence.Models;
using Emergence.Studies.Skills;
using Emergence.Tokenizers;

namespace Emergence.Tests.Studies;

public sealed class CrossEntropyTests
{
    [Fact]
    public void Bits_equal_those_of_the_reference_logits()
    {
        using var device = DeviceTable.Create("cpu", new());
        using var model = LanguageModel.Load(ModelReference.Resolve("stories260k"), device);
        using var golden = SafetensorsFile.Open(TestData.Golden("stories260k/golden.safetensors"));
        var (windows, expected) = (new List<int[]>(), new List<double>());
        for (var prompt = 0; golden.Tensors.ContainsKey($"{prompt}.input_ids"); prompt++)
        {
            var ids = golden.ReadInt32($"{prompt}.input_ids");
            if (ids.Length < 2)
                continue;
            var logits = golden.ReadSingles($"{prompt}.logits").Chunk(model.VocabularySize).ToArray();
            windows.Add(ids);
            expected.Add(Enumerable.Range(0, ids.Length - 1)
                .Sum(t => (Math.Log(logits[t].Sum(x => Math.Exp(x))) - logits[t][ids[t + 1]]) / Math.Log(2)));
        }

        var bits = CrossEntropy.Bits(model, windows);

        Assert.NotEmpty(bits);
        for (var i = 0; i < bits.Length; i++)
            Assert.Equal(expected[i], bits[i], 1e-3 * windows[i].Length); // logits agree to 1e-4 of their size, about 10
    }

    [Fact]
    public void Bits_are_counted_by_token_and_by_byte()
    {
        using var device = DeviceTable.Create("cpu", new());
        var folder = ModelReference.Resolve("stories260k");
        using var model = LanguageModel.Load(folder, device);
        var tokenizer = Tokenizer.Load(folder);
        var path = Path.Combine(TestData.TemporaryFolder(), "a.txt");
        File.WriteAllText(path, "Once upon a time there was a little girl.\n\nShe had a dog and a big red ball.\nx\n");
        var documents = CrossEntropy.Windows(path, tokenizer, 8, 1_000);

        var cost = CrossEntropy.Measure(model, tokenizer, documents);

        Assert.All(documents.SelectMany(parts => parts), window => Assert.InRange(window.Length, 2, 8));
        Assert.Equal(documents.Sum(parts => parts.Sum(window => window.Length - 1)), cost.Tokens);
        Assert.Equal(documents.Sum(parts => CrossEntropy.Bits(model, parts).Sum()) / cost.Tokens, cost.BitsPerToken, 1e-9);
        Assert.InRange(cost.BitsPerToken, 0.5, 9); // log2 512 = 9 would be no model at all
        Assert.InRange(cost.BitsPerByte / cost.BitsPerToken, 1 / 6.0, 1);
        Assert.True(cost.StandardError > 0);
    }

    [Fact]
    public void No_more_tokens_are_taken_than_asked_for()
    {
        var tokenizer = Tokenizer.Load(ModelReference.Resolve("stories260k"));
        var path = Path.Combine(TestData.TemporaryFolder(), "a.txt");
        File.WriteAllLines(path, Enumerable.Repeat("Once upon a time there was a little girl.", 20));

        Assert.Equal(50, CrossEntropy.Windows(path, tokenizer, 64, 50).Sum(parts => parts.Sum(window => window.Length)));
    }

    [Fact]
    public void A_text_without_tokens_is_one_line()
    {
        var tokenizer = Tokenizer.Load(ModelReference.Resolve("stories260k"));
        var path = Path.Combine(TestData.TemporaryFolder(), "a.txt");
        File.WriteAllText(path, "a\n\na\n");

        Assert.Contains("expected a text", Assert.Throws<EmergenceException>(() => CrossEntropy.Windows(path, tokenizer, 8, 100)).Message);
        Assert.Contains("no file", Assert.Throws<EmergenceException>(() => CrossEntropy.Windows(path + "x", tokenizer, 8, 100)).Message);
    }
}
