using System.CommandLine;
using System.Text;
using System.Text.Json;
using Emergence.Datasets;
using Emergence.Messages;
using Emergence.Tables;
using Emergence.Tokenizers;

namespace Emergence.Cli.Verbs;

/// <summary>Texts to token ids and back, line by line; needs only the tokenizer's files.</summary>
internal static class TokenizeVerb
{
    public static Command Create()
    {
        var model = Flags.Model();
        var text = new Option<bool>("--text") { Description = "Lines are text as it is, not JSON" };
        var tokens = new Option<bool>(
            "--tokens") { Description = "Write ids, tokens and the bytes of the text each stands for; in colours on a terminal" };
        var noSpecial = new Option<bool>(
            "--no-special") { Description = "Leave out what the tokenizer puts around every text; with --decode, all special tokens" };
        var decode = new Option<bool>("--decode") { Description = "Read id lists and write texts; special tokens are written out" };
        var compare = new Option<string>("--compare")
        {
            Description = "Show the first text that this other model's tokenizer cuts differently, and exit with 1",
            HelpName = "DIR_OR_NAME",
        };
        var words = new Option<string>("--words")
        {
            Description = "Show which words of a list are one token, as measure --data reads it: country.ja, words, FILE.txt, ...",
            HelpName = "NAME_OR_FILE",
        };
        var noColor = Flags.NoColor();
        Option[] modes = [text, tokens, noSpecial, decode, compare, words];
        var command = new Command("tokenize", "Read one JSON string (or {\"text\": ...}) a line, write one JSON list of token ids a line")
        {
            model, text, tokens, noSpecial, decode, compare, words, noColor,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(decode))
                Flags.RequireRead(parsed, decode, [noSpecial], modes);
            else if (parsed.GetValue(compare) != null)
                Flags.RequireRead(parsed, compare, [text], modes);
            else if (parsed.GetValue(words) != null)
                Flags.RequireRead(parsed, words, [], modes);
            var tokenizer = Load(parsed.GetRequiredValue(model));
            if (parsed.GetValue(words) is { } list)
                return (int)ShowWords(list, tokenizer, ModelFolder.Find(parsed.GetRequiredValue(model)));
            Func<string, string> read = parsed.GetValue(text) ? line => line : Text;
            var special = !parsed.GetValue(noSpecial);
            var colours = !parsed.GetValue(noColor) && !Console.IsOutputRedirected
                && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
            if (parsed.GetValue(compare) is { } other)
                return (int)Compare(tokenizer, Load(other), read, colours);
            Convert(parsed.GetValue(decode) ? line => Decode(tokenizer, line, special)
                : parsed.GetValue(tokens) ? line => Tokens(tokenizer.Tokens(read(line), special), colours)
                : line => $"[{string.Join(", ", tokenizer.Encode(read(line), special))}]");
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static ExitCode ShowWords(string nameOrFile, Tokenizer tokenizer, string folder)
    {
        var list = DatasetTable.FindList(nameOrFile, new() { ModelFolder = folder })
            ?? throw new EmergenceException(
                $"no list of words {Printable.Quote(nameOrFile)}: expected a name such as country.ja, or a file with one word a line",
                ExitCode.Usage);
        var fit = new WordFit(list, tokenizer, separator: null);
        var table = new Table(TableColumn.Text("word"), TableColumn.Integer("tokens"), TableColumn.Text("ids"),
            TableColumn.Text($"before {fit.Separator}"));
        foreach (var word in fit.Words)
            table.Add(word.Word, word.Ids.Length == 0 ? TableCell.Empty : word.Ids.Length, string.Join(' ', word.Ids),
                word.IsUsable ? "whole" : "melts");
        Console.Out.Write(table.ToString(TableFormat.Text));
        var single = fit.Words.Count(word => word is { IsUsable: true, Ids.Length: 1 });
        Console.Error.WriteLine($"{list.Name}: {single} of {list.Words.Count} words are one token");
        if (fit.Advice(1, single) is { } advice)
            Console.Error.WriteLine(advice);
        return ExitCode.Ok;
    }

    private static Tokenizer Load(string model)
    {
        var tokenizer = Tokenizer.Load(ModelFolder.Find(model));
        if (tokenizer.Warning is { } warning)
            Console.Error.WriteLine($"warning: {warning}");
        return tokenizer;
    }

    private static void Convert(Func<string, string> convert)
    {
        // Each answer leaves at once: the other side of a pipe may wait for it before it asks again.
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
        foreach (var (number, line) in InputLines.Read(Console.OpenStandardInput()).Index())
            output.WriteLine(Named(number + 1, line, convert));
    }

    /// <summary>Tokenizers that differ only in ids, or in what they put around a text, cut alike.</summary>
    private static ExitCode Compare(Tokenizer tokenizer, Tokenizer other, Func<string, string> read, bool colours)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { NewLine = "\n" };
        var count = 0;
        foreach (var line in InputLines.Read(Console.OpenStandardInput()))
        {
            var text = Named(++count, line, read);
            var (first, second) = (tokenizer.Tokens(text, addSpecialTokens: false), other.Tokens(text, addSpecialTokens: false));
            if (Places(first).SequenceEqual(Places(second)))
                continue;
            var place = Places(first).Zip(Places(second)).TakeWhile(pair => pair.First == pair.Second).Count();
            output.WriteLine($"line {count}, from token {place} on: {TokenWriter.Json(text)}");
            output.WriteLine(TokenWriter.Pieces(first, colours));
            output.WriteLine(TokenWriter.Pieces(second, colours));
            return ExitCode.Failed;
        }

        output.WriteLine($"{count} texts, all cut alike");
        return ExitCode.Ok;
    }

    private static IEnumerable<(int Start, int End)> Places(IReadOnlyList<Token> tokens) =>
        tokens.Select(token => (token.Start, token.End));

    /// <summary>Does something with a line; what is wrong with it is said with its number.</summary>
    private static string Named(int number, string line, Func<string, string> convert)
    {
        try
        {
            return convert(line);
        }
        catch (JsonException error)
        {
            throw new EmergenceException(
                $"line {number} of the input{JsonMistake.Column(error)}: "
                + $"{(line.Length == 0 ? "expected JSON, found nothing" : JsonMistake.Reason(error))}", ExitCode.Usage, error);
        }
        catch (EmergenceException error)
        {
            throw new EmergenceException($"line {number} of the input: {error.Message}", error.ExitCode, error);
        }
        catch (InvalidOperationException error)
        {
            throw new EmergenceException($"line {number} of the input: has a text that is not valid Unicode", ExitCode.Usage, error);
        }
    }

    private static string Text(string line)
    {
        using var json = JsonDocument.Parse(line);
        var text = json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("text", out var member) ? member
            : json.RootElement;
        return text.ValueKind == JsonValueKind.String ? text.GetString()! : throw new JsonException("expected a JSON string");
    }

    private static string Tokens(IReadOnlyList<Token> tokens, bool colours) => colours
        ? $"{TokenWriter.Pieces(tokens, colours)}\n{string.Join(' ', tokens.Select(token => token.Id))}"
        : TokenWriter.Json(tokens);

    private static string Decode(Tokenizer tokenizer, string line, bool special)
    {
        using var json = JsonDocument.Parse(line);
        if (json.RootElement.ValueKind != JsonValueKind.Array)
            throw new JsonException("expected a JSON list of token ids");
        return TokenWriter.Json(tokenizer.Decode([.. json.RootElement.EnumerateArray().Select(Id)], skipSpecialTokens: !special));
    }

    private static int Id(JsonElement json) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var id) ? id
            : throw new JsonException($"{json.GetRawText()} is not a token id");
}
