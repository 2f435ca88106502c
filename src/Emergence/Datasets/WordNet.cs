using System.Globalization;
using System.Text;
using Emergence.Messages;

namespace Emergence.Datasets;

/// <summary>
/// Synonyms and antonyms of a WordNet folder: data.POS and index.POS as wndb(5WN) describes them. Synonyms are the other
/// words of a word's synsets, the most frequent sense first; antonyms are direct ones. Words of several parts of speech begin
/// with the adjective, since that is where most antonyms are. Phrases and words with other signs than letters are left out.
/// </summary>
internal static class WordNet
{
    private static readonly (string Name, char Code)[] Parts = [("adj", 'a'), ("noun", 'n'), ("verb", 'v'), ("adv", 'r')];

    public static WordRelations Read(string folder)
    {
        var present = Parts.Where(part => File.Exists(Path.Combine(folder, $"data.{part.Name}"))
            && File.Exists(Path.Combine(folder, $"index.{part.Name}"))).ToList();
        if (present.Count == 0)
            throw new EmergenceException(
                $"{Printable.Quote(folder)}: expected the files of WordNet (data.noun, index.noun, data.adj, ...; Debian: "
                + $"/usr/share/wordnet of wordnet-base), found none", ExitCode.Usage);
        var synsets = new Dictionary<(char Part, int Offset), Synset>();
        foreach (var (name, code) in present)
            ReadSynsets(Path.Combine(folder, $"data.{name}"), code, synsets);
        var relations = new WordRelations();
        foreach (var (name, code) in present)
            ReadIndex(Path.Combine(folder, $"index.{name}"), code, synsets, relations);
        return relations;
    }

    /// <summary>offset file type words(hex) word id ... pointers(dec) symbol offset part source-target(hex) ... | gloss.</summary>
    private static void ReadSynsets(string path, char part, Dictionary<(char, int), Synset> synsets)
    {
        foreach (var (number, line) in Lines(path))
        {
            try
            {
                var fields = line.Split(' ');
                var words = new string[int.Parse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture)];
                for (var i = 0; i < words.Length; i++)
                    words[i] = WithoutMarker(fields[4 + 2 * i]);
                var at = 4 + 2 * words.Length;
                var antonyms = new List<Antonym>();
                for (var pointers = Whole(fields[at++]); pointers > 0; pointers--, at += 4)
                {
                    if (fields[at] != "!")
                        continue;
                    var ends = int.Parse(fields[at + 3], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                    antonyms.Add(new(ends >> 8, fields[at + 2][0] == 's' ? 'a' : fields[at + 2][0], Whole(fields[at + 1]), ends & 0xFF));
                }

                synsets[(part, Whole(fields[0]))] = new(words, antonyms);
            }
            catch (Exception error) when (error is FormatException or OverflowException or IndexOutOfRangeException)
            {
                throw Malformed(path, number, "a synset", line);
            }
        }
    }

    /// <summary>lemma part synsets pointers symbol ... senses tagged offset ...; the offsets are in the order of the senses.</summary>
    private static void ReadIndex(string path, char part, Dictionary<(char, int), Synset> synsets, WordRelations relations)
    {
        foreach (var (number, line) in Lines(path))
        {
            try
            {
                var fields = line.TrimEnd().Split(' ');
                if (!IsWord(fields[0]))
                    continue;
                foreach (var field in fields.AsSpan(fields.Length - Whole(fields[2])))
                    AddSense(fields[0], (part, Whole(field)), synsets, relations);
            }
            catch (Exception error) when (error is FormatException or OverflowException or IndexOutOfRangeException
                or ArgumentOutOfRangeException or KeyNotFoundException)
            {
                throw Malformed(path, number, "a lemma with offsets of synsets that there are", line);
            }
        }
    }

    private static void AddSense(string lemma, (char, int) place, Dictionary<(char, int), Synset> synsets, WordRelations relations)
    {
        var synset = synsets[place];
        foreach (var word in synset.Words.Where(IsWord))
            relations.Add(WordRelation.Synonym, lemma, word);
        foreach (var antonym in synset.Antonyms)
        {
            if (antonym.Source > 0 && !synset.Words[antonym.Source - 1].Equals(lemma, StringComparison.OrdinalIgnoreCase))
                continue;
            if (!synsets.TryGetValue((antonym.Part, antonym.Offset), out var other))
                continue;
            foreach (var word in antonym.Target > 0 ? other.Words.AsSpan(antonym.Target - 1, 1) : other.Words)
            {
                if (IsWord(word))
                    relations.Add(WordRelation.Antonym, lemma, word);
            }
        }
    }

    /// <summary>The lines after the licence, whose lines begin with two spaces.</summary>
    private static IEnumerable<(int Number, string Line)> Lines(string path)
    {
        var number = 0;
        foreach (var line in File.ReadLines(path, Encoding.UTF8))
        {
            number++;
            if (line.Length > 0 && line[0] != ' ')
                yield return (number, line);
        }
    }

    /// <summary>Adjectives may end in (a), (p) or (ip).</summary>
    private static string WithoutMarker(string word) => word.EndsWith(')') && word.LastIndexOf('(') is > 0 and var open ? word[..open]
        : word;

    private static bool IsWord(string word) => word.All(char.IsAsciiLetter);

    private static int Whole(string field) => int.Parse(field, NumberStyles.None, CultureInfo.InvariantCulture);

    private static EmergenceException Malformed(string path, int number, string expected, string line) =>
        new($"{path}: line {number}: expected {expected}, found {Printable.Quote(line)}", ExitCode.Usage);

    /// <summary>Ends of a pointer between words, counted from 1; 0 for all words of the synset.</summary>
    private readonly record struct Antonym(int Source, char Part, int Offset, int Target);

    private sealed record Synset(string[] Words, List<Antonym> Antonyms);
}
