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
}
