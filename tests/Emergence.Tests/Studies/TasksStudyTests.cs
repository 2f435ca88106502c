using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Studies;
using Emergence.Tests.Capture;
using Emergence.Tests.Cli;
using Emergence.Tokenizers;

namespace Emergence.Tests.Studies;

public sealed class TasksStudyTests
{
    [Theory]
    [InlineData("addition", 55, "What is 4 plus 5? A: 9,")]
    [InlineData("subtraction", 55, "What is 9 minus 5? A: 4,")]
    [InlineData("comparison", 90, "Is 3 larger than 8? A: no,")]
    [InlineData("modular", 100, "What is 4 plus 9 modulo 5? A: 3,")]
    [InlineData("successor", 25, "What letter comes after P? A: Q,")]
    [InlineData("order", 650, "Which letter is first, T or C? A: C,")]
    [InlineData("unscramble", 30, "Unscramble t c a. A: cat,")]
    [InlineData("category", 32, "What is tiger? A: animal,")]
    public void Questions_have_their_answers(string name, int rows, string shot)
    {
        var task = GeneratedTasks.Find(name);
        var fields = ShotTemplate.Parse(task.Template).Fields;

        Assert.Equal(rows, task.Rows.Count);
        Assert.Contains(shot, task.Rows.Select(row =>
            fields.Zip(row).Aggregate(task.Template, (text, pair) => text.Replace($"{{{pair.First}}}", pair.Second))));
        Assert.All(task.Rows, row => Assert.Equal(fields.Count, row.Length));
    }

    [Fact]
    public void Answers_are_counted_at_their_position()
    {
        // Against the model's own scores, one sequence after the other.
        var folder = ModelReference.Resolve("stories260k");
        var tokenizer = Tokenizer.Load(folder);
        string[][] rows = [.. from subject in new[] { "the", "mom", "she" } from label in new[] { "up", "day", "her", "it" }
            select new[] { subject, label }];
        var made = TemplateSequences.Create("made", ShotTemplate.Parse("{a} was {b},"), rows, tokenizer,
            new DatasetOptions { Shots = 2, ModelFolder = folder }, fieldTokens: null);
        using var context = StudyRun.Context(TestData.TemporaryFolder(), new TasksStudy(), ["stories260k"]);
        var found = TasksStudy.Accuracies(context, context.Models[0], made);
        using var model = OutputHeadTests.Stories();

        // Behind each subject one of four labels is the likeliest.
        Assert.Equal(0.25, found[1], 1e-9);
        for (var shot = 0; shot < 2; shot++)
        {
            var at = shot * made.Data.ShotLength + made.LabelOffset;
            Assert.Equal(2, made.LabelOffset);
            var logits = Enumerable.Range(0, made.Data.Count).Select(n => model.NextTokenLogits(made.Data[n][..at])).ToList();
            Assert.Equal(logits.Index().Average(row => row.Item.Max() == row.Item[made.Data[row.Index][at]] ? 1.0 : 0), found[2 * shot],
                1e-9);
            Assert.Equal(logits.Index().Average(row => made.LabelTokens.Max(token => row.Item[token]) == row.Item[made.Data[row.Index][at]]
                ? 1.0 : 0), found[2 * shot + 1], 1e-9);
        }
    }

    [Fact]
    public void A_space_that_every_label_begins_with_belongs_to_the_question()
    {
        // This tokenizer splits digits from the space before them.
        var tokenizer = Tokenizer.Load(TestData.Large("models/smollm2-135m"));
        var task = GeneratedTasks.Find("addition");
        var made = TemplateSequences.Create(task.Name, ShotTemplate.Parse(task.Template), task.Rows, tokenizer,
            new DatasetOptions { Shots = 1 }, fieldTokens: null);

        Assert.Equal((55, 10), (made.Data.Count, made.LabelTokens.Count));
        for (var n = 0; n < made.Data.Count; n++)
            Assert.Matches(@"^ What is \d plus \d\? A: $", tokenizer.Decode(made.Data[n][..made.LabelOffset]));
        Assert.Equal(Enumerable.Range(0, 10).Select(digit => $"{digit}"), made.LabelTokens.Select(token => tokenizer.Decode([token]))
            .Order());
    }

    [Fact]
    public void An_unknown_task_is_one_line()
    {
        var (code, _, error) = Child.Run("study", "tasks", "--model", "stories260k", "--task", "chess", "--out",
            TestData.TemporaryFolder());

        Assert.Equal(2, code);
        Assert.Contains("unknown task 'chess': choose addition, subtraction", error);
    }
}
