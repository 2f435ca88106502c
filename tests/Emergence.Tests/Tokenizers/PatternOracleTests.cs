using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Emergence.Tokenizers.Patterns;
using HuggingFace = global::Tokenizers.DotNet.Tokenizer;

namespace Emergence.Tests.Tokenizers;

/// <summary>The pattern matcher against engines of others, over random patterns and texts.</summary>
public class PatternOracleTests
{
    private const string CaseTail = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Han = @"&&[^\p{Han}]";
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public static TheoryData<string, string> InUse => new()
    {
        { "gpt2", @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+" },
        { "llama3", CaseTail + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + Rest },
        { "cl100k", @"(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+" },
        { "o200k",
            $@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+{CaseTail}?|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*{CaseTail}?|\p{{N}}{{1,3}}"
            + @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+" },
        { "tekken",
            $@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*|\p{{N}}"
            + @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+" },
        { "qwen2", CaseTail + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + Rest },
        { "qwen3.5", CaseTail + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+" },
        { "deepseek",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| "
            + "?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+" },
        { "deepseek-kana", "[一-龥\u3040-ゟ゠-ヿ]+" },
        { "falcon", "[0-9][0-9][0-9]" },
        { "starcoder", @"\p{N}" },
        { "viking", " ?[^(\\s|.,!?…。，、।۔،)]+" },
        { "bloom", " ?[^(\\s|[.,!?…。，、।۔،])]+" },
        { "kimi",
            @"[\p{Han}]+|"
            + $@"[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}{Han}]*"
            + $@"[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}{Han}]+{CaseTail}?|\p{{N}}{{1,3}}{Rest}" },
        { "digits from the right", @"\p{N}{1,3}(?=(?:\p{N}{3})*(?:\P{N}|$))" },
        { "aya", @"\d{1,3}(?=(?:\d{3})*\b)" },
        { "words", @"\b\w+\b|\h+|\R|[[:punct:]]+" },
        { "clusters", @"\X" },
    };

    [Theory]
    [MemberData(nameof(InUse))]
    public void Patterns_in_use_cut_as_the_library_cuts(string name, string pattern)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("the library is taken for Linux only");
        var library = new HuggingFace(vocabPath: WordMarker(pattern));
        var own = RegularPattern.Parse(pattern);
        foreach (var text in FuzzTexts.Make(name, FuzzTexts.Count * 5, anyPoint: true).Where(text => text.Length > 0))
        {
            // Every byte is a token of its own, those that begin a word below 256.
            var expected = library.Encode(text).Select((id, place) => (id, place)).Where(token => token.id < 256)
                .Select(token => token.place);
            var cuts = own.Matches(text).SelectMany(match => new[] { match.Start, match.End }).Append(0).Where(cut => cut < text.Length);
            var found = cuts.Distinct().Order().Select(cut => Encoding.UTF8.GetByteCount(text.AsSpan(0, cut)));
            Assert.True(expected.SequenceEqual(found),
                $"{JsonSerializer.Serialize(text)}: {string.Join(' ', expected)}; {string.Join(' ', found)}");
        }
    }

    /// <summary>What both dialects write and mean alike, on texts where their classes are alike.</summary>
    [Fact]
    public void Random_patterns_match_as_the_backtracking_engine_does()
    {
        var random = new Random(5);
        for (var i = 0; i < 3_000; i++)
        {
            var pattern = RandomPattern(random, 3);
            var own = RegularPattern.Parse(pattern);
            var other = new Regex(pattern, RegexOptions.CultureInvariant);
            for (var n = 0; n < 4; n++)
            {
                var text = string.Concat(Enumerable.Range(0, random.Next(1, 16)).Select(_ => "aaabbc 1\né"[random.Next(10)]));
                var found = own.Matches(text).ToList();
                Assert.True(Matches(other, text).SequenceEqual(found),
                    $"{pattern} on {JsonSerializer.Serialize(text)}: {string.Join(' ', found)}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(InUse))]
    public void Patterns_in_use_take_time_linear_in_the_text(string name, string pattern)
    {
        _ = name;
        var own = RegularPattern.Parse(pattern);
        foreach (var unit in new[] { "a", "A", "7", " ", "\n", "漢", ".", "a \n1" })
        {
            // Quadratic work would meet the limit of steps, which is a constant and 32 for each character.
            var text = string.Concat(Enumerable.Repeat(unit, 2_000_000 / unit.Length));
            Assert.InRange(own.Matches(text).Count(), 0, text.Length);
        }
    }

    /// <summary>As the library goes through matches: an empty one that touches the one before is left out.</summary>
    private static IEnumerable<(int Start, int End)> Matches(Regex regex, string text)
    {
        var last = -1;
        for (var from = 0; from <= text.Length;)
        {
            var match = regex.Match(text, from);
            if (!match.Success)
                yield break;
            var end = match.Index + match.Length;
            if (match.Length == 0 && end == last)
            {
                from++;
                continue;
            }

            yield return (match.Index, end);
            (from, last) = (end, end);
        }
    }

    private static string RandomPattern(Random random, int depth)
    {
        string[] atoms = ["a", "b", "c", "[ab]", "[^a]", ".", @"\s", @"\S", @"\d", "é", @"\p{L}", @"[^\s\p{L}]", " "];
        string[] conditions = [@"\A", @"\z", "(?=a)", "(?!b)", "(?<=a)", "(?<!b)", @"(?!\S)", "(?=.b)", "(?<=ab)"];
        string[] quantifiers = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{1,3}?", "{2,}"];
        if (depth == 0)
            return atoms[random.Next(atoms.Length)];
        var atom = atoms[random.Next(atoms.Length)];
        return random.Next(7) switch
        {
            0 => atom,
            1 => atom + quantifiers[random.Next(quantifiers.Length)],
            2 => RandomPattern(random, depth - 1) + RandomPattern(random, depth - 1),
            3 => $"(?:{RandomPattern(random, depth - 1)}|{RandomPattern(random, depth - 1)})",
            4 => $"(?:{atom}{RandomPattern(random, depth - 1)}){quantifiers[random.Next(quantifiers.Length)]}",
            5 => $"(?>{RandomPattern(random, depth - 1)})",
            _ => conditions[random.Next(conditions.Length)] + RandomPattern(random, depth - 1),
        };
    }

    /// <summary>A tokenizer whose ids show where its words begin: a byte that goes on a word has 256 added.</summary>
    private static string WordMarker(string pattern)
    {
        var vocabulary = new Dictionary<string, int>();
        var others = 0;
        for (var value = 0; value < 256; value++)
        {
            var shown = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? value : 256 + others++;
            vocabulary.Add(((char)shown).ToString(), value);
            vocabulary.Add("#" + (char)shown, 256 + value);
        }

        var vocab = JsonSerializer.Serialize(vocabulary);
        var regex = $$"""{"Regex":{{JsonSerializer.Serialize(pattern)}} }""";
        var split = $$"""{"type":"Split","pattern":{{regex}},"behavior":"Isolated","invert":false}""";
        var bytes = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}""";
        var path = Path.Combine(TestData.TemporaryFolder(), "tokenizer.json");
        File.WriteAllText(path, $$"""
            {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"post_processor":null,"decoder":null,
            "pre_tokenizer":{"type":"Sequence","pretokenizers":[{{split}},{{bytes}}]},
            "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"#","end_of_word_suffix":null,"fuse_unk":false,
            "byte_fallback":false,"ignore_merges":false,"vocab":{{vocab}},"merges":[] } }
            """);
        return path;
    }
}
