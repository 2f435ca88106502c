using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Studies.InContext;
using Emergence.Tokenizers;

namespace Emergence.Tests.Studies.InContext;

/// <summary>A small task for stories260k, in whose tokenizer few words are one token.</summary>
internal static class Stories
{
    public const string Template = "{1} is {2:0=big,1=happy},";

    public static Tokenizer Tokenizer { get; } = Tokenizer.Load(ModelReference.Resolve("stories260k"));

    /// <summary>Labels 0 and 1 in turn; "play" and "friend" stand in texts of 1 only, "time" in all.</summary>
    public static string[][] Rows(int count) => [.. Enumerable.Range(0, count).Select(i => i % 2 == 1
        ? new[] { $"time play friend {Name(i)}", "1" }
        : [$"time said little {Name(i)}", "0"])];

    public static InContextTask Task(int examples = 12, int queries = 8) =>
        new(ShotTemplate.Parse(Template), Tokenizer, Rows(examples), Rows(queries));

    /// <summary>A .tsv file of such rows.</summary>
    public static string File(int count)
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "rows.tsv");
        System.IO.File.WriteAllLines(path, Rows(count).Select(row => string.Join('\t', row)));
        return path;
    }

    public static WordRelations Relations(params (WordRelation Relation, string Word, string Target)[] pairs)
    {
        var relations = new WordRelations();
        foreach (var (relation, word, target) in pairs)
            relations.Add(relation, word, target);
        return relations;
    }

    private static string Name(int i) => (i % 3) switch
    {
        0 => "Lily",
        1 => "Tim",
        _ => "mom",
    };
}
