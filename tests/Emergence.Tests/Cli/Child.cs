using System.Diagnostics;
using System.Text;
using Emergence.Cli;

namespace Emergence.Tests.Cli;

/// <summary>The program as users start it, in a process of its own.</summary>
internal static class Child
{
    /// <summary>Ends a test that hangs; far above what a child takes on a machine that has much else to do.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static Process Start(params IEnumerable<string> arguments) => Start([], arguments);

    /// <summary>The same with variables of its own, and below another program where one is named, e.g. "nice", "-n", "5".</summary>
    public static Process Start((string Name, string Value)[] environment, IEnumerable<string> arguments, params string[] under)
    {
        string[] words = [.. under, "dotnet", Path.Combine(AppContext.BaseDirectory, "Emergence.Cli.dll"), .. arguments];
        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            StandardInputEncoding = new UTF8Encoding(false),
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static (int Code, string Out, string Error) Run(params IEnumerable<string> arguments) => Run(input: "", arguments);

    public static (int Code, string Out, string Error) Run(string input, IEnumerable<string> arguments)
    {
        using var process = Start(arguments);
        return Finish(process, input);
    }

    /// <summary>With variables of its own.</summary>
    public static (int Code, string Out, string Error) Run((string Name, string Value)[] environment, IEnumerable<string> arguments)
    {
        using var process = Start(environment, arguments);
        return Finish(process);
    }

    public static (int Code, string Out, string Error) Finish(Process process, string input = "")
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The child ended without reading.
        }

        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            Assert.Fail($"no end within {Patience}: {error.Result}");
        }

        return (process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Whether another program is there and ends well.</summary>
    public static bool Succeeds(string program, params IEnumerable<string> arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Sends a signal by its name, e.g. "INT"; the test is skipped where a child could not feel it.</summary>
    public static void Signal(Process process, string name)
    {
        if (Interruption.IsIgnored(name switch { "HUP" => 1, "INT" => 2, _ => 0 }))
        {
            process.Kill();
            Assert.Skip($"SIG{name} is ignored here, as nohup and the background jobs of a script have it");
        }

        using var kill = Process.Start("kill", [$"-{name}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}
