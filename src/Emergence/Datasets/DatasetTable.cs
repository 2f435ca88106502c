using Emergence.Tokenizers;

namespace Emergence.Datasets;

/// <summary>The data sets that have a name, one row each; any other name is a file.</summary>
public static class DatasetTable
{
    private const string WordsFile = "words.txt";

    private static string Languages => string.Join(", ", WordLists.All.Select(list => Path.GetExtension(list.Name).TrimStart('.'))
        .Where(language => language.Length > 0).Distinct());

    private static readonly Row[] Rows =
    [
        .. WordLists.All.Select(list => new Row(list.Name, $"s shots of one of {list.Limit} and a comma", (tokenizer, options) =>
            WordSequences.Create(list, tokenizer, options))),
        new("words", $"the same with the list {WordsFile} in the model's folder", (tokenizer, options) =>
            WordSequences.Create(EntityList.Read(OfModel(options)), tokenizer, options)),
    ];

    /// <summary>Name and one line about each; those of other languages are one.</summary>
    public static IReadOnlyList<(string Name, string About)> Names { get; } =
    [
        .. Rows.Where(row => !row.Name.Contains('.')).Select(row => (row.Name, row.About)),
        ("country.LL, animal.LL, color.LL", $"the same in another language: {Languages}"),
        ("FILE.txt", "one word a line: such a list; else natural text, windows after a full stop"),
        ("FILE.csv, FILE.jsonl", "natural text in the column or member \"text\""),
        ("FILE.tsv, .csv, .jsonl with --template", "s shots of labelled rows"),
    ];

    /// <summary>The list of that name or in that file; null if it is neither, such as natural text.</summary>
    internal static EntityList? FindList(string nameOrFile, DatasetOptions options) =>
        WordLists.All.FirstOrDefault(list => list.Name == nameOrFile)
            ?? (nameOrFile == "words" ? EntityList.Read(OfModel(options))
                : File.Exists(nameOrFile) && IsWordList(nameOrFile) ? EntityList.Read(nameOrFile) : null);

    public static Dataset Create(string nameOrFile, Tokenizer tokenizer, DatasetOptions options)
    {
        var set = Make(nameOrFile, tokenizer, options);
        if (tokenizer.Warning is { } warning)
            set.Notes = [warning, .. set.Notes];
        return set;
    }

    private static Dataset Make(string nameOrFile, Tokenizer tokenizer, DatasetOptions options)
    {
        RequirePositive(options.Shots, "shots");
        RequirePositive(options.Window, "window");
        RequirePositive(options.MostSequences, "sequences");
        RequirePositive(options.EntityTokens, "entity-tokens");
        if (options.Template != null && !File.Exists(nameOrFile))
            throw new EmergenceException($"no file '{nameOrFile}': a template needs a .tsv, .csv or .jsonl file of labelled rows",
                ExitCode.Usage);
        if (options.Template == null && Array.Find(Rows, row => row.Name == nameOrFile) is { } known)
            return known.Create(tokenizer, options);
        if (!File.Exists(nameOrFile))
            throw new EmergenceException(
                $"no data set or file '{nameOrFile}': expected {string.Join(", ", Names.Take(Names.Count - 3).Select(row => row.Name))}, "
                + $"or a .txt, .csv or .jsonl file", ExitCode.Usage);
        if (options.Template != null)
            return TemplateSequences.Create(nameOrFile, tokenizer, options);
        return IsWordList(nameOrFile)
            ? WordSequences.Create(EntityList.Read(nameOrFile), tokenizer, options)
            : TextWindows.Create(nameOrFile, tokenizer, options);
    }

    /// <summary>A plain text file in which no line has white space between words.</summary>
    private static bool IsWordList(string path) =>
        Path.GetExtension(path).ToLowerInvariant() is not (".csv" or ".jsonl") && File.ReadLines(path)
            .All(line => !line.Trim().Any(char.IsWhiteSpace));

    private static string OfModel(DatasetOptions options)
    {
        var path = Path.Combine(options.ModelFolder ?? ".", WordsFile);
        return File.Exists(path)
            ? path
            : throw new EmergenceException($"the model has no list of words: {path} does not exist; name a file with one word a line",
                ExitCode.Usage);
    }

    private static void RequirePositive(int value, string name)
    {
        if (value < 1)
            throw new EmergenceException($"{name}: expected 1 or more, found {value}", ExitCode.Usage);
    }

    private sealed record Row(string Name, string About, Func<Tokenizer, DatasetOptions, Dataset> Create);
}
