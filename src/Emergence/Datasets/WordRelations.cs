using System.Text;
using Emergence.Messages;

namespace Emergence.Datasets;

/// <summary>How one word leads to another.</summary>
internal enum WordRelation
{
    Synonym,
    Antonym,

    /// <summary>A word of the topic that the first one names.</summary>
    Keyword,
}

/// <summary>Words that lead to other words, the closest first; in lower case.</summary>
internal sealed class WordRelations
{
    private readonly Dictionary<(WordRelation, string), List<string>> _targets = [];
    private readonly List<(WordRelation Relation, string Word, string Target)> _pairs = [];

    public IReadOnlyList<string> Of(WordRelation relation, string word) =>
        _targets.TryGetValue((relation, word.ToLowerInvariant()), out var found) ? found : [];

    /// <summary>All pairs of a relation, in the order in which they were read.</summary>
    public IEnumerable<(string Word, string Target)> Pairs(WordRelation relation) =>
        _pairs.Where(pair => pair.Relation == relation).Select(pair => (pair.Word, pair.Target));

    public void Add(WordRelation relation, string word, string target)
    {
        (word, target) = (word.ToLowerInvariant(), target.ToLowerInvariant());
        if (!_targets.TryGetValue((relation, word), out var targets))
            _targets[(relation, word)] = targets = [];
        if (word == target || targets.Contains(target))
            return;
        targets.Add(target);
        _pairs.Add((relation, word, target));
    }

    /// <summary>Lines WORD TAB RELATION TAB WORD; synonyms and antonyms hold in both directions, # begins a comment.</summary>
    public static WordRelations ReadPairs(string path)
    {
        if (!File.Exists(path))
            throw new EmergenceException($"no file {Printable.Quote(path)}: expected lines WORD TAB synonym|antonym|keyword TAB WORD",
                ExitCode.Usage);
        var (relations, number) = (new WordRelations(), 0);
        foreach (var line in File.ReadLines(path, new UTF8Encoding(false)))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line) || line.StartsWith('#'))
                continue;
            var fields = line.Split('\t', StringSplitOptions.TrimEntries);
            if (fields.Length != 3 || fields.Any(field => field.Length == 0)
                || !Enum.TryParse<WordRelation>(fields[1], ignoreCase: true, out var relation))
                throw new EmergenceException(
                    $"{path}: line {number}: expected WORD TAB synonym|antonym|keyword TAB WORD, found {Printable.Quote(line)}",
                    ExitCode.Usage);
            relations.Add(relation, fields[0], fields[2]);
            if (relation != WordRelation.Keyword)
                relations.Add(relation, fields[2], fields[0]);
        }

        return relations._pairs.Count > 0
            ? relations
            : throw new EmergenceException($"{path}: expected lines WORD TAB synonym|antonym|keyword TAB WORD, found none", ExitCode.Usage);
    }
}
