using System.Text.Json;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>Files that a user names: read whole, or refused in one line that says what was expected and what was found.</summary>
internal static class UserFile
{
    public static byte[] Read(string path)
    {
        var shown = Printable.Escape(path);
        try
        {
            return Directory.Exists(path) ? throw Misuse($"expected a file at {shown}, found a folder") : File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Misuse($"expected a file at {shown}, found nothing", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw Misuse($"expected a file that may be read at {shown}, found one that may not", error);
        }
        catch (Exception error) when (error is IOException or ArgumentException or NotSupportedException)
        {
            throw Misuse($"{shown}: cannot be read: {Printable.Escape(error.Message)}", error);
        }
    }

    /// <summary>The file as JSON; a mistake in it is named with its line and column.</summary>
    public static JsonDocument ReadJson(string path, JsonDocumentOptions options = default)
    {
        var bytes = Read(path);
        try
        {
            return JsonDocument.Parse(bytes, options);
        }
        catch (JsonException error)
        {
            throw Misuse($"{Printable.Escape(path)}: {JsonMistake.Words(error, bytes.Length)}", error);
        }
    }

    private static EmergenceException Misuse(string message, Exception? inner = null) => new(message, ExitCode.Usage, inner);
}
