using Emergence.Devices;
using Emergence.Devices.Randomness;

namespace Emergence.Studies.InContext;

/// <summary>
/// The rows that a trial shows and asks. Classes take turns in blocks of random order, so that any number of shots has them as
/// evenly as it can; more shots are the fewer ones and others before them. All mappings share the rows of a trial.
/// </summary>
/// <param name="task">The rows.</param>
/// <param name="most">Shots at most.</param>
/// <param name="queries">Queries of a trial.</param>
/// <param name="seed">Draws rows.</param>
internal sealed class InContextTrials(InContextTask task, int most, int queries, ulong seed)
{
    private const uint ExampleCell = 11, QueryCell = 12, PairCell = 13; // of the random stream

    /// <summary>The one that stands next to the query first.</summary>
    public IReadOnlyList<TaskRow> Examples(int trial) => Balanced(task.Examples, most, trial, ExampleCell, "demonstrations");

    public IReadOnlyList<TaskRow> Queries(int trial) => Balanced(task.Queries, queries, trial, QueryCell, "queries");

    /// <summary>The prompts of a trial: so many shots, then the query up to its answer.</summary>
    public int[][] Prompts(AnswerMapping mapping, WordPermutation words, int shots, int trial)
    {
        var (answers, exchanged) = (mapping.Answers(trial), mapping.AltersText ? words : null);
        int[] before = [.. Examples(trial).Take(shots).Reverse().SelectMany(row => task.Shot(row, answers[row.Class], exchanged))];
        return [.. Queries(trial).Select(row => (int[])[.. before, .. task.Query(row, exchanged)])];
    }

    /// <summary>The prompts of a trial, of which every class has an answer.</summary>
    public Question OfClasses(AnswerMapping mapping, WordPermutation words, int shots, int trial) => new(
        Prompts(mapping, words, shots, trial),
        [.. mapping.Answers(trial).Select(answer => task.AnswerToken(answer)!.Value)],
        [.. Queries(trial).Select(row => row.Class)]);

    /// <summary>
    /// Whether the model applies the mapping itself to words it was not shown: lines "word : image," and then a word; the
    /// images of all asked words are the choice. Nothing is asked if the mapping has too few words.
    /// </summary>
    public Question OfMapping(AnswerMapping mapping, IReadOnlyList<string> vocabulary, int shots, int trial)
    {
        var pairs = Pairs(mapping, vocabulary);
        if (pairs.Count < most + queries)
            return new([], [], []);
        var order = pairs.ToArray();
        new RandomSequence(seed + (ulong)trial, PairCell, RandomStream.Tasks).Shuffle<(string Word, string Image)>(order);
        int[] before = [.. order[queries..(queries + shots)].SelectMany(pair => task.PairShot(pair.Word, pair.Image))];
        var asked = order[..queries];
        int[] images = [.. asked.Select(pair => task.AnswerToken(pair.Image)!.Value).Distinct()];
        return new(
            [.. asked.Select(pair => (int[])[.. before, .. task.PairQuery(pair.Word)])], images,
            [.. asked.Select(pair => Array.IndexOf(images, task.AnswerToken(pair.Image)!.Value))]);
    }

    /// <summary>Words of one token with an image of one token.</summary>
    private List<(string Word, string Image)> Pairs(AnswerMapping mapping, IReadOnlyList<string> vocabulary) =>
        mapping.Target == null ? [] :
    [
        .. vocabulary.Except(task.Words).Select(word => (Word: word, Image: mapping.Target(word)))
            .Where(pair => pair.Image != null && task.AnswerToken(pair.Image) != null)
            .Select(pair => (pair.Word, pair.Image!)),
    ];

    private List<TaskRow> Balanced(IReadOnlyList<TaskRow> rows, int count, int trial, uint cell, string what)
    {
        var random = new RandomSequence(seed + (ulong)trial, cell, RandomStream.Tasks);
        var shuffled = rows.ToArray();
        random.Shuffle<TaskRow>(shuffled);
        var byClass = Enumerable.Range(0, task.Labels.Count).Select(c => new Queue<TaskRow>(shuffled.Where(row => row.Class == c)))
            .ToArray();
        var drawn = new List<TaskRow>();
        while (drawn.Count < count)
        {
            var turn = Enumerable.Range(0, byClass.Length).ToArray();
            random.Shuffle<int>(turn);
            foreach (var c in turn.Take(count - drawn.Count))
            {
                if (byClass[c].Count == 0)
                    throw new EmergenceException(
                        $"{count} {what} need {Ceiling.Of(count, byClass.Length)} rows of each label, but '{task.Labels[c]}' "
                        + $"has only {rows.Count(row => row.Class == c)}", ExitCode.Usage);
                drawn.Add(byClass[c].Dequeue());
            }
        }

        return drawn;
    }
}
