using System.Security.Cryptography;
using Emergence.Messages;
using Emergence.Tokenizers.Models;
using Emergence.Tokenizers.Sources;

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
        {
            hash.AppendData(file.Bytes);
            file.Release();
        }

        Identity = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>One more than the largest token id.</summary>
    public int VocabularySize => _parts.Added.Size;

    /// <summary>The token that begins a sequence, if the files name one.</summary>
    public int? BeginningOfSequence => _parts.BeginningOfSequence;

    /// <summary>SHA-256 of the files that decide about ids, one after the other, in lower-case hex.</summary>
    public string Identity { get; }

    /// <summary>Where the files disagree, or transformers 5 would give other ids than they say; null if nothing is known.</summary>
    public string? Warning => _parts.Warning;

    /// <summary>Reads tokenizer.json, else a SentencePiece model, else vocab.json with merges.txt; nothing else of the model is
    /// needed.</summary>
    public static Tokenizer Load(string folder)
    {
        var shown = Printable.Escape(folder);
        if (!Directory.Exists(folder))
            throw new EmergenceException($"{shown}: no such folder; give the folder that holds the tokenizer's files");
        var json = Path.Combine(folder, "tokenizer.json");
        var model = ((string[])["tokenizer.model", "spiece.model"]).Select(name => Path.Combine(folder, name)).FirstOrDefault(Path.Exists);
        var (vocabulary, merges) = (Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"));
        var settings = TokenizerSettings.Read(folder);
        if (Path.Exists(json) && !(model != null && IsOpenLlama(folder)))
        {
            var file = TokenizerFile.Read(json);
            return new(TokenizerJson.Read(file, settings), file);
        }

        // From here on the settings decide which ids are put around a text, so that they are part of the identity.
        if (model != null)
        {
            var file = TokenizerFile.Read(model);
            return new(SentencePieceFile.Read(file, settings), [file, .. settings.Files]);
        }

        if (!Path.Exists(vocabulary) || !Path.Exists(merges))
            throw new EmergenceException($"{shown}: no tokenizer: expected tokenizer.json, tokenizer.model, or vocab.json and merges.txt",
                ExitCode.Usage);
        var (first, second) = (TokenizerFile.Read(vocabulary), TokenizerFile.Read(merges));
        return new(VocabularyAndMerges.Read(first, second, settings), [first, second, .. settings.Files]);
    }

    /// <summary>The ids of a text. Unpaired surrogates count as U+FFFD.</summary>
    /// <param name="text">Any text, the empty one included.</param>
    /// <param name="addSpecialTokens">Put around it what the tokenizer puts around every text, such as a token for its beginning.</param>
    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        var ids = Run(text, places: false).Ids;
        return addSpecialTokens ? [.. _parts.PostProcessor.Before, .. ids, .. _parts.PostProcessor.After] : [.. ids];
    }

    /// <summary>The tokens of a text, each with the bytes that it stands for.</summary>
    public IReadOnlyList<Token> Tokens(string text, bool addSpecialTokens = true)
    {
        var run = Run(text, places: true);
        var tokens = new List<Token>();
        for (var i = 0; i < run.Ids.Count; i++)
        {
            var name = TokenText(run.Ids[i]);
            var place = _parts.PostProcessor.Trim?.Apply(name, run.Places![i], isFirst: i == 0) ?? run.Places![i];
            tokens.Add(new(run.Ids[i], name, place.Start, place.End));
        }

        return addSpecialTokens ? [.. Around(_parts.PostProcessor.Before), .. tokens, .. Around(_parts.PostProcessor.After)] : tokens;

        IEnumerable<Token> Around(int[] ids) => ids.Select(id => new Token(id, TokenText(id), 0, 0));
    }

    /// <summary>The text of ids; bytes that are no UTF-8 become U+FFFD.</summary>
    /// <param name="ids">Any ids of the vocabulary.</param>
    /// <param name="skipSpecialTokens">Leave special tokens out instead of writing them.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var tokens = new List<string>(ids.Length);
        foreach (var id in ids)
        {
            if (!skipSpecialTokens || !_parts.Added.IsSpecial(id))
                tokens.Add(_parts.Added.Written(id) ?? TokenText(id));
        }

        return string.Concat(_parts.Decoder(tokens));
    }

    /// <summary>A token as its vocabulary spells it, e.g. "Ġthe".</summary>
    public string TokenText(int id) => _parts.Added[id]
        ?? throw new EmergenceException($"token id {id} is not in the vocabulary, whose ids are below {VocabularySize}", ExitCode.Usage);

    private TokenSink Run(string text, bool places)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = WellFormed(text);
        var tokens = new TokenSink(places);
        var traced = places || _parts.PreTokenizer.LooksAtPlaces || _parts.NormalizerLooksAtPlaces;
        foreach (var (part, id) in _parts.Added.Split(traced ? TracedText.Trace(text) : new(text)))
        {
            if (id >= 0)
            {
                tokens.Ids.Add(id);
                tokens.Places?.Add(part.Place(0, part.Length));
                continue;
            }

            foreach (var word in _parts.PreTokenizer.Cut(part))
            {
                var first = tokens.Ids.Count;
                _parts.Model.Encode(word.Span, tokens);
                if (places)
                    Locate(word, tokens.Places!, first);
            }
        }

        return tokens;
    }

    /// <summary>From bytes of a word to those of the original text.</summary>
    private static void Locate(TracedText word, List<ByteRange> places, int first)
    {
        // The word's character that each of its bytes belongs to.
        var characters = new List<int>(word.Length);
        for (var i = 0; i < word.Length; i++)
        {
            var bytes = word[i] < 0x80 ? 1 : word[i] < 0x800 || char.IsSurrogate(word[i]) ? 2 : 3;
            for (; bytes > 0; bytes--)
                characters.Add(i);
        }

        for (var i = first; i < places.Count; i++)
        {
            // A model that drops characters counts on without them, as the library does; it never ends behind the word.
            var start = characters[Math.Min(places[i].Start, characters.Count - 1)];
            var last = characters[Math.Clamp(places[i].End - 1, 0, characters.Count - 1)];
            places[i] = word.Place(start, Math.Max(start, last) + 1);
        }
    }

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

        return names.Contains("open_llama", StringComparison.OrdinalIgnoreCase)
            || names.Contains("open-llama", StringComparison.OrdinalIgnoreCase)
            || names.Contains("openllama", StringComparison.OrdinalIgnoreCase);
    }

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
