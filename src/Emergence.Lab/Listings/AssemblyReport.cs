using System.Globalization;
using System.Text.RegularExpressions;

namespace Emergence.Lab.Listings;

/// <summary>What ptxas -v says about one kernel.</summary>
/// <param name="Kernel">Entry name.</param>
/// <param name="Registers">Of a thread.</param>
/// <param name="SharedBytes">Static shared memory of a block.</param>
/// <param name="StackBytes">Of a thread, in local memory.</param>
/// <param name="SpillBytes">Stores and loads of spilled registers.</param>
internal sealed partial record AssemblyReport(string Kernel, int Registers, int SharedBytes, int StackBytes, int SpillBytes)
{
    /// <summary>One for each kernel, in the order of ptxas.</summary>
    public static IReadOnlyList<AssemblyReport> Parse(string report) =>
        [.. Entry().Matches(report).Select(entry => new AssemblyReport(entry.Groups["name"].Value, Number(entry, "registers"), Shared(entry.Groups["used"].Value), Number(entry, "stack"), Number(entry, "stores") + Number(entry, "loads")))];

    /// <summary>Errors, warnings and remarks about lost speed, such as C7510 (wgmma serialised).</summary>
    public static IReadOnlyList<string> Complaints(string report) =>
        [.. report.Split('\n').Where(line => Complaint().IsMatch(line)).Select(line => line.Trim())];

    public static string Release(string version) => ReleaseNumber().Match(version) is { Success: true } match ? match.Groups[1].Value : throw new EmergenceException($"expected a version of ptxas, found '{version.Trim()}'");

    private static int Shared(string used) => SharedMemory().Match(used) is { Success: true } match ? Number(match, "bytes") : 0;

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Function properties for (?<name>\w+)\s+(?<stack>\d+) bytes stack frame, (?<stores>\d+) bytes spill stores, (?<loads>\d+) bytes spill loads\s+ptxas info\s*: Used (?<registers>\d+) registers(?<used>.*)", RegexOptions.CultureInvariant)]
    private static partial Regex Entry();

    [GeneratedRegex(@"(?<bytes>\d+) bytes smem", RegexOptions.CultureInvariant)]
    private static partial Regex SharedMemory();

    [GeneratedRegex(@"\b(error|warning)\b|\(C\d{4}\)|performance loss", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Complaint();

    [GeneratedRegex(@"release (\d+\.\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex ReleaseNumber();
}
