using Emergence.Tokenizers.Normalizers;
using Emergence.Tokenizers.Patterns;

namespace Emergence.Tokenizers;

/// <summary>The "pattern" of a component of tokenizer.json: a fixed text, or a regular expression.</summary>
internal static class Pattern
{
    /// <summary>The words of GPT-2, as written in its release; also what "ByteLevel" without a pattern of its own means.</summary>
    public static readonly RegularPattern Gpt2 =
        RegularPattern.Parse(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");

    public static RegularPattern FromJson(JsonField owner)
    {
        var pattern = owner["pattern"];
        if (!pattern["String"].IsNull)
            return RegularPattern.Literal(pattern["String"].Text());
        var regex = pattern["Regex"].Text();
        try
        {
            return RegularPattern.Parse(regex);
        }
        catch (PatternException error)
        {
            throw owner.Unsupported($"pattern {RegularPattern.Show(regex)} ({error.Message})");
        }
    }

    /// <summary>The "Replace" normalizer or decoder.</summary>
    public static Normalizer Replacement(JsonField field)
    {
        var content = field["content"].Text();
        var pattern = FromJson(field);
        return text => TextRewrite.Replace(text, pattern.Matches(text.ToString()), content);
    }
}
