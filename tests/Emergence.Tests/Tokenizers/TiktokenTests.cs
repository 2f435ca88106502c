using System.Text.Json;
using Emergence.Benchmarks;
using Microsoft.ML.Tokenizers;
using Tokenizer = Emergence.Tokenizers.Tokenizer;

namespace Emergence.Tests.Tokenizers;

/// <summary>The real vocabularies of cl100k and o200k, against Microsoft's own implementation of tiktoken.</summary>
public class TiktokenTests
{
    [Theory]
    [InlineData("cl100k_base")]
    [InlineData("o200k_base")]
    public void Random_texts_are_cut_as_tiktoken_cuts_them(string encoding)
    {
        var vocabulary = encoding == "cl100k_base" ? TiktokenVocabulary.Cl100k : TiktokenVocabulary.O200k;
        var folder = TestData.TemporaryFolder();
        vocabulary.Write(folder);
        var own = Tokenizer.Load(folder);
        var library = TiktokenTokenizer.CreateForEncoding(encoding);

        // Letters above U+FFFF are two halves to the library's expressions, and none of its classes has them.
        foreach (var text in FuzzTexts.Make(encoding, 10 * FuzzTexts.Count, anyPoint: false).Where(text => !text.Any(char.IsSurrogate)))
        {
            var (expected, found) = (library.EncodeToIds(text), own.Encode(text));
            Assert.True(expected.SequenceEqual(found),
                $"{JsonSerializer.Serialize(text)}: {string.Join(' ', expected)}; {string.Join(' ', found)}");
            Assert.Equal(text, own.Decode(found));
        }
    }
}
