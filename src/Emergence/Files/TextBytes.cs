using System.Text;
using Emergence.Messages;

namespace Emergence.Files;

/// <summary>Text files of users. They are UTF-8: anything else would become sequences of a text that nobody wrote.</summary>
internal static class TextBytes
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The whole text, without a byte-order mark.</summary>
    public static string ReadAll(string path)
    {
        if (!File.Exists(path))
            throw new EmergenceException($"no file '{Printable.Escape(path)}'", ExitCode.Usage);
        var bytes = File.ReadAllBytes(path);
        try
        {
            var text = Strict.GetString(bytes).TrimStart('\ufeff');
            return text.AsSpan().ContainsAnyExcept(" \t\r\n") ? text
                : throw new EmergenceException($"{path}: the file is empty: expected text", ExitCode.Usage);
        }
        catch (DecoderFallbackException error)
        {
            throw new EmergenceException(
                $"{path}: byte {error.Index} is not UTF-8: convert the file, e.g. iconv -f WINDOWS-1252 -t UTF-8 (or -f UTF-16)",
                ExitCode.Usage, error);
        }
    }

    public static IEnumerable<string> ReadLines(string path)
    {
        using var reader = new StringReader(ReadAll(path));
        while (reader.ReadLine() is { } line)
            yield return line;
    }
}
