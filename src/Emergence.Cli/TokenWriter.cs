using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Emergence.Messages;
using Emergence.Tokenizers;

namespace Emergence.Cli;

/// <summary>Tokens for programs, as JSON, and for people, in colours.</summary>
internal static class TokenWriter
{
    // Black on light backgrounds, by turns.
    private static readonly string[] s_colours = ["\e[30;106m", "\e[30;103m", "\e[30;102m", "\e[30;105m"];

    /// <summary>{"ids":[...],"tokens":[...],"bytes":[[start,end],...]}</summary>
    public static string Json(IReadOnlyList<Token> tokens) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("ids");
        foreach (var token in tokens)
            writer.WriteNumberValue(token.Id);
        writer.WriteEndArray();
        writer.WriteStartArray("tokens");
        foreach (var token in tokens)
            writer.WriteStringValue(token.Text);
        writer.WriteEndArray();
        writer.WriteStartArray("bytes");
        foreach (var token in tokens)
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(token.Start);
            writer.WriteNumberValue(token.End);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>A JSON string.</summary>
    public static string Json(string text) => Write(writer => writer.WriteStringValue(text));

    /// <summary>The pieces side by side; without colours with a bar between them.</summary>
    public static string Pieces(IReadOnlyList<Token> tokens, bool colours) => colours
        ? string.Concat(tokens.Select((token, i) => $"{s_colours[i % s_colours.Length]}{Printable.Escape(token.Text)}\e[0m"))
        : string.Join('|', tokens.Select(token => Printable.Escape(token.Text)));

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            write(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
