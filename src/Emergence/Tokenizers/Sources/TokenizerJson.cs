using Emergence.Tokenizers.Added;
using Emergence.Tokenizers.Decoders;
using Emergence.Tokenizers.Models;
using Emergence.Tokenizers.Normalizers;
using Emergence.Tokenizers.PreTokenizers;
using Emergence.Tokenizers.Processors;

namespace Emergence.Tokenizers.Sources;

/// <summary>Reads tokenizer.json.</summary>
internal static class TokenizerJson
{
    public static TokenizerParts Read(TokenizerFile file, TokenizerSettings settings) => file.ReadJson(root =>
    {
        var (vocabulary, model) = ModelTable.FromJson(root["model"]);
        var tokens = root["added_tokens"].Items()
            .Select(item => AddedToken.FromJson(item, item["id"].Whole(Vocabulary.MaximumEntries - 1)));
        var added = new AddedTokens(file, tokens, vocabulary, NormalizerTable.FromJson(root["normalizer"]));
        var processor = ProcessorTable.FromJson(root["post_processor"], added);
        return new TokenizerParts
        {
            Added = added,
            PreTokenizer = PreTokenizerTable.FromJson(root["pre_tokenizer"]),
            Model = model,
            PostProcessor = processor,
            Decoder = DecoderTable.FromJson(root["decoder"]),
            BeginningOfSequence = settings.Find("bos_token", added) ?? (processor.Before.Length > 0 ? processor.Before[0] : null),
            Warning = Transformers.Differences(root, settings, added, processor),
        };
    });
}
