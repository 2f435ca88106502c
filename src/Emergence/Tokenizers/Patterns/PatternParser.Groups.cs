using Emergence.Messages;

namespace Emergence.Tokenizers.Patterns;

/// <summary>What begins with a round bracket.</summary>
internal sealed partial class PatternParser
{
    private SyntaxNode? Group()
    {
        if (_text.Peek == '*')
            throw new PatternException("(*, a callout");
        if (!_text.Take("?"))
            return Capture();
        if (_text.Take(":"))
            return Body(_options);
        if (_text.Take("="))
            return Look(behind: false, negative: false);
        if (_text.Take("!"))
            return Look(behind: false, negative: true);
        if (_text.Take("<="))
            return Look(behind: true, negative: false);
        if (_text.Take("<!"))
            return Look(behind: true, negative: true);
        if (_text.Take(">"))
        {
            NotBehind("an atomic group");
            return new AtomicNode(Close(Body(_options)));
        }

        if (_text.Take("#"))
            return _text.Until(")") == null ? throw new PatternException("a comment without an end") : null;
        if (_text.Peek is '<' or '\'')
        {
            _text.Place++;
            return _text.Until(_text.PeekAt(-1) == '<' ? ">" : "'") == null ? throw new PatternException("a group without a name")
                : Capture();
        }

        return _text.Peek is 'i' or 'm' or 'x' or '-' ? OptionGroup()
            : throw new PatternException($"(?{Printable.Escape($"{(char)_text.Next(")")}")}");
    }

    private SyntaxNode Capture()
    {
        _groups++;
        return Repeatable(Close(Body(_options)));
    }

    /// <summary>A condition cannot be repeated, a group that holds one can.</summary>
    private static SyntaxNode Repeatable(SyntaxNode node) => node is PlaceNode or LookNode ? new SequenceNode([node]) : node;

    private LookNode Look(bool behind, bool negative)
    {
        if (!behind)
            NotBehind("a look-ahead");
        _behind += behind ? 1 : 0;
        var node = new LookNode(Close(Body(_options)), behind, negative);
        _behind -= behind ? 1 : 0;
        return node;
    }

    /// <summary>The inside of a group under these options, and its closing bracket.</summary>
    private SyntaxNode Body(Options options)
    {
        var outer = _options;
        _options = options;
        var node = Alternation();
        _options = outer;
        return _text.Take(")") ? node : throw new PatternException("a group without an end");
    }

    /// <summary>"(?i-m:...)"; "(?i)" holds to the end of the group around it, its alternatives included.</summary>
    private SyntaxNode OptionGroup()
    {
        var options = _options;
        for (var on = true; ;)
        {
            switch (_text.Next("an option"))
            {
                case '-':
                    on = false;
                    break;
                case 'i':
                    options = options with { IgnoreCase = on };
                    break;
                case 'm':
                    options = options with { AnyNewline = on };
                    break;
                case 'x':
                    options = options with { Extended = on };
                    break;
                case ':':
                    return Repeatable(Close(Body(options)));
                case ')':
                    var outer = _options;
                    _options = options;
                    var rest = Close(Alternation());
                    _options = outer;
                    return rest;
                case var letter:
                    throw new PatternException($"the option {Printable.Escape(char.ConvertFromUtf32(letter))}");
            }
        }
    }
}
