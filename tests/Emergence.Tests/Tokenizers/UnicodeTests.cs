using System.Security.Cryptography;
using System.Text;
using Emergence.Tokenizers.Normalizers;
using Emergence.Tokenizers.Unicode;

namespace Emergence.Tests.Tokenizers;

/// <summary>Unicode must be right without ICU.</summary>
public class UnicodeTests
{
    /// <summary>
    /// Characters with a combining class or a decomposition that came after Unicode 9: plain ones to the tokenizers library, whose
    /// normal forms these are.
    /// </summary>
    private const string Newer = """
        7FD 898-89F 8CA-8D3 9FE C3C D3B-D3C EBA 1715 1ABF-1ACE 1DF6-1DFA 32FF A7F2-A7F4 A82C AB69 10781-10785 10787-107B0 107B2-107BA
        10D24-10D27 10EAB-10EAC 10EFD-10EFF 10F46-10F50 10F82-10F85 11070 1133B 1145E 11839-1183A 11938 1193D-1193E 11943 119E0 11A34 11A47
        11A99 11D42 11D44-11D45 11D97 11F41-11F42 16FF0-16FF1 1E030-1E06D 1E08F 1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF 1F16C 1FBF0-1FBF9
        """;

    private static readonly HashSet<int> s_newer =
    [
        .. Newer.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Split('-')
            .Select(end => Convert.ToInt32(end, 16)).ToArray()).SelectMany(ends => Enumerable.Range(ends[0], ends[^1] - ends[0] + 1)),
    ];

    /// <summary>
    /// Every character of Unicode 9, then 200,000 strings of six such characters rich in combining marks, one line each, normalized. The
    /// checksums are of Python 3.11's unicodedata (Unicode 14) over the same strings.
    /// </summary>
    [Theory]
    [InlineData(NormalizationForm.FormC, "f19b497ff9805abd032f5a1d94bcd2b98e6049d2b4e54da42922f4dd5f2ba292")]
    [InlineData(NormalizationForm.FormD, "3b45d3cb8441f242e97e14d4bcaec1f383d8406f474188f61840d772dc50ba51")]
    [InlineData(NormalizationForm.FormKC, "95ce9f7d87637e8440698aec22e28d8f567db0e8fbac091abb27795f2321fc59")]
    [InlineData(NormalizationForm.FormKD, "e60230ce337861099d2f00719462e4db5ba0df7c100eefd56ee7a96507374c81")]
    public void Normal_forms_equal_those_of_an_independent_implementation(NormalizationForm form, string checksum)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var value = 0; value <= 0x10FFFF; value++)
        {
            if (Rune.IsValid(value) && !s_newer.Contains(value))
                Add(new Rune(value).ToString());
        }

        ulong state = 1;
        var text = new StringBuilder();
        for (var i = 0; i < 200_000; i++)
        {
            text.Clear();
            for (var j = 0; j < 6; j++)
            {
                state = state * 6364136223846793005 + 1442695040888963407;
                var random = (int)((state >> 33) % 0x3000);
                var value = (state >> 60 & 3) != 0 ? random : 0x300 + random % 0x70;
                text.Append(s_newer.Contains(value) ? 'x' : (char)value);
            }

            Add(text.ToString());
        }

        Assert.Equal(checksum, Convert.ToHexStringLower(hash.GetHashAndReset()));

        void Add(string line) => hash.AppendData(Encoding.UTF8.GetBytes(Normalization.Normalize(line, form) + "\n"));
    }

    [Fact]
    public void What_Unicode_10_and_later_added_is_a_plain_character()
    {
        foreach (var value in s_newer)
        {
            var text = $"a\u0315{new Rune(value)}\u0300";
            foreach (var form in new[] { NormalizationForm.FormC, NormalizationForm.FormD, NormalizationForm.FormKC,
                NormalizationForm.FormKD })
                Assert.Equal(text, Normalization.Normalize(text, form));
        }
    }

    [Theory]
    [InlineData("\u1E9B\u0323", NormalizationForm.FormC, "\u1E9B\u0323")]
    [InlineData("\u1E9B\u0323", NormalizationForm.FormD, "\u017F\u0323\u0307")]
    [InlineData("\u1E9B\u0323", NormalizationForm.FormKC, "\u1E69")]
    [InlineData("\u1E9B\u0323", NormalizationForm.FormKD, "s\u0323\u0307")]
    [InlineData("\uD55C\uAE00", NormalizationForm.FormD, "\u1112\u1161\u11AB\u1100\u1173\u11AF")]
    [InlineData("\u1112\u1161\u11AB", NormalizationForm.FormC, "\uD55C")]
    public void Normal_forms_of_the_examples_in_annex_15(string text, NormalizationForm form, string expected) =>
        Assert.Equal(expected, Normalization.Normalize(text, form));

    [Fact]
    public void Half_a_surrogate_pair_becomes_the_replacement_character() =>
        Assert.Equal("\u00E9\uFFFD", Normalization.Normalize("e\u0301\uD800", NormalizationForm.FormC));

    [Theory]
    [InlineData("STRASSE ÄÖÜ", "strasse äöü")]
    [InlineData("\u0130", "i\u0307")]
    [InlineData("ΑΣ", "ασ")]
    [InlineData("\u1E9E\u212A\u10A0\u2C2E", "\u00DFk\u2D00\u2C5E")]
    [InlineData("\U00010400\U0001E900", "\U00010428\U0001E922")]
    public void Lower_case_is_that_of_Unicode(string text, string expected) =>
        Assert.Equal(expected, CharacterNormalizers.Lowercase(new(text)).ToString());
}
