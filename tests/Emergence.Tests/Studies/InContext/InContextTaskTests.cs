using Emergence.Datasets;
using Emergence.Studies.InContext;

namespace Emergence.Tests.Studies.InContext;

public sealed class InContextTaskTests
{
    [Fact]
    public void A_prompt_reads_as_the_template_says()
    {
        var task = Stories.Task();

        Assert.Equal(["big", "happy"], task.Words);
        Assert.Equal("time said little Lily is big,", Stories.Tokenizer.Decode(task.Shot(task.Examples[0], "big", null)).Trim());
        Assert.Equal("time play friend Tim is", Stories.Tokenizer.Decode(task.Query(task.Examples[1], null)).Trim());
        Assert.Equal("big : little,", Stories.Tokenizer.Decode(task.PairShot("big", "little")).Trim());
        Assert.Equal([.. task.Query(task.Examples[1], null), task.AnswerToken("happy")!.Value],
            task.Shot(task.Examples[1], "happy", null)[..^1]);
        Assert.Equal(["time", "said", "little", "Lily"], task.TextWords(task.Examples[0]));
    }

    [Fact]
    public void Words_of_several_tokens_are_no_answer()
    {
        Assert.Null(Stories.Task().AnswerToken("sentiment"));
        Assert.NotNull(Stories.Task().AnswerToken("friend"));
    }

    [Fact]
    public void A_permutation_exchanges_every_word_for_another_one()
    {
        string[] words = ["a", "b", "c", "d", "..."];
        var permutation = new WordPermutation(words, 1);

        var images = permutation.Apply("a b c d").Split(' ');

        Assert.Equal(["a", "b", "c", "d"], images.Order());
        Assert.All(images.Zip(words), pair => Assert.NotEqual(pair.First, pair.Second));
        Assert.Equal($"{images[0]} ... {images[0]} new", permutation.Apply("a ...  a new"));
        Assert.Equal(permutation.Apply("a b"), new WordPermutation(words.Reverse(), 1).Apply("a b"));
    }

    [Fact]
    public void Exchanged_words_leave_the_template_and_the_labels()
    {
        var task = Stories.Task();
        var words = new WordPermutation(task.Examples.SelectMany(task.TextWords), 1);

        var text = Stories.Tokenizer.Decode(task.Shot(task.Examples[0], "big", words)).Trim();

        Assert.Equal(words.Apply("time said little Lily") + " is big,", text);
        Assert.DoesNotContain("said little", text);
    }

    [Fact]
    public void Mappings_follow_the_relations()
    {
        var relations = Stories.Relations(
            (WordRelation.Antonym, "big", "sentiment"), (WordRelation.Antonym, "big", "little"), (WordRelation.Antonym, "happy", "friend"),
            (WordRelation.Synonym, "big", "very"), (WordRelation.Synonym, "very", "big"), (WordRelation.Synonym, "very", "time"),
            (WordRelation.Synonym, "happy", "very"), (WordRelation.Synonym, "happy", "named"), (WordRelation.Synonym, "named", "time"),
                (WordRelation.Synonym, "named", "said"));
        var mappings = new AnswerMappings(Stories.Task(), relations, 1);

        var all = mappings.All(depth: 3).ToDictionary(mapping => mapping.Name);

        Assert.Equal(["big", "happy"], all["vanilla"].Answers(0));
        Assert.Equal(["little", "friend"], all["antonyms"].Answers(0)); // "sentiment" is not one token
        Assert.Equal(["very", "named"], all["synonyms"].Answers(0)); // "very" is taken by the first label
        Assert.Equal(["time", "said"], all["synonyms of depth 2"].Answers(0)); // not back to "big", and "time" is taken
        Assert.DoesNotContain("synonyms of depth 3", all.Keys);
        Assert.Contains(mappings.Notes, note => note.Contains("synonyms of depth 3: left out, no word of one token for label 'big'"));
        Assert.Equal("little", all["antonyms"].Target!("big"));
        Assert.True(all["text words exchanged"].AltersText);
        Assert.Null(all["keywords"].Target);
    }

    [Fact]
    public void Opposite_labels_are_each_others_antonyms()
    {
        var relations = Stories.Relations(
            (WordRelation.Antonym, "big", "little"), (WordRelation.Antonym, "big", "happy"), (WordRelation.Antonym, "happy", "friend"),
                (WordRelation.Antonym, "happy", "big"));

        Assert.Equal(["happy", "big"], new AnswerMappings(Stories.Task(), relations, 1).All(0).Single(mapping => mapping.Name == "antonyms")
            .Answers(0));
    }

    [Fact]
    public void Keywords_are_those_of_the_file_or_the_words_that_tell_the_labels_apart()
    {
        var own = new AnswerMappings(Stories.Task(), null, 1).All(1).Single(mapping => mapping.Name == "keywords").Answers(0);
        Assert.Contains(own[0], (string[])["said", "little"]);
        Assert.Contains(own[1], (string[])["play", "friend"]);

        var relations = Stories.Relations((WordRelation.Keyword, "big", "time"), (WordRelation.Keyword, "happy", "day"));
        Assert.Equal(["time", "day"], new AnswerMappings(Stories.Task(), relations, 1).All(0).Single(mapping => mapping.Name == "keywords")
            .Answers(0));
    }

    [Fact]
    public void Random_answers_are_other_words_in_every_trial()
    {
        var random = new AnswerMappings(Stories.Task(), null, 1).All(0).Single(mapping => mapping.Name == "random words");

        var drawn = Enumerable.Range(0, 8).Select(random.Answers).ToList();

        Assert.All(drawn, answers => Assert.Equal(2, answers.Distinct().Except(["big", "happy"]).Count()));
        Assert.True(drawn.Select(answers => string.Join(' ', answers)).Distinct().Count() > 1);
        Assert.Equal(drawn[3], random.Answers(3));
    }

    [Fact]
    public void Trials_show_classes_evenly_and_more_shots_go_on_from_fewer()
    {
        var task = Stories.Task();
        var trials = new InContextTrials(task, 6, 8, 1);

        var rows = trials.Examples(2);

        Assert.Equal(6, rows.Distinct().Count());
        for (var i = 0; i < 6; i += 2)
            Assert.NotEqual(rows[i].Class, rows[i + 1].Class);
        Assert.Equal(4, trials.Queries(2).Count(row => row.Class == 0));
        Assert.NotEqual(trials.Examples(1), rows);
        var vanilla = new AnswerMappings(task, null, 1).All(0)[0];
        var (few, more) = (trials.Prompts(vanilla, new([], 1), 2, 2)[0], trials.Prompts(vanilla, new([], 1), 4, 2)[0]);
        Assert.Equal(few, more[^few.Length..]);
    }

    [Fact]
    public void Too_few_rows_of_a_label_are_one_line()
    {
        var error = Assert.Throws<EmergenceException>(() => new InContextTrials(Stories.Task(), 14, 8, 1).Examples(0));

        Assert.Equal("14 demonstrations need 7 rows of each label, but '0' has only 6", error.Message.Replace("'1'", "'0'"));
    }

    [Theory]
    [InlineData("{1} is {2},", "label '0' is not one token")]
    [InlineData("{1} is {1},", "expected a field for the text and one for the label, found 1")]
    public void A_bad_template_is_one_line(string template, string expected)
    {
        string[][] rows = template.Contains("{2}") ? [["a", "xyzzy"], ["b", "plugh"]] : [["a"], ["b"]];
        var error = Assert.Throws<EmergenceException>(() => new InContextTask(ShotTemplate.Parse(template), Stories.Tokenizer, rows, rows));

        Assert.Contains(expected.Replace("'0'", "'plugh'"), error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void One_label_is_no_task() =>
        Assert.Contains("expected 2 to 20 labels in field 2, found 1", Assert.Throws<EmergenceException>(() =>
            new InContextTask(ShotTemplate.Parse(Stories.Template), Stories.Tokenizer, [["a", "1"]], [["b", "1"]])).Message);
}
