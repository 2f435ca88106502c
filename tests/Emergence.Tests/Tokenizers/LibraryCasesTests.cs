using System.Diagnostics;
using System.Text.Json;
using Emergence.Tokenizers;

namespace Emergence.Tests.Tokenizers;

/// <summary>
/// Every folder of tokenizers whose answers come from the tokenizers library, SentencePiece or transformers: ids with and without
/// what is put around a text, the text of those ids, and the text of random ids.
/// </summary>
public class LibraryCasesTests
{
    private const string Cases = "cases/tokenizers";

    public static TheoryData<string> Folders
    {
        get
        {
            var root = TestData.LargeOrNull(Cases);
            return root == null ? [""]
                : [.. Directory.GetDirectories(root).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Every_text_is_cut_as_the_library_cuts_it(string folder)
    {
        var path = TestData.Large(Path.Combine(Cases, folder));
        var tokenizer = Tokenizer.Load(Unpacked(path));
        var wrong = new List<string>();
        foreach (var line in File.ReadLines(Path.Combine(path, "cases.jsonl")))
        {
            using var document = JsonDocument.Parse(line);
            var (text, plain) = (document.RootElement.GetProperty("text").GetString()!, Ids(document.RootElement, "ids_plain"));
            Compare(line, Ids(document.RootElement, "ids"), tokenizer.Encode(text));
            Compare(line, plain, tokenizer.Encode(text, addSpecialTokens: false));
            Compare(line, plain, [.. tokenizer.Tokens(text, addSpecialTokens: false).Select(token => token.Id)]);
            CompareText(line, document.RootElement, tokenizer.Decode(plain));
        }

        var decode = Path.Combine(path, "decode.jsonl");
        foreach (var line in File.Exists(decode) ? File.ReadLines(decode) : [])
        {
            using var document = JsonDocument.Parse(line);
            CompareText(line, document.RootElement, tokenizer.Decode(Ids(document.RootElement, "ids")));
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} differences:\n{string.Join('\n', wrong.Take(5))}");

        void Compare(string line, int[] expected, int[] found)
        {
            if (!expected.SequenceEqual(found))
                wrong.Add($"{line}\n  found {string.Join(",", found)}: {string.Join('|', found.Select(tokenizer.TokenText))}\n"
                    + $"  expected {string.Join('|', expected.Select(tokenizer.TokenText))}");
        }

        void CompareText(string line, JsonElement root, string found)
        {
            if (found != root.GetProperty("decoded").GetString())
                wrong.Add($"{line}\n  decoded as {JsonSerializer.Serialize(found, JsonSerializerOptions.Default)}");
        }
    }

    /// <summary>The folder, or a copy in which what xz packed is unpacked.</summary>
    private static string Unpacked(string folder)
    {
        var packed = Directory.GetFiles(folder, "*.xz");
        if (packed.Length == 0)
            return folder;
        var copy = TestData.TemporaryFolder();
        TestData.CopyFiles(folder, copy);
        foreach (var file in packed)
        {
            var target = Path.Combine(copy, Path.GetFileName(file));
            File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            try
            {
                using var process = Process.Start("xz", ["-d", target]);
                process.WaitForExit();
                Assert.Equal(0, process.ExitCode);
            }
            catch (System.ComponentModel.Win32Exception)
            {
                Assert.Skip("xz, which unpacks this tokenizer, is not installed");
            }
        }

        return copy;
    }

    private static int[] Ids(JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}
