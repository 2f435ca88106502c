using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Models;
using Emergence.Studies;
using Emergence.Studies.InContext;
using Emergence.Tests.Cli;

namespace Emergence.Tests.Studies.InContext;

public sealed class InContextStudyTests
{
    private static readonly (string, string)[] Small =
        [("template", Stories.Template), ("demonstrations", "0,2"), ("trials", "3"), ("asked", "6"), ("ie-shots", "0")];

    /// <summary>The scores of the golden test of <see cref="LanguageModel.NextTokenLogits"/>, one prompt at a time.</summary>
    [Fact]
    public void Answers_are_those_of_the_models_own_scores()
    {
        using var device = DeviceTable.Create("cpu", new());
        using var model = LanguageModel.Load(ModelReference.Resolve("stories260k"), device);
        var task = Stories.Task();
        var trials = new InContextTrials(task, 4, 8, 1);
        foreach (var mapping in new AnswerMappings(task, null, 1).All(0))
        {
            var words = new WordPermutation(task.Examples.SelectMany(task.TextWords), 1);
            var tokens = mapping.Answers(1).Select(answer => task.AnswerToken(answer)!.Value).ToList();
            var expected = trials.Prompts(mapping, words, 4, 1).Select(prompt => model.NextTokenLogits(prompt))
                .Select(logits => logits[tokens[1]] > logits[tokens[0]] ? 1 : 0);
            Question[] questions = [trials.OfClasses(mapping, words, 2, 0), trials.OfMapping(mapping, [], 2, 0),
                trials.OfClasses(mapping, words, 4, 1)];

            var together = Question.Ask(model, questions, CancellationToken.None);

            Assert.Equal(expected, together[2]);
            Assert.Empty(together[1]);
            Assert.Equal(Question.Ask(model, questions[..1], CancellationToken.None)[0], together[0]);
        }
    }

    [Fact]
    public void The_better_of_two_words_is_found_by_the_model_that_told_the_story()
    {
        // "Once upon a" goes on with "time" in every story: the own score of w -> w on two words is not what is asked here.
        using var device = DeviceTable.Create("cpu", new());
        using var model = LanguageModel.Load(ModelReference.Resolve("stories260k"), device);
        var rows = Enumerable.Range(0, 4).Select(i => new[] { i % 2 == 0 ? "Once upon a" : "There was a", i % 2 == 0 ? "time" : "little" })
            .ToArray();
        var task = new InContextTask(Emergence.Datasets.ShotTemplate.Parse("{1} {2},"), Stories.Tokenizer, rows, rows);
        var trials = new InContextTrials(task, 2, 4, 1);
        var vanilla = new AnswerMapping("vanilla", _ => task.Words, null);

        var question = trials.OfClasses(vanilla, new([], 1), 0, 0);
        var predicted = Assert.Single(Question.Ask(model, [question], CancellationToken.None));

        Assert.Equal(trials.Queries(0).Select(row => row.Class), predicted);
        Assert.Equal(1, question.Accuracy(predicted));
    }

    [Fact]
    public void A_mapping_is_scored_by_itself_where_it_has_words_enough()
    {
        using var device = DeviceTable.Create("cpu", new());
        using var model = LanguageModel.Load(ModelReference.Resolve("stories260k"), device);
        var task = Stories.Task();
        var trials = new InContextTrials(task, 2, 3, 1);
        string[] vocabulary = ["time", "friend", "little", "said", "play", "Lily", "sentiment"];
        double Own(Func<string, string?>? target, params string[] words)
        {
            var question = trials.OfMapping(new("own", _ => task.Words, target), words, 2, 0);
            return question.Accuracy(Question.Ask(model, [question], CancellationToken.None)[0]);
        }

        Assert.Equal(1, Own(_ => "time", vocabulary)); // there is one image to choose
        Assert.True(double.IsNaN(Own(word => word, vocabulary[..4]))); // 2 to show and 3 to ask are 5
        Assert.True(double.IsNaN(Own(_ => "sentiment", vocabulary))); // not one token
        Assert.True(double.IsNaN(Own(null, vocabulary)));
        Assert.InRange(Own(word => word, vocabulary) * 3 % 1, 0, 1e-9); // of three
    }

    [Fact]
    public void A_study_scores_every_mapping_and_both_baselines()
    {
        var result = StudyRun.Of(new InContextStudy(), ["stories260k"],
            [.. Small, ("data", Stories.File(40)), ("queries", Stories.File(20))]);

        foreach (var mapping in (string[])["vanilla", "text words exchanged", "random words", "keywords"])
        {
            foreach (var shots in (string[])["0", "2"])
            {
                var f1 = StudyRun.Number(result, "scores", "f1", ("mapping", mapping), ("demonstrations", shots));
                Assert.InRange(f1, 0, 1);
                Assert.InRange(StudyRun.Number(result, "scores", "accuracy", ("mapping", mapping), ("demonstrations", shots)), f1 - 0.2, 1);
            }
        }

        // "play friend" against "said little" is told apart by counts of words after one text of either class
        Assert.Equal(1, StudyRun.Number(result, "scores", "f1", ("mapping", "logistic regression on words"), ("demonstrations", "2")),
            1e-12);
        Assert.Equal(1, StudyRun.Number(result, "scores", "f1", ("mapping", "least squares on embeddings"), ("demonstrations", "2")),
            1e-12);
        Assert.Equal(6 * 5 / 2, result.Tables.Single(table => table.Name == "tests").Table.Rows.Count);
        Assert.Equal(["f1", "chains"], result.Figures.Select(figure => figure.Name));
    }

    [Fact]
    public void Information_of_the_same_prompts_does_not_change_with_the_words_of_the_labels()
    {
        var result = StudyRun.Of(
            new InContextStudy(), ["stories260k"],
            [.. Small[..^1], ("ie-shots", "1"), ("field-tokens", "4"), ("estimator", "exact"), ("boundaries", "2"),
                ("data", Stories.File(40)), ("queries", Stories.File(20))]);

        (string, string)[] At(string mapping) => [("mapping", mapping), ("shot", "1")];
        var exact = StudyRun.Number(result, "ie", "exact_bits", At("vanilla"));
        Assert.True(exact > 1);
        Assert.Equal(exact, StudyRun.Number(result, "ie", "exact_bits", At("keywords")), 1e-9);
        Assert.Equal(exact, StudyRun.Number(result, "ie", "exact_bits", At("random words")), 1e-9);
        Assert.Contains(result.Sentences, sentence => sentence.Contains("E(T) after 1 shots differs by at most 0.000 bits"));
    }

    [Fact]
    public void What_is_done_is_not_done_again()
    {
        var (folder, file) = (TestData.TemporaryFolder(), Stories.File(60));
        (string, string)[] values = [.. Small, ("data", file)];
        var first = StudyRun.In(folder, new InContextStudy(), ["stories260k"], values);
        var journal = File.ReadAllLines(Path.Combine(folder, "results.jsonl"));

        // Without the end of the journal, and then with all of it.
        File.WriteAllLines(Path.Combine(folder, "results.jsonl"), journal[..^5]);
        var second = StudyRun.In(folder, new InContextStudy(), ["stories260k"], values);

        Assert.Equal(first.Finding, second.Finding);
        Assert.Equal(journal, File.ReadAllLines(Path.Combine(folder, "results.jsonl")));
    }

    [Theory]
    [InlineData("needs --data")]
    [InlineData("no file 'nowhere.tsv'", "--data", "nowhere.tsv")]
    [InlineData("expected whole numbers with commas, one above 0", "--data", "ROWS", "--demonstrations", "2,x")]
    [InlineData("--trials 1: expected a whole number, 2 or more", "--data", "ROWS", "--trials", "1")]
    [InlineData("expected rows of 1 words or fewer, found 0 of 20: raise --most-words", "--data", "ROWS", "--most-words", "1")]
    [InlineData("demonstrations need 10 rows of each label", "--data", "ROWS", "--demonstrations", "20", "--asked", "4")]
    [InlineData("40 queries need 20 rows of each label, but '", "--data", "ROWS")]
    [InlineData("--wordnet and --pairs: expected one of them", "--data", "ROWS", "--wordnet", ".", "--pairs", "ROWS")]
    [InlineData("expected the files of WordNet", "--data", "ROWS", "--wordnet", ".")]
    [InlineData("expected WORD TAB synonym|antonym|keyword TAB WORD", "--data", "ROWS", "--pairs", "ROWS")]
    [InlineData("map labels to short words", "--data", "ROWS", "--template", "{1} is {2:0=terrible,1=happy},")]
    public void Misuse_is_one_line(string expected, params string[] arguments)
    {
        var rows = Stories.File(20);
        string[] template = arguments.Contains("--template") ? [] : ["--template", Stories.Template];

        var (code, output, error) = Child.Run(
            ["study", "icl", "--model", "stories260k", "--out", Path.Combine(TestData.TemporaryFolder(), "study"), .. template,
                .. arguments.Select(word => word == "ROWS" ? rows : word)]);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(expected, error);
        Assert.StartsWith("emergence: ", error.Split('\n')[^2]);
    }
}
