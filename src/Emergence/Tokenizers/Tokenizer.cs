using System.Security.Cryptography;
using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>Turns text into the token ids of a model and back, exactly as the library the model was published with does.</summary>
public sealed class Tokenizer
{
    private readonly TokenizerParts _parts;

    private Tokenizer(TokenizerParts parts, params IEnumerable<TokenizerFile> files)
    {
        _parts = parts;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
            hash.AppendData(file.Bytes);
        Identity = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>One more than the largest token id.</summary>
    public int VocabularySize => _parts.Vocabulary.Size;

    /// <summary>The token that begins a sequence, where the files name one.</summary>
    public int? BeginningOfSequence => _parts.BeginningOfSequence;

    /// <summary>SHA-256 of the files that decide about ids, one after the other, in lower-case hex.</summary>
    public string Identity { get; }

    /// <summary>Reads tokenizer.json, else tokenizer.model, else vocab.json with merges.txt; nothing else of the model is needed.</summary>
    public static Tokenizer Load(string folder)
    {
        var shown = Printable.Escape(folder);
        if (!Directory.Exists(folder))
            throw new EmergenceException($"{shown}: no such folder; give the folder that holds the tokenizer's files");
        var (json, model) = (Path.Combine(folder, "tokenizer.json"), Path.Combine(folder, "tokenizer.model"));
        var (vocabulary, merges) = (Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"));
        var settings = TokenizerSettings.Read(folder);
        if (Path.Exists(json) && !(Path.Exists(model) && IsOpenLlama(folder)))
        {
            var file = TokenizerFile.Read(json);
            return new(TokenizerJson.Read(file, settings), file);
        }

        // From here on the settings decide which ids are put around a text, so that they are part of the identity.
        if (Path.Exists(model))
        {
            var file = TokenizerFile.Read(model);
            return new(SentencePieceFile.Read(file, settings), [file, .. Present(settings.File)]);
        }

        if (!Path.Exists(vocabulary) || !Path.Exists(merges))
            throw new EmergenceException($"{shown}: no tokenizer: expected tokenizer.json, tokenizer.model, or vocab.json and merges.txt", ExitCode.Usage);
        var (first, second) = (TokenizerFile.Read(vocabulary), TokenizerFile.Read(merges));
        return new(VocabularyAndMerges.Read(first, second, settings), [first, second, .. Present(settings.File)]);
    }

    /// <summary>The ids of a text. Unpaired surrogates count as U+FFFD.</summary>
    /// <param name="text">Any text, the empty one included.</param>
    /// <param name="addSpecialTokens">Put around it what the tokenizer puts around every text, such as a token for its beginning.</param>
    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        if (addSpecialTokens)
            ids.AddRange(_parts.Frame.Before);
        var atStart = true;
        foreach (var (part, id) in _parts.Added.Split(WellFormed(text)))
        {
            if (part == null)
            {
                ids.Add(id);
            }
            else if (part.Length > 0)
            {
                foreach (var word in _parts.PreTokenizer(part, atStart))
                    _parts.Model.Encode(word, ids);
            }

            atStart = false;
        }

        if (addSpecialTokens)
            ids.AddRange(_parts.Frame.After);
        return [.. ids];
    }

    /// <summary>The text of ids. Special tokens are written out; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var tokens = new List<string>(ids.Length);
        foreach (var id in ids)
            tokens.Add(TokenText(id));
        return string.Concat(_parts.Decoder(tokens));
    }

    /// <summary>A token as its vocabulary spells it, e.g. "Ġthe".</summary>
    public string TokenText(int id) => _parts.Vocabulary[id]
        ?? throw new EmergenceException($"token id {id} is not in the vocabulary, whose ids are below {VocabularySize}", ExitCode.Usage);

    /// <summary>OpenLlama was published with a tokenizer.json that gives wrong ids.</summary>
    private static bool IsOpenLlama(string folder)
    {
        var names = Path.GetFullPath(folder);
        var config = Path.Combine(folder, "config.json");
        if (Path.Exists(config))
        {
            names += TokenizerFile.Read(config).ReadJson(root =>
                root["model_type"].OptionalText() + " " + root["_name_or_path"].OptionalText());
        }

        return names.Contains("open_llama", StringComparison.OrdinalIgnoreCase) || names.Contains("open-llama", StringComparison.OrdinalIgnoreCase)
            || names.Contains("openllama", StringComparison.OrdinalIgnoreCase);
    }

    private static IEnumerable<TokenizerFile> Present(TokenizerFile? file) => file == null ? [] : [file];

    private static string WellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!char.IsSurrogatePair(text, i))
                return string.Concat(text.EnumerateRunes().Select(rune => rune.ToString()));
            i++;
        }

        return text;
    }
}
