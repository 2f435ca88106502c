using Emergence.Messages;
using Emergence.Tokenizers;

namespace Emergence.Datasets;

/// <summary>Sequences of shots of a template.</summary>
/// <param name="Data">The sequences.</param>
/// <param name="LabelOffset">Position of the label's token within a shot.</param>
/// <param name="LabelTokens">Every token that a label can be, ascending.</param>
internal sealed record TemplateData(Dataset Data, int LabelOffset, IReadOnlyList<int> LabelTokens);

/// <summary>
/// Sequences of s shots of one template, each filled with another row. Every shot has the same number of tokens, so that
/// position t means the same in every sequence: pieces are encoded one by one, and fields are cut to one length.
/// </summary>
internal static class TemplateSequences
{
    private const int NamedInMessages = 6;

    public static Dataset Create(string path, Tokenizer tokenizer, DatasetOptions options)
    {
        var template = ShotTemplate.Parse(options.Template!);
        if (options.FieldTokens < 1)
            throw new EmergenceException($"field-tokens: expected 1 or more, found {options.FieldTokens}", ExitCode.Usage);
        return Create(Path.GetFileNameWithoutExtension(path), template, LabelledRows.Read(path, template.Fields), tokenizer, options,
            options.FieldTokens).Data;
    }

    /// <param name="name">Name of the data set.</param>
    /// <param name="template">The text of a shot.</param>
    /// <param name="rows">Values of the template's fields.</param>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="options">Shots, number of sequences, seed.</param>
    /// <param name="fieldTokens">Length of text fields, longer ones are cut; null: the length that most rows have.</param>
    public static TemplateData Create(string name, ShotTemplate template, IReadOnlyList<string[]> rows, Tokenizer tokenizer,
        DatasetOptions options, int? fieldTokens)
    {
        var notes = new List<string>();
        var pieces = Encode(name, template, rows, tokenizer, fieldTokens, notes);
        var shots = pieces.Select(row => row.SelectMany(tokens => tokens).ToArray()).ToList();
        RequireRows(name, options.Shots, shots.Count, rows.Count, fieldTokens);
        var used = shots.Count;
        while (Arrangements.Count(used, options.Shots) == null)
            used--;
        if (used < shots.Count)
            notes.Add(
                $"{name}: the first {used} of {shots.Count} rows are used, so that the arrangements of {options.Shots} can be counted");

        var available = Arrangements.Count(used, options.Shots)!.Value;
        var numbers = SequenceSampler.Draw(available, options.MostSequences, options.WithReplacement, options.Seed);
        var (length, label) = (shots[0].Length, Index(template, template.Label));
        var offset = pieces[0].Take(label + 1).Sum(tokens => tokens.Length) - 1;
        var data = new Dataset(name, tokenizer.Identity, length * options.Shots,
            [.. numbers.SelectMany(number => Arrangements.At(number, used, options.Shots).SelectMany(row => shots[row]))])
        {
            ShotLength = length,
            Available = available,
            IsEnumeration = !options.WithReplacement && numbers.Length == available,
            BeginningOfSequence = options.BeginningOfSequence ? WordSequences.RequireBeginning(tokenizer) : null,
            Labels = [.. Enumerable.Range(1, options.Shots).SelectMany(shot => PositionNames(template, pieces[0], tokenizer, shot))],
            Notes = notes,
        };
        return new(data, offset, [.. pieces.Select(row => row[label][^1]).Distinct().Order()]);
    }

    /// <summary>Tokens of each piece of each row that fits.</summary>
    private static List<int[][]> Encode(
        string name, ShotTemplate template, IReadOnlyList<string[]> rows, Tokenizer tokenizer, int? fieldTokens, List<string> notes)
    {
        var (fields, label) = (template.Fields.ToList(), Index(template, template.Label));
        var literals = template.Pieces.Select(piece => piece.Field == null ? Continuation.Encode(tokenizer, piece.Text) : []).ToArray();
        var known = new Dictionary<string, int[]>(StringComparer.Ordinal);
        var all = rows.Select(row => template.Pieces.Select((piece, i) =>
            piece.Field == null ? literals[i] : Value(piece, row[fields.IndexOf(piece.Field)])).ToArray()).ToList();

        // A tokenizer that splits digits makes the space before one a token of its own: it is then part of the question.
        var shared = all.Count > 0 && all.All(pieces => pieces[label].Length > 1 && pieces[label][0] == all[0][label][0]) ? 1 : 0;
        var (encoded, rejected, multiple) = (new List<int[][]>(), 0, new SortedSet<string>(StringComparer.Ordinal));
        foreach (var (row, pieces) in rows.Zip(all))
        {
            if (pieces[label].Length != shared + 1)
                multiple.Add(row[fields.IndexOf(template.Label.Field!)]);
            else if (fieldTokens is { } most && pieces.Where((_, i) => IsText(i)).Any(tokens => tokens.Length < most))
                rejected++;
            else
                encoded.Add([.. pieces.Select((tokens, i) => fieldTokens is { } limit && IsText(i) ? tokens[..limit] : tokens)]);
        }

        if (encoded.Count == 0 && multiple.Count > 0)
            throw new EmergenceException(
                $"{name}: no label is one token in this tokenizer, e.g. {Printable.Quote(multiple.First())}: map labels to short words, "
                + $"e.g. {{label:0=sad,1=happy}}", ExitCode.Usage);
        var lengths = encoded.GroupBy(row => string.Join(',', row.Select(tokens => tokens.Length)))
            .OrderByDescending(group => group.Count()).ToList();
        var kept = lengths.Count == 0 ? [] : lengths[0].ToList();
        if (multiple.Count > 0)
            notes.Add($"{name}: left out, because these labels are not one token: {NameList.Shorten(multiple, NamedInMessages)}");
        if (rejected + encoded.Count - kept.Count > 0)
            notes.Add($"{name}: {kept.Count} of {rows.Count} rows are used; the others have too few tokens or another number of them");
        return kept;

        bool IsText(int piece) => template.Pieces[piece].Field != null && template.Pieces[piece] != template.Label;

        int[] Value(TemplatePiece piece, string value)
        {
            var text = piece.Text + piece.Words.GetValueOrDefault(value, value);
            return known.TryGetValue(text, out var tokens) ? tokens : known[text] = Continuation.Encode(tokenizer, text);
        }
    }

    private static void RequireRows(string name, int shots, int fit, int rows, int? fieldTokens)
    {
        if (fit < shots)
            throw new EmergenceException(
                $"{name}: {shots} shots need as many rows, but only {fit} of {rows} "
                + $"fit{(fieldTokens is { } least ? $": text fields of {least} tokens or more and" : " with")} a label of one token",
                ExitCode.Usage);
    }

    private static int Index(ShotTemplate template, TemplatePiece piece) =>
        template.Pieces.Index().Last(entry => entry.Item == piece).Index;

    private static IEnumerable<string> PositionNames(ShotTemplate template, int[][] pieces, Tokenizer tokenizer, int shot) =>
        pieces.SelectMany((tokens, i) => tokens.Select((token, k) => template.Pieces[i].Field is { } field
            ? tokens.Length == 1 ? $"{field} {shot}" : $"{field} {shot}.{k + 1}"
            : tokenizer.Decode([token]).Trim() is { Length: > 0 } text ? text : tokenizer.TokenText(token)));
}
