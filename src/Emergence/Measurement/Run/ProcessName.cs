using System.Globalization;
using Emergence.Messages;

namespace Emergence.Measurement.Run;

/// <summary>
/// A process among all those that may see a folder: a pid alone names many, since another machine has the same numbers, a
/// container has its own, and a number is given again.
/// </summary>
/// <param name="Host">What the machine or container calls itself.</param>
/// <param name="Pid">Its number there.</param>
/// <param name="Started">When it began, in ticks since the machine did; 0 if that is not known.</param>
/// <param name="Space">The start of the machine and the space of pids.</param>
internal sealed record ProcessName(string Host, int Pid, long Started, string Space)
{
    public const int MostBytes = 400;

    public static ProcessName Own { get; } =
        new(Environment.MachineName, Environment.ProcessId, StartOf(Environment.ProcessId) ?? 0, OwnSpace());

    public string Words => $"pid {Pid} on {Printable.Escape(Host)}";

    /// <summary>Whether it has ended; unknown of other machines and containers.</summary>
    public bool? HasEnded => Started == 0 || Space != Own.Space ? null : StartOf(Pid) != Started;

    public static ProcessName? Parse(string text) =>
        text.Trim().Split(' ') is [var pid, var host, var started, var space]
        && int.TryParse(pid, CultureInfo.InvariantCulture, out var number)
            && long.TryParse(started, CultureInfo.InvariantCulture, out var start)
            ? new(host, number, start, space)
            : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Pid} {Host.Replace(' ', '-')} {Started} {Space}");

    /// <summary>Field 22 of /proc/PID/stat, counted behind the name, which may hold anything; null if there is no such
    /// process.</summary>
    private static long? StartOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');

            // A process that has ended and is not yet reaped holds nothing any more.
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }

    private static string OwnSpace()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() + "/" + new FileInfo("/proc/self/ns/pid").LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "-";
        }
    }
}
