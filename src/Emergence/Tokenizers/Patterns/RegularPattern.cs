using Emergence.Messages;

namespace Emergence.Tokenizers.Patterns;

/// <summary>A regular expression of the dialect of tokenizer.json, compiled once; it may be used by several threads.</summary>
internal sealed class RegularPattern
{
    private const int MaximumLength = 10_000, ShownLength = 40;

    private readonly PatternProgram _program;
    private readonly string _shown;
    private PatternMatcher? _idle;

    private RegularPattern(SyntaxNode node, string pattern)
    {
        _program = PatternCompiler.Compile(node);
        _shown = Show(pattern);
    }

    /// <summary>Refuses with a <see cref="PatternException"/> what it does not know.</summary>
    public static RegularPattern Parse(string pattern) => pattern.Length > MaximumLength
        ? throw new PatternException($"{pattern.Length} characters, more than {MaximumLength}")
        : new(PatternParser.Parse(pattern), pattern);

    /// <summary>The pattern that matches this text alone; the empty text is between all characters.</summary>
    public static RegularPattern Literal(string text) =>
        new(new SequenceNode([.. text.EnumerateRunes().Select(rune => new CharacterNode(CharacterSet.Of(rune.Value)))]), text);

    /// <summary>A pattern for a message: its first characters.</summary>
    public static string Show(string pattern) =>
        Printable.Quote(pattern.Length > ShownLength ? pattern[..ShownLength] + "..." : pattern);

    /// <summary>
    /// All matches from left to right, without overlap; an empty one never follows a match without a gap. In an empty text there are none.
    /// </summary>
    public IEnumerable<(int Start, int End)> Matches(string text)
    {
        if (text.Length == 0)
            yield break;
        var matcher = Interlocked.Exchange(ref _idle, null) ?? new(_program);
        matcher.Begin(text);
        var last = -1;
        for (var from = 0; from <= text.Length && Find(matcher, from, out var start, out var end);)
        {
            if (start == end && end == last)
            {
                from = end + (end + 1 < text.Length && char.IsSurrogatePair(text, end) ? 2 : 1);
                continue;
            }

            yield return (start, end);
            (from, last) = (end, end);
        }

        _idle = matcher;
    }

    private bool Find(PatternMatcher matcher, int from, out int start, out int end)
    {
        try
        {
            return matcher.Find(from, out start, out end);
        }
        catch (PatternException error)
        {
            throw new EmergenceException($"pattern {_shown} takes {error.Message}");
        }
    }
}
