using Emergence.Datasets;
using Emergence.Messages;
using Emergence.Tokenizers;

namespace Emergence.Studies.InContext;

/// <summary>A row of the task.</summary>
/// <param name="Fields">Values of the template's fields.</param>
/// <param name="Class">Index of the label.</param>
internal sealed record TaskRow(string[] Fields, int Class);

/// <summary>
/// Rows with labels as prompts of one template: shots that end with an answer, and a query that ends before it. Pieces are
/// encoded one by one, so that a word is the same tokens wherever it stands.
/// </summary>
internal sealed class InContextTask
{
    private const int MostLabels = 20;

    private readonly ShotTemplate _template;
    private readonly Tokenizer _tokenizer;
    private readonly List<string> _fields;
    private readonly int _label;
    private readonly Dictionary<string, int[]> _known = new(StringComparer.Ordinal);

    public InContextTask(ShotTemplate template, Tokenizer tokenizer, IReadOnlyList<string[]> examples, IReadOnlyList<string[]> queries)
    {
        (_template, _tokenizer, _fields) = (template, tokenizer, [.. template.Fields]);
        _label = template.Pieces.Index().Last(entry => entry.Item.Field != null).Index;
        var at = _fields.IndexOf(template.Label.Field!);
        if (_fields.Count < 2)
            throw new EmergenceException(
                $"template {Printable.Quote(template.Text)}: expected a field for the text and one for the label, found {_fields.Count}",
                ExitCode.Usage);
        Labels = [.. examples.Concat(queries).Select(row => row[at]).Distinct().Order(StringComparer.Ordinal)];
        if (Labels.Count is < 2 or > MostLabels)
            throw new EmergenceException(
                $"template {Printable.Quote(template.Text)}: expected 2 to {MostLabels} labels in field {template.Label.Field}, found "
                + $"{Labels.Count}", ExitCode.Usage);
        Words = [.. Labels.Select(label => template.Label.Words.GetValueOrDefault(label, label))];
        (Examples, Queries) = (Rows(examples, at), Rows(queries, at));
        foreach (var word in Words)
        {
            if (AnswerToken(word) == null)
                throw new EmergenceException(
                    $"label {Printable.Quote(word)} is not one token in this tokenizer: map labels to short words, e.g. "
                    + $"{{label:0=sad,1=happy}}", ExitCode.Usage);
        }
    }

    /// <summary>Values of the label in the files, in ordinal order: the classes.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>(classes): the words for them that the template says.</summary>
    public IReadOnlyList<string> Words { get; }

    public IReadOnlyList<TaskRow> Examples { get; }

    public IReadOnlyList<TaskRow> Queries { get; }

    /// <summary>Words of the text of a row, in order.</summary>
    public IEnumerable<string> TextWords(TaskRow row) =>
        row.Fields.Where((_, i) => _fields[i] != _template.Label.Field)
            .SelectMany(text => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The token of a word if the template has its label; null if it is not one token.</summary>
    public int? AnswerToken(string word) => Encode(_template.Label.Text + word) is [var token] && Says(token, word) ? token : null;

    /// <summary>A shot with this answer.</summary>
    public int[] Shot(TaskRow row, string answer, WordPermutation? words) =>
        [.. Query(row, words), .. Encode(_template.Label.Text + answer), .. _template.Pieces.Skip(_label + 1)
            .SelectMany(piece => Encode(piece.Text))];

    /// <summary>A shot up to its answer.</summary>
    public int[] Query(TaskRow row, WordPermutation? words) => [.. _template.Pieces.Take(_label)
        .SelectMany(piece => Encode(piece.Field == null ? piece.Text : piece.Text + Value(row, piece, words)))];

    /// <summary>A line that shows what a mapping does to a word.</summary>
    public int[] PairShot(string word, string image) => [.. PairQuery(word), .. Encode(_template.Label.Text + image), .. Encode(",")];

    /// <summary>The line up to the image.</summary>
    public int[] PairQuery(string word) => [.. Encode(" " + word), .. Encode(" :")];

    /// <summary>Tokens of the text of a row, for embeddings.</summary>
    public int[] TextTokens(TaskRow row) =>
        [.. _template.Pieces.Take(_label).Where(piece => piece.Field != null)
            .SelectMany(piece => Encode(piece.Text + Value(row, piece, null)))];

    /// <summary>Rows for the sequences of the same prompts: values of the fields with the text's words and the label exchanged.</summary>
    public string[] Altered(TaskRow row, IReadOnlyList<string> answers, WordPermutation? words) =>
        [.. row.Fields.Select((value, i) => _fields[i] == _template.Label.Field ? answers[row.Class] : words?.Apply(value) ?? value)];

    private string Value(TaskRow row, TemplatePiece piece, WordPermutation? words)
    {
        var value = row.Fields[_fields.IndexOf(piece.Field!)];
        return words?.Apply(value) ?? piece.Words.GetValueOrDefault(value, value);
    }

    private List<TaskRow> Rows(IReadOnlyList<string[]> rows, int label) =>
        [.. rows.Select(row => new TaskRow(row, Labels.ToList().IndexOf(row[label])))];

    private int[] Encode(string text) => _known.TryGetValue(text, out var ids) ? ids : _known[text] = text.Length == 0 ? []
        : Continuation.Encode(_tokenizer, text);

    /// <summary>A token for unknown text is one token too, but it does not read as the word.</summary>
    private bool Says(int token, string word) => string.Equals(_tokenizer.Decode([token]).Trim(), word, StringComparison.OrdinalIgnoreCase);
}
