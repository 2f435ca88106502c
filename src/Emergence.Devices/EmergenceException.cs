namespace Emergence.Devices;

/// <summary>What the process returns to the shell.</summary>
public enum ExitCode
{
    Ok = 0,
    Failed = 1,
    Usage = 2,
    SomeCellsFailed = 3,
    NotConverged = 4,
    Regression = 5,
    Disk = 74,
    TryAgain = 75,
    Interrupted = 130,
    Terminated = 143,
}

/// <summary>
/// A failure that the user can act on. The message is one line that says what was expected and what was found;
/// it is shown as it is, without a stack trace. Anything else that escapes is a defect of the program.
/// </summary>
public sealed class EmergenceException(string message, ExitCode exitCode = ExitCode.Failed, Exception? inner = null)
    : Exception(message, inner)
{
    public ExitCode ExitCode { get; } = exitCode;

    /// <summary>Less memory may do.</summary>
    public bool IsOutOfMemory { get; init; }
}
