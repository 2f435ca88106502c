using Emergence.Messages;

namespace Emergence.Tokenizers.Patterns;

/// <summary>Reads what stands in brackets: characters, ranges, sets, nested classes and intersections.</summary>
internal sealed class ClassParser(PatternText text)
{
    private const int MostNested = 100;

    private int _depth;

    /// <summary>The set before a leading '^' is applied, and whether there was one; the opening bracket has been passed.</summary>
    public (CharacterSet Set, bool Negative) Read()
    {
        if (++_depth > MostNested)
            throw new PatternException("brackets nested too deep");
        var negative = text.Take("^");
        var sets = new List<CharacterSet>();
        CharacterSet? both = null;
        if (text.Peek == ']')
        {
            text.Place++;
            if (!text.HasClosingBracket())
                throw new PatternException("an empty class");
            AddCharacter(sets, ']');
        }

        while (!text.Take("]"))
        {
            if (text.Take("&&"))
            {
                both = Meet(both, sets);
                sets.Clear();
            }
            else
            {
                ReadItem(sets);
            }
        }

        _depth--;
        return (Meet(both, sets), negative);
    }

    private static CharacterSet Meet(CharacterSet? both, List<CharacterSet> sets)
    {
        var set = CharacterSet.Union(sets);
        return both == null ? set : both.Intersect(set);
    }

    private void ReadItem(List<CharacterSet> sets)
    {
        if (text.Take("["))
        {
            sets.Add(Posix() ?? Nested());
            NoRange();
        }
        else if (text.Take("\\"))
        {
            if (text.TakeSet() is { } set)
            {
                sets.Add(set);
                NoRange();
            }
            else
            {
                AddCharacter(sets, text.Take("b") ? '\b' : text.EscapedCharacter());
            }
        }
        else
        {
            AddCharacter(sets, text.Next("]"));
        }
    }

    /// <summary>A character, or the range that it begins. A '-' before the end of the class or an intersection is itself.</summary>
    private void AddCharacter(List<CharacterSet> sets, int first)
    {
        if (text.Peek != '-' || text.PeekAt(1) == ']' || (text.PeekAt(1) == '&' && text.PeekAt(2) == '&'))
        {
            sets.Add(CharacterSet.Of(first));
            return;
        }

        text.Place++;
        int last;
        if (text.Peek == '[')
            throw new PatternException("a class at the end of a range");
        if (text.Take("\\"))
        {
            if (text.TakeSet() != null)
                throw new PatternException("a set at the end of a range");
            last = text.Take("b") ? '\b' : text.EscapedCharacter();
        }
        else
        {
            last = text.Next("the end of a range");
        }

        if (last < first)
            throw new PatternException("a range that runs backwards");
        sets.Add(CharacterSet.Range(first, last));
        if (text.Peek == '-' && text.PeekAt(1) != ']')
        {
            // [0-9-a]: the second '-' is itself.
            text.Place++;
            sets.Add(CharacterSet.Of('-'));
        }
    }

    /// <summary>After a set, a '-' can only stand at the end.</summary>
    private void NoRange()
    {
        if (text.Peek == '-' && text.PeekAt(1) != ']')
            throw new PatternException("a set at the beginning of a range");
    }

    private CharacterSet Nested()
    {
        var (set, negative) = Read();
        return negative ? set.Complement() : set;
    }

    /// <summary>[:alpha:], whose opening bracket has been passed; null if a nested class stands here.</summary>
    private CharacterSet? Posix()
    {
        var start = text.Place;
        if (!text.Take(":"))
            return null;
        var negative = text.Take("^");
        var name = text.Until(":]");
        if (name == null || name.Contains(']', StringComparison.Ordinal))
        {
            text.Place = start;
            return null;
        }

        var property = name switch
        {
            "alnum" or "alpha" or "blank" or "cntrl" or "digit" or "graph" or "lower" or "print" or "space" or "upper" or "xdigit"
                or "word" or "ascii" => name,
            "punct" => "PosixPunct",
            _ => throw new PatternException($"[:{Printable.Escape(name)}:]"),
        };
        var set = UnicodeProperties.Known(property);
        return negative ? set.Complement() : set;
    }
}
