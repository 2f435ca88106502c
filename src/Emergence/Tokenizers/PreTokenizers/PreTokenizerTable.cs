using System.Text;
using Emergence.Tokenizers.Normalizers;
using Emergence.Tokenizers.Unicode;

namespace Emergence.Tokenizers.PreTokenizers;

/// <summary>How a text is cut into words.</summary>
/// <param name="Cut">The words of a text, or of a part that an earlier step cut; none of them is empty.</param>
/// <param name="LooksAtPlaces">Whether it asks where in the original a part begins, so that texts must be traced.</param>
internal sealed record PreTokenizer(Func<TracedText, IEnumerable<TracedText>> Cut, bool LooksAtPlaces = false)
{
    public static PreTokenizer None { get; } = new(text => [text]);
}

/// <summary>The kinds of "pre_tokenizer" of tokenizer.json.</summary>
internal static class PreTokenizerTable
{
    /// <summary>Words without white space; every punctuation mark by itself.</summary>
    public static PreTokenizer Bert { get; } = new(text => Cuts.At(text, IsSpace, Behavior.Removed)
        .SelectMany(word => Cuts.At(word, Characters.IsPunctuation, Behavior.Isolated)));

    /// <summary>\w+|[^\w\s]+</summary>
    private static PreTokenizer Words { get; } = new(Cuts.Words);

    public static KindTable<PreTokenizer> Kinds { get; } = new(
        "pre-tokenizer",
        new("BertPreTokenizer", "BERT, DistilBERT, MiniLM, Electra", "06-bert", _ => Bert),
        new("ByteLevel", "GPT-2, Llama 3, Qwen, Falcon, StarCoder", "05-starcoder", Bytes),
        new("CharDelimiterSplit", "hand-made tokenizers", "06-chardelimiter", CharacterDelimiter),
        new("Digits", "StarCoder, Falcon, SmolLM", "06-digits", Digits),
        new("FixedLength", "DNA and protein models", "06-fixedlength", FixedLength),
        new("Metaspace", "Llama 2 and Mistral in transformers 5, T5, ALBERT, XLM-R", "06-metaspace-first", Metaspace.FromJson),
        new("Punctuation", "Falcon", "06-punctuation-isolated", Punctuation),
        new("Sequence", "most", "06-sequence", field => Sequence(Kinds!.Steps(field["pretokenizers"]))),
        new("Split", "GPT-4o, gpt-oss, Llama 3 and 4, Qwen, DeepSeek, Phi-4, Mistral-Nemo, Bloom", "05-split-isolated", Split),
        new("UnicodeScripts", "hand-made tokenizers", "06-unicodescripts", _ => new(ScriptCuts.Cut)),
        new("Whitespace", "the library's quick tour, IndicBERT", "06-whitespace", _ => Words),
        new("WhitespaceSplit", "XLM-R, mBART", "06-whitespacesplit", _ => new(text => Cuts.At(text, IsSpace, Behavior.Removed))));

    public static PreTokenizer FromJson(JsonField field) => field.IsNull ? PreTokenizer.None : Kinds.Read(field);

    /// <summary>Byte-level words: the alphabet of <see cref="ByteLevel"/>, cut by the GPT-2 pattern if asked.</summary>
    public static PreTokenizer Bytes(bool prefixSpace, bool useRegex)
    {
        return new(text =>
        {
            if (prefixSpace && text[0] != ' ')
                text = CharacterNormalizers.Prepend(text, " ");
            return useRegex
                ? Cuts.At(text, Pattern.Gpt2.Matches(text.ToString()), Behavior.Isolated).Select(CharacterNormalizers.Bytes)
                : [CharacterNormalizers.Bytes(text)];
        });
    }

    public static PreTokenizer Sequence(params PreTokenizer[] steps) => new(
        text => steps.Aggregate((IEnumerable<TracedText>)[text], (parts, step) => parts.SelectMany(step.Cut)),
        steps.Any(step => step.LooksAtPlaces));

    private static PreTokenizer Bytes(JsonField field) =>
        Bytes(field["add_prefix_space"].Flag(absent: true), field["use_regex"].Flag(absent: true));

    private static PreTokenizer Split(JsonField field)
    {
        var pattern = Pattern.FromJson(field);
        var behavior = Behaviors.FromJson(field["behavior"]);
        var invert = field["invert"].Flag(absent: false);
        return new(text => Cuts.At(text, pattern.Matches(text.ToString()), behavior, invert));
    }

    private static PreTokenizer Punctuation(JsonField field)
    {
        var behavior = field["behavior"].IsNull ? Behavior.Isolated : Behaviors.FromJson(field["behavior"]);
        return new(text => Cuts.At(text, Characters.IsPunctuation, behavior));
    }

    private static PreTokenizer Digits(JsonField field)
    {
        var behavior = field["individual_digits"].Flag(absent: false) ? Behavior.Isolated : Behavior.Contiguous;
        return new(text => Cuts.At(text, Characters.IsNumber, behavior));
    }

    private static PreTokenizer CharacterDelimiter(JsonField field)
    {
        var delimiter = field["delimiter"].Character();
        return new(text => Cuts.At(text, rune => rune == delimiter, Behavior.Removed));
    }

    private static PreTokenizer FixedLength(JsonField field)
    {
        var length = field["length"].IsNull ? 5 : field["length"].Whole(int.MaxValue);
        return length > 0 ? new(text => Cuts.Chunks(text, length)) : throw field["length"].Error("a whole number from 1");
    }

    private static bool IsSpace(Rune rune) => Rune.IsWhiteSpace(rune);
}
