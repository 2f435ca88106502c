using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Emergence.Devices;
using Emergence.Messages;
using Emergence.Pictures;

namespace Emergence.Reports;

/// <summary>
/// A language that pages are written in. The English sentence is the key: pages are made in English, and every text that goes
/// into them is looked up in one resource file a language, <c>Languages/LL.json</c>. A key may have holes, "{0} of {1} cells", whose
/// content goes into the translation as it stands, so that figures and units are the same; "{0:t}" there translates the content
/// too. "{0:n}" in a key holds a number alone, and "(s)" there is an ending that may be absent. What a file lacks stays English;
/// a test keeps it from lacking anything.
/// </summary>
public sealed partial class PageLanguage
{
    private const string Folder = "Languages.";

    private readonly Dictionary<string, string> _whole = new(StringComparer.Ordinal);
    private readonly List<(Regex Key, string Translation)> _patterns = [];
    private readonly Dictionary<string, string?> _looked = new(StringComparer.Ordinal); // tables repeat their words
    private readonly SortedSet<string> _missing = new(StringComparer.Ordinal);

    private PageLanguage(string code, string? json)
    {
        Code = code;
        if (json == null)
            return;
        using var entries = JsonDocument.Parse(json);
        foreach (var entry in entries.RootElement.EnumerateObject())
        {
            if (entry.Name.Contains('{') || entry.Name.Contains("(s)"))
                _patterns.Add((Pattern(entry.Name), entry.Value.GetString()!));
            else
                _whole.Add(entry.Name, entry.Value.GetString()!);
        }

        // A key that says more is the better one.
        _patterns.Sort((a, b) => b.Key.ToString().Length.CompareTo(a.Key.ToString().Length));
    }

    public static PageLanguage English { get; } = new("en", null);

    /// <summary>As --language takes them.</summary>
    public static IReadOnlyList<string> Codes { get; } =
    [
        English.Code,
        .. typeof(PageLanguage).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .Select(name => name[Folder.Length..^".json".Length]).Order(StringComparer.Ordinal),
    ];

    /// <summary>As the lang attribute has it, e.g. ja.</summary>
    public string Code { get; }

    /// <summary>Sentences that were asked for in vain, in ordinal order.</summary>
    internal IReadOnlyCollection<string> Missing => _missing;

    /// <summary>Keys of the file, those with holes as the expressions that find them, and what they become.</summary>
    internal IEnumerable<(string Key, string Translation)> Entries =>
        _whole.Select(pair => (pair.Key, pair.Value)).Concat(_patterns.Select(pattern => (pattern.Key.ToString(), pattern.Translation)));

    public static PageLanguage Find(string code)
    {
        if (code == English.Code)
            return English;
        using var file = Codes.Contains(code) ? Assembly.GetExecutingAssembly().GetManifestResourceStream($"{Folder}{code}.json") : null;
        if (file == null)
            throw new EmergenceException($"--language {Printable.Escape(code)}: expected {string.Join(" or ", Codes)}", ExitCode.Usage);
        using var reader = new StreamReader(file);
        return new(code, reader.ReadToEnd());
    }

    /// <summary>A sentence, or several; what is not known is kept as it is and noted.</summary>
    public string Translate(string text)
    {
        if (_whole.Count == 0 || text.Length == 0)
            return text;

        // Sentences apart: a hole of one must not take in the others.
        if (Parts(text) is { Count: > 1 } parts && !_whole.ContainsKey(text))
            return string.Concat(parts.Select(Translate));
        if (Look(text) is { } found)
            return found;
        if (LetterPattern().IsMatch(text))
            _missing.Add(text);
        return text;
    }

    /// <summary>A word of a table or a picture, which may as well be a name: nothing is missing if it is not known.</summary>
    public string TranslateWord(string text) => _whole.Count == 0 ? text : Look(text) ?? text;

    /// <summary>A picture that is drawn: its title and captions, which may stand in several lines, and what a pointer shows.</summary>
    internal string TranslatePicture(string svg)
    {
        if (_whole.Count == 0)
            return svg;
        svg = LinesPattern().Replace(svg, match =>
        {
            var lines = match.Groups["line"].Captures.Select(line => WebUtility.HtmlDecode(line.Value)).ToList();
            if (Look(string.Join(' ', lines)) is not { } title)
                return match.Value;
            var (place, each) = (0, Ceiling.Of(title.Length, lines.Count));
            return LinePattern().Replace(match.Value, line =>
            {
                var start = Math.Min(title.Length, each * place++);
                return line.Groups[1].Value + Markup.Escape(title.Substring(start, Math.Min(each, title.Length - start)));
            });
        });
        return TextPattern().Replace(svg, match =>
            match.Groups[1].Value + Markup.Escape(TranslateWord(WebUtility.HtmlDecode(match.Groups[2].Value))));
    }

    private string? Look(string text)
    {
        if (!_whole.TryGetValue(text, out var known) && !_looked.TryGetValue(text, out known))
            _looked[text] = known = Fill(text);
        return known;
    }

    private string? Fill(string text)
    {
        foreach (var (key, translation) in _patterns)
        {
            if (key.Match(text) is { Success: true } match)
                return HolePattern().Replace(translation, hole =>
                {
                    var content = match.Groups[$"h{hole.Groups[1].Value}"].Value;
                    return hole.Groups[2].Success ? TranslateWord(content) : content;
                });
        }

        return null;
    }

    /// <summary>Sentences of a paragraph: after a full stop and before a capital or a figure.</summary>
    private static List<string> Parts(string text)
    {
        List<string> parts = [];
        var start = 0;
        foreach (Match end in SentencePattern().Matches(text))
        {
            parts.Add(text[start..end.Index]);
            start = end.Index + end.Length;
        }

        if (start > 0)
            parts.Add(text[start..]);
        return parts;
    }

    private static Regex Pattern(string key)
    {
        var pattern = new StringBuilder("^");
        var place = 0;
        foreach (Match hole in KeyPattern().Matches(key))
        {
            pattern.Append(Regex.Escape(key[place..hole.Index]));
            pattern.Append(hole.Value == "(s)" ? "s?" : $"(?<h{hole.Groups[1].Value}>{(hole.Groups[2].Success ? "[-+0-9.,]+" : ".+?")})");
            place = hole.Index + hole.Length;
        }

        pattern.Append(Regex.Escape(key[place..])).Append('$');
        return new(pattern.ToString(), RegexOptions.CultureInvariant | RegexOptions.Singleline);
    }

    [GeneratedRegex(@"\{([0-9]+)(:n)?\}|\(s\)")]
    private static partial Regex KeyPattern();

    [GeneratedRegex(@"\{([0-9]+)(:t)?\}")]
    private static partial Regex HolePattern();

    [GeneratedRegex(@"(?<=[.!?])\s+(?=[A-Z0-9+-])")]
    private static partial Regex SentencePattern();

    [GeneratedRegex("[A-Za-z]{2}")]
    private static partial Regex LetterPattern();

    /// <summary>A text that was broken into lines, one below the other.</summary>
    [GeneratedRegex(
        """^<text x="(?<x>[^"]*)" [^>]*>(?<line>[^<]*)</text>\n(?:<text x="\k<x>" [^>]*>(?<line>[^<]*)</text>\n)+""", RegexOptions.Multiline)]
    private static partial Regex LinesPattern();

    [GeneratedRegex("(<text [^>]*>)([^<]*)")]
    private static partial Regex LinePattern();

    [GeneratedRegex("""(<text [^>]*>|<title>|aria-label=")([^<"]*)""")]
    private static partial Regex TextPattern();
}
