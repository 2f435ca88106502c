using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>Reads vocab.json and merges.txt, the files of GPT-2 and OPT (byte-level) and of OpenAI GPT (words end in &lt;/w&gt;).</summary>
internal static class VocabularyAndMerges
{
    private const string EndOfWord = "</w>";
    private const string EndOfText = "<|endoftext|>";

    public static TokenizerParts Read(TokenizerFile vocabularyFile, TokenizerFile mergesFile, TokenizerSettings settings)
    {
        if (settings.ClassName is { } name && name.Replace("Fast", "", StringComparison.Ordinal) is not ("GPT2Tokenizer" or "OpenAIGPTTokenizer"))
            throw settings.File!.Error($"vocab.json and merges.txt of a {Printable.Quote(name)} are not supported; save it as tokenizer.json");
        var vocabulary = vocabularyFile.ReadJson(Vocabulary.FromJson);
        var merges = ReadMerges(mergesFile);
        return merges.Any(merge => merge.Right.EndsWith(EndOfWord, StringComparison.Ordinal))
            ? Words(mergesFile, vocabulary, merges, settings)
            : Bytes(mergesFile, vocabulary, merges, settings);
    }

    private static TokenizerParts Bytes(
        TokenizerFile file, Vocabulary vocabulary, List<(string Left, string Right)> merges, TokenizerSettings settings)
    {
        string[] roles = ["bos_token", "eos_token", "unk_token", "pad_token"];
        var special = roles.Select(role => settings.Find(role, vocabulary)).Append(vocabulary.Find(EndOfText)).OfType<int>().Distinct();
        var begin = settings.Find("bos_token", vocabulary) ?? vocabulary.Find(EndOfText);
        return new()
        {
            Vocabulary = vocabulary,
            Added = new(file, special.Select(id => new AddedToken(id, vocabulary[id]!)), text => text),
            PreTokenizer = PreTokenizers.Bytes(settings.Flag("add_prefix_space", absent: false), useRegex: true),
            Model = Merge(new(file, vocabulary), merges),
            Frame = settings.Frame(begin, settings.Find("eos_token", vocabulary), addBegin: false),
            Decoder = Decoders.Bytes,
            BeginningOfSequence = begin,
        };
    }

    private static TokenizerParts Words(
        TokenizerFile file, Vocabulary vocabulary, List<(string Left, string Right)> merges, TokenizerSettings settings)
    {
        const string Unknown = "<unk>";
        var unknown = vocabulary.Find(Unknown) ?? throw file.Error($"ends words with {EndOfWord}, but vocab.json has no {Unknown}");
        return new()
        {
            Vocabulary = vocabulary,
            Added = new(file, [new(unknown, Unknown)], Normalizers.Bert(clean: true, spaceIdeographs: true, stripAccents: true, lowercase: true)),
            PreTokenizer = PreTokenizers.Bert,
            Model = Merge(new(file, vocabulary) { Unknown = unknown, EndOfWord = EndOfWord }, merges),
            Decoder = Decoders.EndOfWord(EndOfWord),
            BeginningOfSequence = settings.Find("bos_token", vocabulary),
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
