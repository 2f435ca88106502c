using Emergence.Messages;

namespace Emergence.Tokenizers.Patterns;

/// <summary>
/// Reads a pattern of the dialect that Hugging Face's tokenizers use: Oniguruma with its own default syntax, without options.
/// Groups capture nothing, since only whole matches are asked for; what needs captures is refused by its name.
/// </summary>
internal sealed partial class PatternParser
{
    private const int MostRepeats = 100_000, MostNested = 200;

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

    /// <summary>
    /// Outside brackets the original's \w, \W, \p{Word} and \b take ²³¹¼½¾ for a word's characters, by a table of Latin-1; inside they are
    /// none.
    /// </summary>
    public static CharacterSet Word { get; } = UnicodeProperties.Word.Union(CharacterSet.Of([0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE]));

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

    private RepeatNode Repeat(SyntaxNode body, int least, int most, RepeatKind kind)
    {
        if (kind == RepeatKind.Possessive)
            NotBehind("a possessive quantifier");
        if (body is PlaceNode or LookNode)
            throw new PatternException("a quantifier after a condition");

        // Where the original leaves such a repeat after an empty round depends on the length of its machine code.
        var isCounted = least > 1 || most is > 1 and not SyntaxNode.Endless;
        return isCounted && body.Shortest == 0
            ? throw new PatternException("a counted repeat of what can be empty")
            : new(body, least, most, kind);
    }

    /// <summary>What has a meaning of its own in the original where the text before a place is matched.</summary>
    private void NotBehind(string what)
    {
        if (_behind > 0)
            throw new PatternException($"{what} in a look-behind");
    }

    private (int Least, int Most, RepeatKind Kind)? Quantifier()
    {
        if (_text.Peek == '{')
            return Interval();
        var (least, most) = _text.Peek switch
        {
            '*' => (0, SyntaxNode.Endless),
            '+' => (1, SyntaxNode.Endless),
            '?' => (0, 1),
            _ => (0, 0),
        };
        if (most == 0)
            return null;
        _text.Place++;
        var kind = _text.Take("?") ? RepeatKind.Lazy : _text.Take("+") ? RepeatKind.Possessive : RepeatKind.Greedy;
        return (least, most, kind);
    }

    /// <summary>"{n,m}", which a '?' makes lazy; a '+' after it repeats it. "{3,1}" is a possessive {1,3}; what has another form is
    /// text.</summary>
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

    /// <summary>What a quantifier can follow; null if only an option or a comment stood.</summary>
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
        if (node is AtomicNode or ClusterNode)
            NotBehind($@"\{_text.Peek}");
        if (node != null)
        {
            _text.Place++;
            return node;
        }

        RefuseReference();
        return _text.TakeSet() is { } set ? new CharacterNode(OutsideBrackets(set)) : Character(_text.EscapedCharacter());
    }

    private static CharacterSet OutsideBrackets(CharacterSet set) => set.SameAs(UnicodeProperties.Word) ? Word
        : set.SameAs(UnicodeProperties.Word.Complement()) ? Word.Complement()
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
            throw new PatternException(
                $@"the {(letter == 'k' ? "back reference" : "call")} \{Printable.Escape(name ?? "")}{(next == '<' ? '>' : '\'')}");
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

    private IEnumerable<SyntaxNode> Folded(string text)
    {
        foreach (var (whole, fold) in CaseFolding.Groups(text))
        {
            var isLong = fold.EnumerateRunes().Skip(1).Any();
            if (isLong)
                NotBehind($"{Printable.Quote(fold)} without regard to case");
            yield return isLong ? Choice([new CharacterNode(whole), Unfolded(fold)]) : new CharacterNode(whole);
        }
    }

    private static SequenceNode Unfolded(string fold) =>
        new([.. fold.EnumerateRunes().Select(rune => new CharacterNode(CaseFolding.Unfold(rune.ToString())))]);

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

            result.AddRange(Folded(folded));
            folded = "";
            result.Add(item);
        }

        result.AddRange(Folded(folded));
        return result is [var only] ? only : new SequenceNode([.. result]);
    }
}
