using System.Runtime.CompilerServices;
using System.Text;

namespace Emergence.Tokenizers.Patterns;

/// <summary>What the matcher sees at a place of its text.</summary>
internal sealed partial class PatternMatcher
{
    private bool MatchesBehind(Instruction now, int place)
    {
        var (outer, start) = (_goal, place);
        _goal = place;
        var found = false;
        for (var length = 0; !found && length <= now.Most; length++)
        {
            Spend(1);
            found = length >= now.Least && Match(now.Inner, start) >= 0;
            if (start == 0)
                break;
            start = Before(start);
        }

        _goal = outer;
        return found;
    }

    private bool IsPlace(Instruction now, int place) => now.Place switch
    {
        PlaceKind.TextStart => place == 0,
        PlaceKind.TextEnd => place == _text.Length,
        PlaceKind.TextEndOrLastNewline => place == _text.Length || (place == _text.Length - 1 && _text[place] == '\n'),
        PlaceKind.LineStart => place == 0 || (_text[place - 1] == '\n' && place < _text.Length),
        PlaceKind.LineEnd => place == _text.Length || _text[place] == '\n',
        PlaceKind.SearchStart => place == _searchStart,
        _ => IsWordBoundary(now.Members, place) == (now.Place == PlaceKind.WordBoundary),
    };

    private bool IsWordBoundary(bool[] word, int place) =>
        (place > 0 && word[ClassAt(Before(place), out _)]) != word[ClassAt(place, out _)];

    private int Before(int place) =>
        place > 1 && char.IsLowSurrogate(_text[place - 1]) && char.IsHighSurrogate(_text[place - 2]) ? place - 2 : place - 1;

    private int LengthAt(int place)
    {
        ClassAt(place, out var length);
        return length;
    }

    /// <summary>The class of the character at a place, and how many UTF-16 units it has: none at the end of the text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int ClassAt(int place, out int length)
    {
        var text = _text;
        if ((uint)place < (uint)text.Length && text[place] < (uint)_latin.Length)
        {
            length = 1;
            return _latin[text[place]];
        }

        return OtherClassAt(place, out length);
    }

    private int OtherClassAt(int place, out int length)
    {
        if (place >= _text.Length)
        {
            length = 0;
            return _end;
        }

        if (!char.IsSurrogate(_text[place]))
        {
            length = 1;
            return _classes[_text[place]];
        }

        Rune.DecodeFromUtf16(_text.AsSpan(place), out var rune, out length);
        return _classes[rune.Value];
    }
}
