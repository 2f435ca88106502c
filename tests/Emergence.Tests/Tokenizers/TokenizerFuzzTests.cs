using System.Text;
using System.Text.Json;
using Emergence.Tokenizers;
using HuggingFace = global::Tokenizers.DotNet.Tokenizer;

namespace Emergence.Tests.Tokenizers;

/// <summary>
/// Random texts through every tokenizer.json of the test data, against Hugging Face's library itself. EMERGENCE_TEST_FUZZ=2000 is the
/// whole.
/// </summary>
public class TokenizerFuzzTests
{
    private const string Cases = "cases/tokenizers";

    public static TheoryData<string> Folders
    {
        get
        {
            var root = Path.Combine(TestData.Repository, "..", "shared", Cases);
            var folders = Directory.Exists(root) ? Directory.GetFiles(root, "tokenizer.json", SearchOption.AllDirectories) : [];
            return folders.Length == 0 ? [""]
                : [.. folders.Select(file => Path.GetFileName(Path.GetDirectoryName(file)!)).Order(StringComparer.Ordinal)];
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Random_texts_are_cut_as_the_library_cuts_them(string folder)
    {
        var path = TestData.Large($"{Cases}/{folder}");
        if (!OperatingSystem.IsLinux())
            Assert.Skip("the library is taken for Linux only");
        var own = Tokenizer.Load(path);
        var file = Path.Combine(path, "tokenizer.json");
        var library = new HuggingFace(vocabPath: file);
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        var added = json.RootElement.TryGetProperty("added_tokens", out var tokens)
            ? tokens.EnumerateArray().Select(token => token.GetProperty("content").GetString()!).ToArray()
            : [];

        // The parts below take marks, format characters and punctuation from an old Unicode in the library: U+09FE is no mark, U+2E5C no
        // punctuation there. They get no letters from all of Unicode.
        string[] oldUnicode = ["BertNormalizer", "StripAccents", "BertPreTokenizer", "\"Punctuation\""];
        var parts = json.RootElement.GetProperty("normalizer").GetRawText() + json.RootElement.GetProperty("pre_tokenizer").GetRawText();
        var anyPoint = !oldUnicode.Any(part => parts.Contains(part, StringComparison.Ordinal));
        foreach (var text in FuzzTexts.Make(folder, FuzzTexts.Count, anyPoint, added).Where(text => text.Length > 0))
        {
            var expected = library.Encode(text).Select(id => (int)id).ToArray();
            var found = own.Encode(text);
            Assert.True(expected.AsSpan().SequenceEqual(found),
                $"{JsonSerializer.Serialize(text)}: {string.Join(' ', expected)}; {string.Join(' ', found)}");
        }
    }

    /// <summary>Every character by itself and among marks, many to a text.</summary>
    [Theory]
    [InlineData("07-nfd")]
    [InlineData("07-nfkd")]
    [InlineData("07-nfkc")]
    public void Every_character_is_normalized_as_the_library_does(string folder)
    {
        const int Most = 0x30000, Together = 512;
        var path = TestData.Large($"{Cases}/{folder}");
        if (!OperatingSystem.IsLinux())
            Assert.Skip("the library is taken for Linux only");
        var (own, library) = (Tokenizer.Load(path), new HuggingFace(vocabPath: Path.Combine(path, "tokenizer.json")));
        var runes = Enumerable.Range(0x300, Most - 0x300).Where(Rune.IsValid).Select(point => new Rune(point));
        foreach (var part in runes.Chunk(Together))
        {
            var text = string.Concat(part.Select(rune => $"a\u0315{rune}\u0300{rune}"));
            Assert.Equal(library.Encode(text).Select(id => (int)id), own.Encode(text));
        }
    }
}
