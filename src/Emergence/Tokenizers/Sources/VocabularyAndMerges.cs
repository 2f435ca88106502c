using Emergence.Messages;
using Emergence.Tokenizers.Added;
using Emergence.Tokenizers.Decoders;
using Emergence.Tokenizers.Models;
using Emergence.Tokenizers.Normalizers;
using Emergence.Tokenizers.PreTokenizers;

namespace Emergence.Tokenizers.Sources;

/// <summary>Reads vocab.json and merges.txt, the files of GPT-2 and OPT (byte-level) and of OpenAI GPT (words end in &lt;/w&gt;).</summary>
internal static class VocabularyAndMerges
{
    private const string EndOfWord = "</w>";
    private const string EndOfText = "<|endoftext|>";

    private static readonly string[] s_classes = ["GPT2Tokenizer", "CodeGenTokenizer", "OpenAIGPTTokenizer"];

    public static TokenizerParts Read(TokenizerFile vocabularyFile, TokenizerFile mergesFile, TokenizerSettings settings)
    {
        if (settings.ClassName is { } name && !s_classes.Contains(name.Replace("Fast", "", StringComparison.Ordinal)))
            throw settings.Config!.Error(
                $"vocab.json and merges.txt of a {Printable.Quote(name)} are not supported; save it as tokenizer.json");
        var vocabulary = vocabularyFile.ReadJson(Vocabulary.FromJson);
        var merges = ReadMerges(mergesFile);
        return merges.Any(merge => merge.Right.EndsWith(EndOfWord, StringComparison.Ordinal))
            ? Words(mergesFile, vocabulary, merges, settings)
            : Bytes(mergesFile, vocabulary, merges, settings);
    }

    private static TokenizerParts Bytes(
        TokenizerFile file, Vocabulary vocabulary, List<(string Left, string Right)> merges, TokenizerSettings settings)
    {
        var tokens = settings.Listed.Concat(settings.Named);

        // The class gives the roles that no file fills to this token.
        string[] roles = ["bos_token", "eos_token", "unk_token"];
        if (vocabulary.Find(EndOfText) >= 0 && roles.Any(role => !settings.HasRole(role)))
            tokens = tokens.Append(new(EndOfText) { Special = true });
        var added = new AddedTokens(file, tokens.DistinctBy(token => token.Text), vocabulary, text => text);
        var begin = settings.Find("bos_token", added) ?? added.Find(EndOfText);
        return new()
        {
            Added = added,
            PreTokenizer = PreTokenizerTable.Bytes(settings.Flag("add_prefix_space", absent: false), useRegex: true),
            Model = Merge(new(file, vocabulary), merges),
            PostProcessor = settings.PostProcessor(begin, settings.Find("eos_token", added), addBegin: false),
            Decoder = TokenDecoders.Bytes,
            BeginningOfSequence = begin,
        };
    }

    private static TokenizerParts Words(
        TokenizerFile file, Vocabulary vocabulary, List<(string Left, string Right)> merges, TokenizerSettings settings)
    {
        const string Unknown = "<unk>";
        if (vocabulary.Find(Unknown) < 0)
            throw file.Error($"ends words with {EndOfWord}, but vocab.json has no {Unknown}");
        var tokens = settings.Listed.Concat(settings.Named).Append(new(Unknown) { Special = true });
        var normalizer = new BertNormalizer(clean: true, spaceIdeographs: true, stripAccents: true, lowercase: true);
        var added = new AddedTokens(file, tokens.DistinctBy(token => token.Text), vocabulary, normalizer.Normalize);
        return new()
        {
            Added = added,
            PreTokenizer = PreTokenizerTable.Bert,
            Model = Merge(new(file, vocabulary) { Unknown = Unknown, EndOfWord = EndOfWord }, merges),
            Decoder = TokenDecoders.EndOfWord(EndOfWord),
            BeginningOfSequence = settings.Find("bos_token", added),
        };
    }

    private static BytePairModel Merge(BytePairModel model, List<(string Left, string Right)> merges)
    {
        for (var i = 0; i < merges.Count; i++)
            model.AddMerge(i, merges[i].Left, merges[i].Right);
        return model;
    }

    private static List<(string Left, string Right)> ReadMerges(TokenizerFile file)
    {
        var merges = new List<(string Left, string Right)>();
        foreach (var line in file.ReadText().Split('\n').Select(line => line.TrimEnd('\r')))
        {
            if (line.Length == 0 || line.StartsWith("#version", StringComparison.Ordinal))
                continue;
            if (line.Split(' ') is not [var left, var right])
                throw file.Error($"merge {merges.Count} must be two tokens and a space between them, found {Printable.Quote(line)}");
            merges.Add((left, right));
        }

        return merges;
    }
}
