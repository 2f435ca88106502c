using Emergence.Files;

namespace Emergence.Datasets;

/// <summary>A list of words that fill the shots " name," of a sequence.</summary>
/// <param name="Name">As tables show it.</param>
/// <param name="Words">Candidates, in order of preference.</param>
/// <param name="Limit">How many are used at most.</param>
internal sealed record EntityList(string Name, IReadOnlyList<string> Words, int Limit)
{
    /// <summary>One word a line; empty lines and repeated words are skipped.</summary>
    public static EntityList Read(string path)
    {
        var words = TextBytes.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0).Distinct(StringComparer.Ordinal)
            .ToList();
        return words.Count > 0
            ? new EntityList(Path.GetFileNameWithoutExtension(path), words, words.Count)
            : throw new EmergenceException($"{path}: expected one word a line, found none", ExitCode.Usage);
    }
}
