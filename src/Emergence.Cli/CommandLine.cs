using System.CommandLine;
using System.Text;
using Emergence.Cli.Verbs;

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
        ExplainVerb.Create(),
        StudyVerb.Create(),
        CompareVerb.Create(),
        EntropyVerb.Create(),
        NoiseVerb.Create(),
        MiVerb.Create(),
        CalibrateVerb.Create(),
        CaptureVerb.Create(),
        TokenizeVerb.Create(),
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

            return (ExitCode)parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
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
        var verb = command == root ? "" : $"{string.Concat(command.Parents.Where(parent => parent != root).Select(parent => $" {parent.Name}"))} {command.Name}";
        var what = parsed.UnmatchedTokens.Count > 0 ? $"unknown word '{parsed.UnmatchedTokens[0]}'" : parsed.Errors[0].Message.TrimEnd('.');
        return new EmergenceException($"{what} (see emergence{verb} -h)", ExitCode.Usage);
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
