using System.Text.Json;
using Emergence.Datasets;
using Emergence.Tokenizers;

namespace Emergence.Tests.Datasets;

public sealed class WordSequencesTests
{
    private static readonly string Stories = Path.Combine(TestData.Repository, "samples", "stories260k");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void All_sequences_of_the_sample_have_the_closed_form_entropies(int shots)
    {
        var data = Create("words", new DatasetOptions { Shots = shots, Sequences = 400_000, ModelFolder = Stories });

        var expected = Enumerable.Range(0, shots).Select(shot => 25 - shot).Aggregate(1L, (product, words) => product * words);
        Assert.Equal(expected, data.Count);
        Assert.True(data.IsEnumeration);
        for (var shot = 1; shot <= shots; shot++)
        {
            var bits = Enumerable.Range(0, shot).Sum(earlier => Math.Log2(25 - earlier));
            Assert.Equal((bits, bits), (data.PrefixBits[2 * shot - 2], data.PrefixBits[2 * shot - 1]), (a, b) =>
                Math.Abs(a.Item1 - b.Item1) < 1e-9 && Math.Abs(a.Item2 - b.Item2) < 1e-9);
            Assert.Equal(Math.Log2(25), data.TokenBits[2 * shot - 2], 1e-9);
            Assert.Equal(0, data.TokenBits[2 * shot - 1]);
        }
    }

    [Fact]
    public void A_shot_is_a_word_token_and_a_comma_and_words_do_not_repeat()
    {
        var data = Create("words", new DatasetOptions { Shots = 3, Sequences = 500, ModelFolder = Stories });

        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Stories, "tokenizer.json")));
        var vocabulary = file.RootElement.GetProperty("model").GetProperty("vocab");
        var words = File.ReadLines(Path.Combine(Stories, "words.txt")).Select(word => vocabulary.GetProperty("\u2581" + word).GetInt32())
            .ToHashSet();
        var comma = vocabulary.GetProperty(",").GetInt32();
        for (var n = 0; n < data.Count; n++)
        {
            int[] sequence = [.. data[n]];
            Assert.Equal(3, new[] { sequence[0], sequence[2], sequence[4] }.Where(words.Contains).Distinct().Count());
            Assert.Equal([comma, comma, comma], new[] { sequence[1], sequence[3], sequence[5] });
        }

        Assert.Equal(data.Count, Enumerable.Range(0, data.Count).Select(n => string.Join(' ', data[n].ToArray())).Distinct().Count());
    }

    [Fact]
    public void The_seed_decides_which_sequences_are_drawn()
    {
        string Id(ulong seed) => Create("words", new DatasetOptions { Sequences = 100, Seed = seed, ModelFolder = Stories }).Id;

        Assert.Equal(Id(1), Id(1));
        Assert.NotEqual(Id(1), Id(2));
    }

    [Theory]
    [InlineData("smollm2-135m", "country", 25)]
    [InlineData("smollm2-135m", "animal", 16)]
    [InlineData("smollm2-135m", "color", 15)]
    [InlineData("mistral", "country", 25)]
    [InlineData("mistral", "animal", 14)]
    [InlineData("mistral", "color", 15)]
    public void The_first_words_that_are_one_token_are_used(string tokenizerName, string list, int used)
    {
        var folder = TestData.Large(tokenizerName == "mistral" ? "golden/tokenizers/mistral" : "models/smollm2-135m");
        var tokenizer = Tokenizer.Load(folder);
        using var reference = JsonDocument.Parse(File.ReadAllBytes(TestData.Large("reference/entities.json")));
        var expected = reference.RootElement.GetProperty(list).GetProperty(tokenizerName).EnumerateArray().Select(word => word.GetString()!)
            .Take(used);

        var data = DatasetTable.Create(list, tokenizer, new DatasetOptions { Shots = 1, Sequences = 100 });

        Assert.Equal(expected, Enumerable.Range(0, data.Count).Select(n => tokenizer.Decode([data[n][0]]).Trim()));
        Assert.Equal(used < 15, data.Notes.Any(note => note != tokenizer.Warning));
    }

    [Fact]
    public void All_sequences_of_four_countries_are_the_published_number()
    {
        var data = DatasetTable.Create("country", Tokenizer.Load(TestData.Large("models/smollm2-135m")),
            new DatasetOptions { Shots = 4, Sequences = 303_600 });

        Assert.Equal(303_600, data.Count);
        Assert.True(data.IsEnumeration);
        double[] published = [4.644, 9.229, 13.752, 18.212];
        Assert.All(published.Index(), entry => Assert.Equal(entry.Item, data.PrefixBits[2 * entry.Index + 1], 5e-4));
    }

    [Fact]
    public void What_does_not_fit_is_listed()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "list.txt");
        File.WriteAllLines(path, ["Lily", "Zimbabwe", "mom", "Lily", ""]);

        var data = Create(path, new DatasetOptions { Shots = 2 });
        Assert.Equal("list: 2 of 3 words are used; not one token: Zimbabwe", Assert.Single(data.Notes));

        var error = Assert.Throws<EmergenceException>(() => Create(path, new DatasetOptions { Shots = 3 }));
        Assert.Contains("3 shots need as many words, but only 2 are one token in this tokenizer; not one token: Zimbabwe", error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void A_beginning_of_sequence_token_is_not_a_position()
    {
        var data = Create("words", new DatasetOptions { Shots = 2, BeginningOfSequence = true, ModelFolder = Stories });

        Assert.Equal((1, 4), (data.BeginningOfSequence, data.Length));
    }

    [Fact]
    public void With_replacement_sequences_repeat()
    {
        var data = Create("words", new DatasetOptions { Shots = 1, Sequences = 200, WithReplacement = true, ModelFolder = Stories });

        Assert.Equal(200, data.Count);
        Assert.False(data.IsEnumeration);
        Assert.True(data.PrefixBits[0] < Math.Log2(25));
    }

    private static Dataset Create(string name, DatasetOptions options) => DatasetTable.Create(name, Tokenizer.Load(Stories), options);
}
