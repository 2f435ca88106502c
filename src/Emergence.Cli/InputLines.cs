using System.Text;

namespace Emergence.Cli;

/// <summary>The lines of standard input, which is UTF-8: anything else would become a text that nobody wrote.</summary>
internal static class InputLines
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Each line as soon as it is whole, without its end; a byte-order mark before the first is passed over.</summary>
    public static IEnumerable<string> Read(Stream input)
    {
        using var buffered = new BufferedStream(input, 1 << 16);
        var line = new List<byte>();
        var number = 1;
        for (int next; (next = buffered.ReadByte()) >= 0;)
        {
            if (next != '\n')
            {
                line.Add((byte)next);
                continue;
            }

            yield return Decode(line, number++);
            line.Clear();
        }

        if (line.Count > 0)
            yield return Decode(line, number);
    }

    private static string Decode(List<byte> line, int number)
    {
        try
        {
            var text = s_strict.GetString([.. line]);
            if (number == 1)
                text = text.TrimStart('\uFEFF');
            return text.EndsWith('\r') ? text[..^1] : text;
        }
        catch (DecoderFallbackException error)
        {
            throw new EmergenceException(
                $"line {number} of the input: byte {error.Index} is not UTF-8: convert it, e.g. iconv -f WINDOWS-1252 -t UTF-8",
                ExitCode.Usage, error);
        }
    }
}
