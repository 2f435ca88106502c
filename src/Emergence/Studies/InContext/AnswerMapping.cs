using Emergence.Datasets;
using Emergence.Devices.Randomness;

namespace Emergence.Studies.InContext;

/// <summary>What the answers of the prompts are exchanged for.</summary>
/// <param name="Name">As tables show it.</param>
/// <param name="Answers">(classes): the words, in a trial.</param>
/// <param name="Target">The mapping on any word, for its own score; null if it is one of the labels alone.</param>
/// <param name="AltersText">The words of the text are exchanged instead.</param>
internal sealed record AnswerMapping(string Name, Func<int, IReadOnlyList<string>> Answers, Func<string, string?>? Target,
    bool AltersText = false);

/// <summary>
/// The mappings of the structured task hypothesis (Li et al. 2024): labels as they are, random words, antonyms, synonyms,
/// chains of synonyms, keywords, and the text's words exchanged.
/// </summary>
/// <param name="task">The rows and the labels.</param>
/// <param name="relations">Synonyms, antonyms and keywords; null: mappings that need them are left out.</param>
/// <param name="seed">Draws random words.</param>
internal sealed class AnswerMappings(InContextTask task, WordRelations? relations, ulong seed)
{
    private const int LeastLetters = 3;
    private const uint Answers = 2, Targets = 3; // cells of the random stream

    private readonly List<string> _notes = [];
    private readonly string[] _frequent = FrequentWords(task);

    /// <summary>What was left out, and why.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Words of the texts that may be an answer, the most frequent first.</summary>
    public IReadOnlyList<string> FrequentAnswers => _frequent;

    public List<AnswerMapping> All(int depth)
    {
        var mappings = new List<AnswerMapping>
        {
            new("vanilla", _ => task.Words, word => word),
            new("text words exchanged", _ => task.Words, null, AltersText: true),
            Random(),
        };
        if (relations != null)
        {
            Add(mappings, "antonyms", [.. task.Words.Select(Antonym)], Antonym);
            for (var d = 1; d <= depth; d++)
                AddChain(mappings, d);
        }

        Add(mappings, "keywords", Keywords(), null);
        return mappings;
    }

    private void Add(List<AnswerMapping> mappings, string name, string?[] answers, Func<string, string?>? target)
    {
        var missing = Array.FindIndex(answers, answer => answer == null);
        if (missing >= 0)
            _notes.Add($"{name}: left out, no word of one token for label '{task.Words[missing]}'");
        else if (answers.Distinct().Count() < answers.Length)
            _notes.Add($"{name}: left out, two labels would have the same word, {string.Join(", ", answers)}");
        else
            mappings.Add(new(name, _ => answers!, target));
    }

    /// <summary>Other words in every trial, so that the mean over trials does not hang on one choice.</summary>
    private AnswerMapping Random()
    {
        string[] pool = [.. _frequent.Except(task.Words)];
        if (pool.Length < 2 * task.Words.Count)
            throw new EmergenceException(
                $"expected at least {2 * task.Words.Count} words of one token in the texts to draw random answers from, found "
                + $"{pool.Length}", ExitCode.Usage);
        var images = new Dictionary<string, string>();
        var (from, to) = ((string[])pool.Clone(), (string[])pool.Clone());
        new RandomSequence(seed, Targets, RandomStream.Tasks).Shuffle<string>(to);
        foreach (var (word, image) in from.Zip(to))
            images[word] = image;
        return new("random words", trial =>
        {
            var words = (string[])pool.Clone();
            new RandomSequence(seed + (ulong)trial, Answers, RandomStream.Tasks).Shuffle<string>(words);
            return words[..task.Words.Count];
        }, word => images.GetValueOrDefault(word));
    }

    private void AddChain(List<AnswerMapping> mappings, int depth)
    {
        var name = depth == 1 ? "synonyms" : $"synonyms of depth {depth}";
        // A chain keeps clear of the words of the chains before it.
        var taken = new HashSet<string>(task.Words);
        var answers = new string?[task.Words.Count];
        for (var c = 0; c < answers.Length; c++)
            answers[c] = Chain(task.Words[c], depth, taken);
        Add(mappings, name, answers, word => Chain(word, depth, []));
    }

    /// <summary>The first synonym of one token that was not met before, so many times; the words on the way are taken then.</summary>
    private string? Chain(string word, int depth, HashSet<string> taken)
    {
        taken.Add(word);
        for (var d = 0; d < depth; d++)
        {
            var next = relations!.Of(WordRelation.Synonym, word)
                .FirstOrDefault(other => !taken.Contains(other) && task.AnswerToken(other) != null);
            if (next == null)
                return null;
            taken.Add(next);
            word = next;
        }

        return word;
    }

    /// <summary>Another label if it is one, so that the antonyms of opposite labels are the labels exchanged.</summary>
    private string? Antonym(string word) => relations!.Of(WordRelation.Antonym, word).Where(other => task.AnswerToken(other) != null)
        .OrderBy(other => task.Words.Contains(other) ? 0 : 1).FirstOrDefault();

    /// <summary>
    /// Words of the file of pairs, if it has some; else the word of each class's texts with the highest log odds against the others,
    /// shrunk as by one text of either kind with it and one without.
    /// </summary>
    private string?[] Keywords()
    {
        var given = task.Words.Select(word => relations?.Of(WordRelation.Keyword, word)
            .FirstOrDefault(other => task.AnswerToken(other) != null)).ToArray();
        if (given.All(word => word != null))
            return given;
        var counts = new Dictionary<string, double[]>(StringComparer.Ordinal);
        var totals = new double[task.Words.Count];
        foreach (var row in task.Examples)
        {
            totals[row.Class]++;
            foreach (var word in task.TextWords(row).Distinct())
            {
                if (!counts.TryGetValue(word, out var own))
                    counts[word] = own = new double[totals.Length];
                own[row.Class]++;
            }
        }

        var candidates = _frequent.Except(task.Words).Where(counts.ContainsKey).ToList();
        return [.. Enumerable.Range(0, totals.Length).Select(c => candidates.MaxBy(word => LogOdds(counts[word], totals, c)))];
    }

    private static double LogOdds(double[] counts, double[] totals, int c)
    {
        var (inside, outside) = (counts[c], counts.Sum() - counts[c]);
        return Math.Log((inside + 1) / (totals[c] - inside + 1)) - Math.Log((outside + 1) / (totals.Sum() - totals[c] - outside + 1));
    }

    private static string[] FrequentWords(InContextTask task) =>
    [
        .. task.Examples.SelectMany(task.TextWords).Where(word => word.Length >= LeastLetters && word.All(char.IsAsciiLetterLower))
            .GroupBy(word => word).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.Key).Where(word => task.AnswerToken(word) != null),
    ];
}
