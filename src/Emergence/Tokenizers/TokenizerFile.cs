using System.Buffers;
using System.Text;
using System.Text.Json;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>One file of a tokenizer, read whole: its bytes, and errors that name it.</summary>
internal sealed class TokenizerFile
{
    private const long MaximumBytes = 64 << 20;
    private const int MaximumDepth = 64;

    private readonly string _shown;

    private TokenizerFile(string path, byte[] bytes)
    {
        _shown = Printable.Escape(path);
        Bytes = bytes;
    }

    /// <summary>What the file holds, until it is released.</summary>
    public byte[] Bytes { get; private set; }

    public static TokenizerFile Read(string path)
    {
        var shown = Printable.Escape(path);
        try
        {
            if (Posix.SpecialKind(path) is { } kind)
                throw new EmergenceException($"{shown}: not a regular file but {kind}");
            using var stream = File.OpenRead(path);
            var length = stream.Length;
            if (length > MaximumBytes)
                throw new EmergenceException($"{shown}: is {length} bytes, over the limit of {MaximumBytes} for a tokenizer file");
            var bytes = new byte[length];
            stream.ReadExactly(bytes);
            return new(path, bytes);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EmergenceException($"{shown}: no such file", ExitCode.Usage, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new EmergenceException($"{shown}: cannot be read: {Printable.Escape(error.Message)}", ExitCode.Failed, error);
        }
    }

    /// <summary>Lets the bytes go: what stays is the name, for errors.</summary>
    public void Release() => Bytes = [];

    public EmergenceException Error(string message, Exception? inner = null) => new($"{_shown}: {message}", ExitCode.Failed, inner);

    /// <summary>The file as one JSON value, handed to <paramref name="read"/>. All that JSON can do wrong becomes an error of this
    /// file.</summary>
    public T ReadJson<T>(Func<JsonField, T> read)
    {
        try
        {
            var options = new JsonDocumentOptions { MaxDepth = MaximumDepth, AllowDuplicateProperties = false };
            using var document = JsonDocument.Parse(Bytes, options);
            return read(new JsonField(this, "", document.RootElement));
        }
        catch (JsonException error)
        {
            throw Error(JsonMistake.Words(error, Bytes.Length, $"not valid JSON of at most {MaximumDepth} levels"), error);
        }
        catch (InvalidOperationException error)
        {
            throw Error("has a text that is not valid Unicode", error);
        }
    }

    /// <summary>The file as UTF-8 text.</summary>
    public string ReadText()
    {
        for (ReadOnlySpan<byte> rest = Bytes; !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf8(rest, out _, out var count) != OperationStatus.Done)
                throw Error($"not valid UTF-8 at byte {Bytes.Length - rest.Length}");
            rest = rest[count..];
        }

        return Encoding.UTF8.GetString(Bytes);
    }
}
