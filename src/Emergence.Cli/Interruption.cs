using System.Runtime.InteropServices;

namespace Emergence.Cli;

/// <summary>
/// Ctrl-C, and the signals that say the end is near: SIGTERM, SIGHUP of a closed terminal, SIGUSR1 of a scheduler. The first one asks the
/// work to end, and ends the process itself if that takes too long:
/// finished cells of a run are on the disk, so none is lost either way. The second one ends it at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    // SIGHUP and, of Linux, SIGUSR1.
    private const int HangUp = 1, FirstUserSignal = 10;

    /// <summary>What <c>--stop-on</c> takes.</summary>
    public const string UserSignal = "USR1";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="resumes">Whether the command, given again, goes on where this one ends.</param>
    /// <param name="stopOn">"USR1": a scheduler sends it for SIGTERM, whose code it then gets.</param>
    public Interruption(bool resumes = false, string? stopOn = null)
    {
        var ofUserSignal = stopOn == UserSignal ? ExitCode.Terminated : ExitCode.UserSignal;
        Message = resumes ? "interrupted: run the same command again to go on"
            : "interrupted: nothing is kept, the same command starts from the beginning";
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Handle(context, ExitCode.Interrupted)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Handle(context, ExitCode.Terminated)),
            .. IsIgnored(HangUp) ? (PosixSignalRegistration[])[]
                : [PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Handle(context, ExitCode.HungUp))],
            .. OperatingSystem.IsLinux()
                ? [PosixSignalRegistration.Create((PosixSignal)FirstUserSignal, context => Handle(context, ofUserSignal))]
                : (PosixSignalRegistration[])[],
        ];
    }

    /// <summary>What the user is told of the verb that was ended.</summary>
    public static string Message { get; private set; } = "interrupted";

    /// <summary>The code of the signal that came, if one did.</summary>
    public static ExitCode Code { get; private set; } = ExitCode.Interrupted;

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
    }

    /// <summary>Whether whoever started this process wants a signal to pass it by: nohup SIGHUP, to outlive the terminal, and a shell
    /// SIGINT in a script's background jobs.</summary>
    public static bool IsIgnored(int signal)
    {
        const string Field = "SigIgn:";
        return signal > 0 && OperatingSystem.IsLinux() && File.ReadLines("/proc/self/status")
            .FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal)) is { } line
            && (Convert.ToUInt64(line[Field.Length..].Trim(), 16) >> (signal - 1) & 1) != 0;
    }

    private void Handle(PosixSignalContext context, ExitCode code)
    {
        context.Cancel = true;
        Code = code;
        if (_source.IsCancellationRequested)
            Environment.Exit((int)code);
        _ = Task.Delay(Patience).ContinueWith(_ => End(code), TaskScheduler.Default);
        _source.Cancel();
    }

    private static void End(ExitCode code)
    {
        Console.Error.WriteLine($"emergence: {Message}");
        Environment.Exit((int)code);
    }
}
