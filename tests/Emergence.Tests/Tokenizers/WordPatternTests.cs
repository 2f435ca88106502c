using System.Text.RegularExpressions;
using Emergence.Tokenizers;

namespace Emergence.Tests.Tokenizers;

/// <summary>The hand-written scanners against the backtracking regex engine, which takes the same patterns.</summary>
public class WordPatternTests
{
    // No characters above U+FFFF: the engine would see their halves. U+0085 and U+001C tell kinds of white space apart.
    private const string Alphabet = "aZé日sStTdDmMrReEvVlL\u017F''''  \t\r\n\u00A0\u0085\u001C\u200B019²Ⅷ٣!.,_\u0301-";

    [Theory]
    [InlineData(WordPatterns.Gpt2)]
    [InlineData(WordPatterns.Llama3)]
    [InlineData(WordPatterns.Qwen2)]
    public void Scanners_cut_where_the_pattern_does(string pattern)
    {
        // The engine does not take the long s for a case of s; spelled out here.
        var regex = new Regex(pattern.Replace("(?i:'s|", "(?i:'[s\u017F]|", StringComparison.Ordinal), RegexOptions.CultureInvariant);
        var endOf = WordPatterns.Find(pattern)!;
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 24)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            var expected = regex.Matches(text).Select(match => match.Value);
            var found = Pattern.Consecutive(text, endOf).Select(part => text[part.Start..part.End]);
            Assert.Equal(expected, found);
        }
    }

    [Theory]
    [InlineData(WordPatterns.Gpt2, "\U00010400\U00010428x| 𝟘𝟙")]
    [InlineData(WordPatterns.Llama3, "\U00010400\U00010428x| |𝟘𝟙")]
    [InlineData(WordPatterns.Qwen2, "\U00010400\U00010428x| |𝟘|𝟙")]
    public void Characters_above_the_basic_plane_are_letters_and_digits_too(string pattern, string cut)
    {
        var text = cut.Replace("|", "", StringComparison.Ordinal);
        var found = Pattern.Consecutive(text, WordPatterns.Find(pattern)!).Select(part => text[part.Start..part.End]);
        Assert.Equal(cut.Split('|'), found);
    }

    [Fact]
    public void An_unknown_pattern_has_no_scanner() => Assert.Null(WordPatterns.Find(@"\p{L}+"));
}
