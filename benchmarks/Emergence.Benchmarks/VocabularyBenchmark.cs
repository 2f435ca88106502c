using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;
using HuggingFace = Tokenizers.DotNet.Tokenizer;
using OwnTokenizer = Emergence.Tokenizers.Tokenizer;

namespace Emergence.Benchmarks;

/// <summary>
/// Real and large vocabularies: megabytes of text a second beside the libraries, a word of 1 and 10 million letters, and the memory
/// that an opened tokenizer keeps.
/// </summary>
internal static class VocabularyBenchmark
{
    private const int Megabyte = 1_000_000, TextLength = 10 * Megabyte, PeerLength = Megabyte;

    public static void Run(Arguments arguments)
    {
        var root = Directory.CreateTempSubdirectory("emergence-benchmark-").FullName;
        try
        {
            Console.WriteLine("| vocabulary | tokens | kept, MB | own, MB/s | Tokenizers.DotNet, MB/s | Microsoft.ML.Tokenizers, MB/s "
                + "| word of 1 MB, s | word of 10 MB, s |\n|---|---|---|---|---|---|---|---|");
            foreach (var vocabulary in new[] { TiktokenVocabulary.Cl100k, TiktokenVocabulary.O200k })
            {
                var folder = Directory.CreateDirectory(Path.Combine(root, vocabulary.Encoding)).FullName;
                vocabulary.Write(folder);
                var peer = TiktokenTokenizer.CreateForEncoding(vocabulary.Encoding);
                Row(vocabulary.Encoding, folder, text => peer.EncodeToIds(text).Count);
            }

            foreach (var folder in (arguments.Text("--folders") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
                Row(Path.GetFileName(folder), folder, null);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static void Row(string name, string folder, Func<string, int>? microsoft)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var own = OwnTokenizer.Load(folder);
        var kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        var text = TokenizerBenchmark.MixedText(TextLength);
        var beginning = text[..PeerLength];
        var json = Path.Combine(folder, "tokenizer.json");
        var library = File.Exists(json) ? new HuggingFace(vocabPath: json) : null;
        var cells = new[]
        {
            Rate(text, () => own.Encode(text, addSpecialTokens: false)),
            library == null ? "-" : Rate(beginning, () => library.Encode(beginning)),
            microsoft == null ? "-" : Rate(beginning, () => microsoft(beginning)),
            Seconds(() => own.Encode(new string('a', Megabyte), addSpecialTokens: false)),
            Seconds(() => own.Encode(new string('a', 10 * Megabyte), addSpecialTokens: false)),
        };
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {own.VocabularySize} | {kept / 1e6:0.0} | {string.Join(" | ", cells)} |"));
    }

    private static string Rate(string text, Action encode)
    {
        var seconds = Rounds.Median(Enumerable.Range(0, 3).Select(_ => Rounds.Time(encode).Processor));
        return (Encoding.UTF8.GetByteCount(text) / seconds / 1e6).ToString("0.0", CultureInfo.InvariantCulture);
    }

    private static string Seconds(Action encode) =>
        Rounds.Median(Enumerable.Range(0, 3).Select(_ => Rounds.Time(encode).Processor)).ToString("0.00", CultureInfo.InvariantCulture);
}
