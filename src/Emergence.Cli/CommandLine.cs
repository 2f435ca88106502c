using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;
using Emergence.Cli.Verbs;
using Emergence.Messages;

namespace Emergence.Cli;

/// <summary>From words to a verb, and from failures to one line and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>All verbs: adding one is one file and one line.</summary>
    private static RootCommand Root() => new("Measures information emergence in language models.")
    {
        DemoVerb.Create(),
        MeasureVerb.Create(),
        ShowVerb.Create(),
        ReportVerb.Create(),
        ExplainVerb.Create(),
        StudyVerb.Create(),
        CompareVerb.Create(),
        EntropyVerb.Create(),
        NoiseVerb.Create(),
        MiVerb.Create(),
        CalibrateVerb.Create(),
        CaptureVerb.Create(),
        TokenizeVerb.Create(),
        DownloadVerb.Create(),
        ModelsVerb.Create(),
        DevicesVerb.Create(),
        VerifyVerb.Create(),
        BenchVerb.Create(),
    };

    public static ExitCode Run(string[] args)
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        try
        {
            var root = Root();
            root.HelpName = "emergence";
            var parsed = root.Parse(ConfigFile.Expand(args, root), new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Errors.Count > 0)
                throw Misuse(parsed, root);

            return (ExitCode)parsed.Invoke(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception error)
        {
            var (message, code) = Explain(error);
            Console.Error.WriteLine($"emergence: {message.ReplaceLineEndings(" ")}");
            return code;
        }
    }

    private static EmergenceException Misuse(ParseResult parsed, RootCommand root)
    {
        var command = parsed.CommandResult.Command;
        var verb = command == root ? ""
            : $"{string.Concat(command.Parents.Where(parent => parent != root).Select(parent => $" {parent.Name}"))} {command.Name}";
        var what = parsed.UnmatchedTokens.Count > 0 ? $"unknown word '{parsed.UnmatchedTokens[0]}'" : Complaint(parsed.Errors[0]);
        return new EmergenceException($"{what} (see emergence{verb} -h)", ExitCode.Usage);
    }

    /// <summary>The parser names types of the class library if a value is not what its option takes.</summary>
    private static string Complaint(ParseError error) =>
        error.SymbolResult is OptionResult { Option: var option, Tokens: [.., var token] } && Expected(option, token.Value) is { } expected
            ? $"{option.Name}: expected {expected}, found {Printable.Quote(token.Value)}"
            : error.Message.TrimEnd('.');

    /// <summary>What an option of this type takes, if the word is none of it.</summary>
    private static string? Expected(Option option, string word)
    {
        const NumberStyles Whole = NumberStyles.AllowLeadingSign, Real = NumberStyles.Float;
        var culture = CultureInfo.InvariantCulture;
        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        return type == typeof(int) && !int.TryParse(word, Whole, culture, out _)
            ? Limited("a whole number", word, $"from {int.MinValue} to {int.MaxValue}")
            : type == typeof(ulong) && !ulong.TryParse(word, Whole, culture, out _)
                ? Limited("a whole number", word, $"from 0 to {ulong.MaxValue}")
            : type == typeof(double) && !double.TryParse(word, Real, culture, out _) ? "a number"
            : type == typeof(bool) && !bool.TryParse(word, out _) ? "no value, true or false"
            : null;

        // The limits matter only to whoever wrote a whole number.
        static string Limited(string what, string word, string limits) =>
            word.TrimStart('-', '+').All(char.IsAsciiDigit) ? $"{what} {limits}" : what;
    }

    private static (string Message, ExitCode Code) Explain(Exception error) => error switch
    {
        EmergenceException known => (known.Message, known.ExitCode),
        OperationCanceledException => (Interruption.Message, Interruption.Code),
        OutOfMemoryException => ("out of memory: choose fewer sequences or free some memory", ExitCode.Failed),
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException => (error.Message, ExitCode.Usage),
        IOException => (error.Message, ExitCode.Disk),
        _ => ($"internal error, please report it: {error.GetType().Name}: {error.Message}", ExitCode.Failed),
    };
}
