using Emergence.Messages;

namespace Emergence.Tokenizers.Patterns;

/// <summary>
/// Reads a pattern of the dialect that Hugging Face's tokenizers use: Oniguruma with its own default syntax, without options.
/// Groups capture nothing, since only whole matches are asked for; what needs captures is refused by its name.
/// </summary>
internal sealed class PatternParser
{
    private const int MostRepeats = 100_000, MostNested = 200;

    // Outside brackets the original's \w, \W, \p{Word} and \b take ²³¹¼½¾ for word characters, by a table of Latin-1; inside they are none.
    private static readonly CharacterSet s_word = UnicodeProperties.Word.Union(CharacterSet.Of([0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE]));
    private static readonly CharacterSet s_newline = CharacterSet.Of('\n');

    private readonly PatternText _text;
    private Options _options;
    private int _depth, _groups, _behind;

    private PatternParser(string pattern) => _text = new(pattern);

    /// <summary>Options that "(?imx-imx)" turns on and off; m lets '.' match a newline.</summary>
    private readonly record struct Options(bool IgnoreCase, bool AnyNewline, bool Extended);

    /// <summary>Characters whose case does not matter, which stand for themselves until their neighbours are known.</summary>
    private sealed record FoldedNode(string Text) : SyntaxNode(0, 0);

    /// <summary>A group without a mark of its own: part of what it stands in, unless it is repeated.</summary>
    private sealed record OpenNode(List<SyntaxNode> Items) : SyntaxNode(0, 0);

    /// <summary>What \w and \b take for a word's character.</summary>
    public static CharacterSet Word => s_word;

    public static SyntaxNode Parse(string pattern)
    {
        var parser = new PatternParser(pattern);
        var node = parser.Close(parser.Alternation());
        return parser._text.AtEnd ? node : throw new PatternException("a ')' without a group");
    }

    private SyntaxNode Alternation()
    {
        if (++_depth > MostNested)
            throw new PatternException("groups nested too deep");
        var branches = new List<List<SyntaxNode>>();
        do
            branches.Add(Branch());
        while (_text.Take("|"));
        _depth--;
        return branches.Count == 1 ? new OpenNode(branches[0]) : Choice([.. branches.Select(Sequence)]);
    }

    private List<SyntaxNode> Branch()
    {
        var items = new List<SyntaxNode>();
        while (!_text.AtEnd && _text.Peek is not ('|' or ')'))
        {
            if (_options.Extended && SkipSpace())
                continue;
            if (Quantifier() != null)
                throw new PatternException("a quantifier after nothing");
            var node = Atom();
            while (node != null && Quantifier() is { } times)
                node = Repeat(Close(node), times.Least, times.Most, times.Kind);
            if (node is OpenNode open)
                items.AddRange(open.Items);
            else if (node != null)
                items.Add(node);
        }

        return items;
    }

    private bool SkipSpace()
    {
        if (_text.Peek is ' ' or '\t' or '\n' or '\r' or '\f' or '\v')
        {
            _text.Place++;
            return true;
        }

        if (_text.Peek != '#')
            return false;
        while (!_text.AtEnd && _text.Peek != '\n')
            _text.Place++;
        return true;
    }

    private static RepeatNode Repeat(SyntaxNode body, int least, int most, RepeatKind kind) => body is PlaceNode or LookNode
        ? throw new PatternException("a quantifier after a condition")
        : new(body, least, most, kind);

    private (int Least, int Most, RepeatKind Kind)? Quantifier()
    {
        (int Least, int Most)? times = _text.Peek switch
        {
            '*' => (0, SyntaxNode.Endless),
            '+' => (1, SyntaxNode.Endless),
            '?' => (0, 1),
            '{' => null,
            _ => (-1, 0),
        };
        if (times is { Least: -1 })
            return null;
        if (times is not var (least, most))
            return Interval();
        _text.Place++;
        var kind = _text.Take("?") ? RepeatKind.Lazy : _text.Take("+") ? RepeatKind.Possessive : RepeatKind.Greedy;
        return (least, most, kind);
    }

    /// <summary>"{n,m}", which a '?' makes lazy; a '+' after it repeats it. "{3,1}" is a possessive {1,3}; what has another form is text.</summary>
    private (int Least, int Most, RepeatKind Kind)? Interval()
    {
        var start = _text.Place;
        _text.Place++;
        var least = _text.Digits(10, 7);
        var most = least;
        var range = _text.Take(",");
        if (range)
            most = _text.Digits(10, 7) ?? (least == null ? null : SyntaxNode.Endless);
        if (most == null || !_text.Take("}"))
        {
            _text.Place = start;
            return null;
        }

        if (least > MostRepeats || most is > MostRepeats and not SyntaxNode.Endless)
            throw new PatternException($"{_text.From(start)}, which is more than {MostRepeats}");
        if (least > most)
            return (most.Value, least.Value, RepeatKind.Possessive);
        return (least ?? 0, most.Value, range && _text.Take("?") ? RepeatKind.Lazy : RepeatKind.Greedy);
    }

    /// <summary>What a quantifier can follow; null where only an option or a comment stood.</summary>
    private SyntaxNode? Atom()
    {
        switch (_text.Peek)
        {
            case '(':
                _text.Place++;
                return Group();
            case '[':
                _text.Place++;
                return Class();
            case '\\':
                _text.Place++;
                return Escape();
            case '.':
                _text.Place++;
                return new CharacterNode(_options.AnyNewline ? CharacterSet.All : s_newline.Complement());
            case '^':
                _text.Place++;
                return new PlaceNode(PlaceKind.LineStart);
            case '$':
                _text.Place++;
                return new PlaceNode(PlaceKind.LineEnd);
            default:
                return Character(_text.Next("a character"));
        }
    }

    private SyntaxNode Character(int point) =>
        _options.IgnoreCase ? new FoldedNode(char.ConvertFromUtf32(point)) : new CharacterNode(CharacterSet.Of(point));

    private SyntaxNode Escape()
    {
        PlaceKind? place = _text.Peek switch
        {
            'A' => PlaceKind.TextStart,
            'z' => PlaceKind.TextEnd,
            'Z' => PlaceKind.TextEndOrLastNewline,
            'b' => PlaceKind.WordBoundary,
            'B' => PlaceKind.NotWordBoundary,
            'G' => PlaceKind.SearchStart,
            _ => null,
        };
        SyntaxNode? node = (place, _text.Peek) switch
        {
            ({ } kind, _) => new PlaceNode(kind),
            (_, 'N') => new CharacterNode(s_newline.Complement()),
            (_, 'O') => new CharacterNode(CharacterSet.All),
            (_, 'R') => LineBreak(),
            (_, 'X') => new ClusterNode(),
            _ => null,
        };
        if (node != null)
        {
            _text.Place++;
            return node;
        }

        RefuseReference();
        return _text.TakeSet() is { } set ? new CharacterNode(OutsideBrackets(set)) : Character(_text.EscapedCharacter());
    }

    private static CharacterSet OutsideBrackets(CharacterSet set) => set.SameAs(UnicodeProperties.Word) ? s_word
        : set.SameAs(UnicodeProperties.Word.Complement()) ? s_word.Complement()
        : set;

    private static AtomicNode LineBreak()
    {
        var pair = new SequenceNode([new CharacterNode(CharacterSet.Of('\r')), new CharacterNode(s_newline)]);
        var one = new CharacterNode(CharacterSet.Range('\n', '\r').Union(CharacterSet.Of([0x85, 0x2028, 0x2029])));
        return new(new ChoiceNode([pair, one]));
    }

    /// <summary>What refers to a group, or changes what a match is, by its name.</summary>
    private void RefuseReference()
    {
        var (letter, next) = (_text.Peek, _text.PeekAt(1));
        if (letter is 'k' or 'g' && next is '<' or '\'')
        {
            var name = _text.Until(next == '<' ? ">" : "'");
            throw new PatternException($@"the {(letter == 'k' ? "back reference" : "call")} \{Printable.Escape(name ?? "")}{(next == '<' ? '>' : '\'')}");
        }

        if (letter is 'K' or 'y' or 'Y')
            throw new PatternException($@"\{letter}");
        if (letter is < '1' or > '9')
            return;
        var start = _text.Place;
        if (_text.Digits(10, 7) is { } number && (number <= 9 || number <= _groups))
            throw new PatternException($@"the back reference \{number}");
        _text.Place = start;
    }

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
            return new AtomicNode(Close(Body(_options)));
        if (_text.Take("#"))
            return _text.Until(")") == null ? throw new PatternException("a comment without an end") : null;
        if (_text.Peek is '<' or '\'')
        {
            _text.Place++;
            return _text.Until(_text.PeekAt(-1) == '<' ? ">" : "'") == null ? throw new PatternException("a group without a name") : Capture();
        }

        return _text.Peek is 'i' or 'm' or 'x' or '-' ? OptionGroup() : throw new PatternException($"(?{Printable.Escape($"{(char)_text.Next(")")}")}");
    }

    private SyntaxNode Capture()
    {
        _groups++;
        return Close(Body(_options));
    }

    private LookNode Look(bool behind, bool negative)
    {
        if (_behind > 0 && !behind)
            throw new PatternException("a look-ahead in a look-behind");
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
                    return Close(Body(options));
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

    private SyntaxNode Class()
    {
        var (set, negative) = new ClassParser(_text).Read();
        if (!_options.IgnoreCase)
            return new CharacterNode(negative ? set.Complement() : set);
        var closed = CaseFolding.Close(set);
        if (negative)
            return new CharacterNode(closed.Complement());
        var longer = CaseFolding.Long.Where(fold => set.Contains(fold.Point)).Select(fold => fold.Fold).Distinct().Select(Unfolded);
        return Choice([new CharacterNode(closed), .. longer]);
    }

    private static SyntaxNode Choice(SyntaxNode[] branches) => branches switch
    {
        [var only] => only,
        _ when branches.All(branch => branch is CharacterNode) =>
            new CharacterNode(CharacterSet.Union(branches.Select(branch => ((CharacterNode)branch).Set))),
        _ => new ChoiceNode(branches),
    };

    private SyntaxNode Close(SyntaxNode node) => node switch
    {
        OpenNode open => Sequence(open.Items),
        FoldedNode => Sequence([node]),
        _ => node,
    };

    private SyntaxNode Sequence(List<SyntaxNode> items)
    {
        var result = new List<SyntaxNode>();
        var folded = "";
        foreach (var item in items)
        {
            if (item is FoldedNode letters)
            {
                folded += letters.Text;
                continue;
            }

            AddFolded(folded, result);
            folded = "";
            result.Add(item);
        }

        AddFolded(folded, result);
        return result is [var only] ? only : new SequenceNode([.. result]);
    }

    /// <summary>
    /// Text without regard to case. Where two or three letters are what one character folds to, that character stands for them too:
    /// the longest such group from the left, as the original does it ("sss" is "ßs" but not "sß").
    /// </summary>
    private void AddFolded(string text, List<SyntaxNode> result)
    {
        var runes = text.EnumerateRunes().ToArray();
        for (int i = 0, length; i < runes.Length; i += length)
        {
            var fold = "";
            for (length = Math.Min(3, runes.Length - i); length > 0; length--)
            {
                fold = string.Concat(runes[i..(i + length)].Select(rune => CaseFolding.Fold(rune.Value)));
                if (length == 1 || !CaseFolding.Unfold(fold).IsEmpty)
                    break;
            }

            var whole = CaseFolding.Unfold(fold);
            if (fold.EnumerateRunes().Count() == 1)
                result.Add(new CharacterNode(whole));
            else if (_behind > 0)
                throw new PatternException($"{Printable.Quote(fold)} without regard to case in a look-behind");
            else
                result.Add(Choice([new CharacterNode(whole), Unfolded(fold)]));
        }
    }

    private static SequenceNode Unfolded(string fold) =>
        new([.. fold.EnumerateRunes().Select(rune => new CharacterNode(CaseFolding.Unfold(rune.ToString())))]);
}
