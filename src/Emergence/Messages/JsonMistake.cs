using System.Text.Json;

namespace Emergence.Messages;

/// <summary>What is wrong with a JSON text, in the words of this program: where it is once, counted from 1, and no advice about an
/// API.</summary>
internal static class JsonMistake
{
    /// <param name="error">What the JSON reader threw.</param>
    /// <param name="bytes">Length of the text.</param>
    /// <param name="claim">What is to be said of a text that is not empty, before the place.</param>
    public static string Words(JsonException error, long bytes, string claim = "not valid JSON")
    {
        if (bytes == 0)
            return "is empty (0 bytes)";
        return error.LineNumber is { } line && error.BytePositionInLine is { } column
            ? $"{claim} at line {line + 1}, column {column + 1}: {Reason(error)}"
            : $"{claim}: {Reason(error)}";
    }

    /// <summary>The place within a text of one line; empty if it is not known.</summary>
    public static string Column(JsonException error) => error.BytePositionInLine is { } column ? $", column {column + 1}" : "";

    /// <summary>The reader's first sentence: those after it repeat the place, or speak to programmers.</summary>
    public static string Reason(JsonException error)
    {
        var message = error.Message;
        for (var end = message.IndexOf(". ", StringComparison.Ordinal); end >= 0;
            end = message.IndexOf(". ", end + 1, StringComparison.Ordinal))
        {
            if (char.IsAsciiLetterUpper(message[end + 2]))
            {
                message = message[..end];
                break;
            }
        }

        return Printable.Escape(message.TrimEnd('.'));
    }
}
