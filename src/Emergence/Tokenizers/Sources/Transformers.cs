using Emergence.Messages;
using Emergence.Tokenizers.Added;
using Emergence.Tokenizers.Processors;

namespace Emergence.Tokenizers.Sources;

/// <summary>Where transformers 5 does not do, or other settings do not say, what a tokenizer.json does. The file is followed.</summary>
internal static class Transformers
{
    private const string Qwen2 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>One warning for all of it; null where there is no difference.</summary>
    public static string? Differences(JsonField root, TokenizerSettings settings, AddedTokens added, PostProcessor processor)
    {
        var found = new List<string>();
        Surround("add_bos_token", "bos_token", processor.Before);
        Surround("add_eos_token", "eos_token", processor.After);
        if (Rebuilt(root, settings))
        {
            found.Add($"transformers 5 puts the pre-tokenizer and normalizer of its class {Printable.Escape(settings.ClassName!)} "
                + "in the place of the file's");
        }

        var missing = settings.Listed.Where(token => added.Find(token.Text) == null).Select(token => Printable.Quote(token.Text)).ToList();
        if (missing.Count > 0)
        {
            found.Add($"transformers 5 adds tokens that only tokenizer_config.json lists: {string.Join(", ", missing.Take(5))}"
                + (missing.Count > 5 ? ", ..." : ""));
        }

        return found.Count == 0 ? null : $"tokenizer.json is followed as it is; {string.Join("; ", found)}";

        void Surround(string flag, string role, int[] ids)
        {
            if (!settings.Says(flag) || settings.Find(role, added) is not { } id || settings.Flag(flag, false) == ids.Contains(id))
                return;
            var (said, puts) = settings.Flag(flag, false) ? ("", "no") : (": false", "the");
            found.Add(
                $"{flag}{said} of tokenizer_config.json has no effect, as in transformers 5: the post-processor puts {puts} {role} there");
        }
    }

    /// <summary>Whether transformers 5 would build these parts itself, and otherwise than the file has them.</summary>
    private static bool Rebuilt(JsonField root, TokenizerSettings settings) =>
        settings.ClassName?.Replace("Fast", "", StringComparison.Ordinal) switch
        {
            "GPT2Tokenizer" => !(root["normalizer"].IsNull
                && IsBytes(root["pre_tokenizer"], settings.Flag("add_prefix_space", absent: false), useRegex: true)),
            "Qwen2Tokenizer" => !(IsKind(root["normalizer"], "NFC") && IsQwen(root["pre_tokenizer"])),
            _ => false,
        };

    private static bool IsQwen(JsonField field) =>
        IsKind(field, "Sequence") && field["pretokenizers"].Items().ToArray() is [var split, var bytes]
        && IsKind(split, "Split") && !split["pattern"]["Regex"].IsNull && split["pattern"]["Regex"].Text() == Qwen2
        && split["behavior"].Text() == "Isolated" && !split["invert"].Flag(absent: false)
        && IsBytes(bytes, prefixSpace: false, useRegex: false);

    private static bool IsBytes(JsonField field, bool prefixSpace, bool useRegex) =>
        IsKind(field, "ByteLevel") && field["add_prefix_space"].Flag(absent: true) == prefixSpace
        && field["use_regex"].Flag(absent: true) == useRegex;

    private static bool IsKind(JsonField field, string kind) => field.IsObject && field.Type == kind;
}
