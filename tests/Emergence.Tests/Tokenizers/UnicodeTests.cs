using System.Security.Cryptography;
using System.Text;
using Emergence.Tokenizers.Normalizers;
using Emergence.Tokenizers.Unicode;

namespace Emergence.Tests.Tokenizers;

/// <summary>Unicode must be right without ICU.</summary>
public class UnicodeTests
{
    /// <summary>
    /// Every character, then 200,000 strings of six characters rich in combining marks, one line each, normalized. The
    /// checksums are of Python 3.13's unicodedata (Unicode 15.1) over the same strings.
    /// </summary>
    [Theory]
    [InlineData(NormalizationForm.FormC, "52302420d9d355f9223a02612f50680872a9487b255456918b8d8f60ce308db1")]
    [InlineData(NormalizationForm.FormD, "0230f6813abd4dd2c988c46b3b8c2ece32e10bc75927e0272bc65a0847b409b1")]
    [InlineData(NormalizationForm.FormKC, "1c2aac4206a905945868dc10900c6dff914ad05b4803e5d210a9eca2bb19f278")]
    [InlineData(NormalizationForm.FormKD, "1d1bd8f2009ceef34882e9eaccb1930c5808a692dd88f8030e2f6ad5cd3ffb4b")]
    public void Normal_forms_equal_those_of_an_independent_implementation(NormalizationForm form, string checksum)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var value = 0; value <= 0x10FFFF; value++)
        {
            if (Rune.IsValid(value))
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
                text.Append((char)((state >> 60 & 3) != 0 ? random : 0x300 + random % 0x70));
            }

            Add(text.ToString());
        }

        Assert.Equal(checksum, Convert.ToHexStringLower(hash.GetHashAndReset()));

        void Add(string line) => hash.AppendData(Encoding.UTF8.GetBytes(Normalization.Normalize(line, form) + "\n"));
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
