using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Emergence.Checkpoints;
using Emergence.Messages;
using Emergence.Tokenizers;

namespace Emergence.Cli.Verbs;

/// <summary>Texts to token ids and back, line by line; needs only the tokenizer's files.</summary>
internal static class TokenizeVerb
{
    public static Command Create()
    {
        var model = Flags.Model();
        var noSpecial = new Option<bool>("--no-special") { Description = "Leave out what the tokenizer puts around every text" };
        var decode = new Option<bool>("--decode") { Description = "Read id lists and write texts; special tokens are written out" };
        var command = new Command("tokenize", "Read one JSON string a line, write one JSON list of token ids a line") { model, noSpecial, decode };
        command.SetAction(parsed =>
        {
            var tokenizer = Tokenizer.Load(ModelReference.Resolve(parsed.GetRequiredValue(model)));
            var special = !parsed.GetValue(noSpecial);
            Convert(parsed.GetValue(decode) ? line => Decode(tokenizer, line) : line => Encode(tokenizer, line, special));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static void Convert(Func<string, string> convert)
    {
        using var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));

        // Each answer leaves at once: the other side of a pipe may wait for it before it asks again.
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
        for (var number = 1; input.ReadLine() is { } line; number++)
        {
            try
            {
                output.WriteLine(convert(line));
            }
            catch (JsonException error)
            {
                throw new EmergenceException($"line {number} of the input{JsonMistake.Column(error)}: {(line.Length == 0 ? "expected JSON, found nothing" : JsonMistake.Reason(error))}", ExitCode.Usage, error);
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
    }

    private static string Encode(Tokenizer tokenizer, string line, bool special)
    {
        using var json = JsonDocument.Parse(line);
        if (json.RootElement.ValueKind != JsonValueKind.String)
            throw new JsonException("expected a JSON string");
        return $"[{string.Join(", ", tokenizer.Encode(json.RootElement.GetString()!, special))}]";
    }

    private static string Decode(Tokenizer tokenizer, string line)
    {
        using var json = JsonDocument.Parse(line);
        if (json.RootElement.ValueKind != JsonValueKind.Array)
            throw new JsonException("expected a JSON list of token ids");
        var text = tokenizer.Decode([.. json.RootElement.EnumerateArray().Select(Id)]);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            writer.WriteStringValue(text);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static int Id(JsonElement json) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var id) ? id : throw new JsonException($"{json.GetRawText()} is not a token id");
}
