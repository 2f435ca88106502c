using System.Text;
using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Information.Statistics;
using Emergence.Messages;
using Emergence.Models;
using Emergence.Tokenizers;

namespace Emergence.Studies.Skills;

/// <summary>What a model pays for a text.</summary>
/// <param name="BitsPerToken">Cross-entropy; comparable between models of one tokenizer.</param>
/// <param name="StandardError">Standard error of that, over documents; NaN of one.</param>
/// <param name="BitsPerByte">Comparable between any models.</param>
/// <param name="Tokens">Tokens that were predicted.</param>
/// <param name="Documents">Documents that have two tokens or more.</param>
internal readonly record struct TextCost(double BitsPerToken, double StandardError, double BitsPerByte, int Tokens, int Documents);

/// <summary>
/// Cross-entropy of a model on a text: every document is cut into windows, and every token of a window but the first is
/// predicted from those before it.
/// </summary>
internal static class CrossEntropy
{
    private const int BatchTokens = 2_048;

    /// <summary>Documents of a file as (document, window) of ids, until there are enough tokens.</summary>
    public static List<int[][]> Windows(string path, Tokenizer tokenizer, int window, int mostTokens)
    {
        if (!File.Exists(path))
            throw new EmergenceException($"no file {Printable.Quote(path)}: expected a .txt, .csv or .jsonl file with text",
                ExitCode.Usage);
        var (documents, tokens) = (new List<int[][]>(), 0);
        foreach (var text in TextFile.Read(path))
        {
            if (tokens >= mostTokens)
                break;
            var ids = tokenizer.Encode(text, addSpecialTokens: false);
            int[][] windows = [.. ids.Take(mostTokens - tokens).Chunk(window).Where(part => part.Length > 1)];
            if (windows.Length == 0)
                continue;
            documents.Add(windows);
            tokens += windows.Sum(part => part.Length);
        }

        return documents.Count > 0
            ? documents
            : throw new EmergenceException($"{path}: expected a text, found no line of two tokens or more", ExitCode.Usage);
    }

    public static TextCost Measure(LanguageModel model, Tokenizer tokenizer, IReadOnlyList<int[][]> documents,
        CancellationToken cancellation = default)
    {
        var (bits, tokens, bytes) = (new double[documents.Count], new int[documents.Count], 0L);
        var windows = documents.SelectMany((parts, document) => parts.Select(part => (Document: document, Ids: part))).ToArray();
        foreach (var batch in windows.Chunk(Math.Max(1, BatchTokens / windows.Max(window => window.Ids.Length))))
        {
            var costs = Bits(model, [.. batch.Select(window => window.Ids)], cancellation);
            for (var i = 0; i < batch.Length; i++)
            {
                var (document, ids) = batch[i];
                bits[document] += costs[i];
                tokens[document] += ids.Length - 1;
                bytes += Encoding.UTF8.GetByteCount(tokenizer.Decode(ids)) - Encoding.UTF8.GetByteCount(tokenizer.Decode(ids.AsSpan(0, 1)));
            }
        }

        var (total, count) = (bits.Sum(), tokens.Sum());
        var mean = total / count;
        var squares = bits.Zip(tokens, (own, t) => Math.Pow(own - mean * t, 2)).Sum();
        var error = documents.Count > 1 ? Math.Sqrt(squares * documents.Count / (documents.Count - 1)) / count : double.NaN;
        return new(mean, error, total / bytes, count, documents.Count);
    }

    /// <summary>-sum log2 p(token | those before it) over all tokens of a window but the first, for each window.</summary>
    public static double[] Bits(LanguageModel model, IReadOnlyList<int[]> windows, CancellationToken cancellation = default)
    {
        foreach (var window in windows)
            model.RequireValid(window, "a window of the text");
        var forest = PrefixForest.Macro(windows, model.Config);
        var places = windows.SelectMany((window, w) => Enumerable.Range(0, window.Length - 1).Select(t => (Window: w, Token: t))).ToArray();
        var bits = new double[windows.Count];
        using var stream = new BoundaryStream(model, forest);
        new OutputHead(model).Read(
            stream.Run(cancellation).Last().Rows, [.. places.Select(place => forest.Rows(place.Window)[place.Token])],
            (i, logits) => bits[places[i].Window] += Softmax.SurpriseBits(logits, windows[places[i].Window][places[i].Token + 1]),
                cancellation);
        return bits;
    }
}
