using Emergence.Tokenizers;

namespace Emergence.Datasets;

/// <summary>
/// Windows of natural text: the first tokens after a full stop. Windows with one of <c>: ; ? -</c> or a line end are
/// skipped, as published. The windows of a file are a sample of a language, never an enumeration.
/// </summary>
internal static class TextWindows
{
    private const string Unwanted = ":;?-\n\r：；？؛؟";

    /// <summary>Full stops; those of scripts without spaces need none after them.</summary>
    private const string Stops = ".。．।۔", StopsAlone = "。．";

    // A window is cut from so many characters a token; a piece that gives fewer tokens than that is left out.
    private const int CharactersPerToken = 24;

    public static Dataset Create(string path, Tokenizer tokenizer, DatasetOptions options)
    {
        var lead = LeadingSpace.For(tokenizer);
        var windows = TextFile.Read(path).SelectMany(document => Windows(document, lead, tokenizer, options.Window)).ToList();
        if (windows.Count == 0)
            throw new EmergenceException($"{path}: no window of {options.Window} tokens after a full stop without : ; ? - or a line end",
                ExitCode.Usage);

        var numbers = SequenceSampler.Draw(windows.Count, options.MostSequences, options.WithReplacement, options.Seed);
        return new Dataset(Path.GetFileNameWithoutExtension(path), tokenizer.Identity, options.Window,
            [.. numbers.SelectMany(n => windows[(int)n])])
        {
            Available = windows.Count,
            BeginningOfSequence = options.BeginningOfSequence ? WordSequences.RequireBeginning(tokenizer) : null,
            Notes = windows.Count < options.MostSequences
                ? [$"{path}: {windows.Count} windows are there, {options.MostSequences} were asked for"]
                : [],
        };
    }

    private static IEnumerable<int[]> Windows(string document, string lead, Tokenizer tokenizer, int length)
    {
        char[] stops = [.. Stops];
        for (var stop = document.IndexOfAny(stops); stop >= 0; stop = document.IndexOfAny(stops, stop + 1))
        {
            var (start, alone) = (stop + 1, StopsAlone.Contains(document[stop]));
            while (start < document.Length && document[start] is ' ' or '\u3000')
                start++;
            if ((start == stop + 1 && !alone) || start == document.Length)
                continue;

            var end = Math.Min(document.Length, start + length * CharactersPerToken);
            if (end < document.Length && char.IsLowSurrogate(document[end]))
                end--;
            var text = document[start..end];
            var tokens = alone ? Continuation.Encode(tokenizer, text) : tokenizer.Encode(lead + text, addSpecialTokens: false);

            // Where the text was cut, the last token may be half a word.
            if (tokens.Length < (end < document.Length ? length + 1 : length))
                continue;
            var window = tokens[..length];
            if (tokenizer.Decode(window).AsSpan().IndexOfAny(Unwanted) < 0)
                yield return window;
        }
    }
}
