using System.Text.Json;
using Emergence.Tokenizers.Patterns;

namespace Emergence.Tests.Tokenizers;

/// <summary>The pattern matcher against Oniguruma, whose dialect it reads.</summary>
public class PatternTests
{
    /// <summary>What Oniguruma has and this program refuses by name: nothing that a tokenizer was seen to use.</summary>
    private static readonly string[] s_refused =
    [
        @"\K", "(?~", "the back reference", @"the call \g", "(?W", "(?y", "(?I", "(?D", "(?S", "(?P", "(?C", "(?L", "(?{", "(*", @"\y",
            @"\M-",
        "in a look-behind", @"\x{ without one code point", "In_No_Block", "a counted repeat of what can be empty",
    ];

    [Fact]
    public void Every_rule_of_the_dialect_is_that_of_the_original()
    {
        var wrong = new List<string>();
        var compared = 0;
        foreach (var line in File.ReadLines(TestData.Golden("patterns/oniguruma.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var (pattern, text) = (json.RootElement.GetProperty("pattern").GetString()!, json.RootElement.GetProperty("text").GetString()!);
            var expected = json.RootElement.TryGetProperty("matches", out var matches)
                ? string.Join(' ', matches.EnumerateArray().Select(match => $"{match[0]}-{match[1]}"))
                : "refused";
            var found = Matches(pattern, text, out var reason);
            var named = reason != null && s_refused.Any(known => reason.Contains(known, StringComparison.Ordinal));
            if (expected != found && !(found == "refused" && named))
                wrong.Add($"{pattern} on {JsonSerializer.Serialize(text)}: expected {expected}, found {found} {reason}");
            compared += found == "refused" ? 0 : 1;
        }

        Assert.Empty(wrong);
        Assert.InRange(compared, 1400, int.MaxValue);
    }

    private static string Matches(string pattern, string text, out string? reason)
    {
        reason = null;
        try
        {
            return string.Join(' ', RegularPattern.Parse(pattern).Matches(text).Select(match => $"{match.Start}-{match.End}"));
        }
        catch (PatternException error)
        {
            reason = error.Message;
            return "refused";
        }
    }
}
