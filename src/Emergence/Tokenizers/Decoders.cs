using System.Globalization;
using System.Text;
using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>How token texts become text again: the "decoder" of tokenizer.json. The results are joined without a gap.</summary>
internal static class Decoders
{
    public static Func<List<string>, List<string>> FromJson(JsonField field)
    {
        if (field.IsNull)
            return tokens => [string.Join(' ', tokens)];
        switch (field.Type)
        {
            case "Sequence":
                var steps = field["decoders"].Items().Select(FromJson).ToArray();
                return tokens => steps.Aggregate(tokens, (current, step) => step(current));
            case "ByteLevel":
                return Bytes;
            case "Replace":
                var replace = Pattern.Replacement(field);
                return tokens => tokens.ConvertAll(token => replace(token));
            case "ByteFallback":
                return ByteFallback;
            case "Fuse":
                return tokens => [string.Concat(tokens)];
            case "Strip":
                var content = field["content"].Text();
                if (content.Length != 1)
                    throw field["content"].Error("one character");
                return Strip(content[0], field["start"].Whole(int.MaxValue), field["stop"].Whole(int.MaxValue));
            case "BPEDecoder":
                return EndOfWord(field["suffix"].OptionalText() ?? "</w>");
            case "Metaspace":
                return Metaspace(field);
            default:
                throw field.Unsupported($"decoder {Printable.Quote(field.Type)}");
        }
    }

    /// <summary>Byte-level tokens; bytes that are no UTF-8 become U+FFFD.</summary>
    public static List<string> Bytes(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
            ByteLevel.Decode(token, bytes);
        return [Encoding.UTF8.GetString([.. bytes])];
    }

    /// <summary>Joins runs of byte tokens; in a run that is no UTF-8 every byte becomes U+FFFD.</summary>
    public static List<string> ByteFallback(List<string> tokens)
    {
        var result = new List<string>();
        var bytes = new List<byte>();
        foreach (var token in tokens)
        {
            if (token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
                && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
                continue;
            }

            Flush();
            result.Add(token);
        }

        Flush();
        return result;

        void Flush()
        {
            byte[] run = [.. bytes];
            bytes.Clear();
            if (run.Length > 0)
                result.Add(System.Text.Unicode.Utf8.IsValid(run) ? Encoding.UTF8.GetString(run) : new string('\uFFFD', run.Length));
        }
    }

    /// <summary>Takes up to so many of a character off the start and end of every text.</summary>
    public static Func<List<string>, List<string>> Strip(char content, int start, int stop) => tokens => tokens.ConvertAll(token =>
    {
        var (first, last) = (0, token.Length);
        while (first < last && first < start && token[first] == content)
            first++;
        while (last > first && token.Length - last < stop && token[last - 1] == content)
            last--;
        return token[first..last];
    });

    /// <summary>The mark of a word's end is a space, except after the last word.</summary>
    public static Func<List<string>, List<string>> EndOfWord(string suffix) => tokens =>
        [.. tokens.Select((token, i) => token.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))];

    private static Func<List<string>, List<string>> Metaspace(JsonField field)
    {
        var mark = field["replacement"].Text();
        if (mark.Length == 0)
            throw field["replacement"].Error("one character");
        var never = (field["prepend_scheme"].OptionalText() ?? (field["add_prefix_space"].Flag(absent: true) ? "always" : "never")) == "never";
        return tokens => [.. tokens.Select((token, i) => token.Replace(mark, i == 0 && !never ? "" : " ", StringComparison.Ordinal))];
    }
}
