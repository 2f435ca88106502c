using Emergence.Messages;

namespace Emergence.Datasets;

/// <summary>A piece of a template: text as it stands, or a field of a row. A space before either belongs to it.</summary>
/// <param name="Text">As it stands; what precedes the field's value if there is a field.</param>
/// <param name="Field">Name of the field, or none.</param>
/// <param name="Words">What stands for the values of the field, if the template says so.</param>
internal sealed record TemplatePiece(string Text, string? Field, IReadOnlyDictionary<string, string> Words);

/// <summary>
/// The text of a shot: <c>{text}, The emotion of this sentence is {label:0=sad,1=happy},</c>. Fields are names of columns or
/// members, or numbers of columns from 1; the last one is the label, which is one token.
/// </summary>
internal sealed class ShotTemplate
{
    private const string Example = "e.g. \"{text}, The emotion of this sentence is {label:0=sad,1=happy},\"";

    private ShotTemplate(string text, List<TemplatePiece> pieces) => (Text, Pieces) = (text, pieces);

    public string Text { get; }

    public IReadOnlyList<TemplatePiece> Pieces { get; }

    public IReadOnlyList<string> Fields => [.. Pieces.Where(piece => piece.Field != null).Select(piece => piece.Field!).Distinct()];

    public TemplatePiece Label => Pieces.Last(piece => piece.Field != null);

    public static ShotTemplate Parse(string text)
    {
        var pieces = new List<TemplatePiece>();
        var rest = " " + text.Trim();
        while (rest.Length > 0)
        {
            var open = rest.IndexOf('{');
            var close = rest.IndexOf('}');
            if (open < 0 ? close >= 0 : close < open || rest[(open + 1)..close].Contains('{'))
                throw new EmergenceException($"template {Printable.Quote(text)}: braces do not match, {Example}", ExitCode.Usage);
            if (open < 0)
            {
                pieces.Add(new(rest, null, NoWords));
                break;
            }

            // The space before a field is part of the field's first token in most tokenizers.
            var space = open > 0 && rest[open - 1] == ' ' ? 1 : 0;
            if (open - space > 0)
                pieces.Add(new(rest[..(open - space)], null, NoWords));
            pieces.Add(Field(text, rest[(open - space)..open], rest[(open + 1)..close]));
            rest = rest[(close + 1)..];
        }

        var fields = pieces.Where(piece => piece.Field != null).Select(piece => piece.Field!).ToList();
        if (fields.Count == 0)
            throw new EmergenceException($"template {Printable.Quote(text)} has no fields: expected at least one, {Example}",
                ExitCode.Usage);
        return new(text, pieces);
    }

    private static Dictionary<string, string> NoWords => [];

    private static TemplatePiece Field(string template, string before, string inside)
    {
        var colon = inside.IndexOf(':');
        var name = (colon < 0 ? inside : inside[..colon]).Trim();
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in colon < 0 ? [] : inside[(colon + 1)..].Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = pair.IndexOf('=');
            if (equals < 1 || equals == pair.Length - 1)
                throw new EmergenceException(
                    $"template {Printable.Quote(template)}: expected VALUE=WORD after ':', found {Printable.Quote(pair)}", ExitCode.Usage);
            words[pair[..equals]] = pair[(equals + 1)..];
        }

        return name.Length > 0
            ? new(before, name, words)
            : throw new EmergenceException($"template {Printable.Quote(template)}: a field has no name, {Example}", ExitCode.Usage);
    }
}
