using System.Diagnostics;
using System.Globalization;

namespace Emergence.Benchmarks;

/// <summary>
/// A program of benchmarks/peers that stays open: it prints one line about itself, then runs once for every line it gets
/// and answers with what that took. So both sides can be measured by turns in one run.
/// </summary>
internal sealed class PeerProcess : IDisposable
{
    private const string Python = "/usr/bin/python3";
    private static readonly Lazy<string> s_torchSharp = new(BuildTorchSharp);
    private readonly Process _process;
    private readonly string _needs;

    private PeerProcess(string needs, string program, params IEnumerable<string> arguments)
    {
        _needs = needs;
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Description = ReadLine();
    }

    /// <summary>A script in Python, on Debian's PyTorch.</summary>
    public static PeerProcess Script(string script, params IEnumerable<string> arguments) => new(
        "it needs python3-torch and libopenblas0-pthread from Debian", Python, [Path.Combine(Peers, script), .. arguments]);

    /// <summary>The program on TorchSharp, built first: a project outside the solution, which fetches 1 GB of libtorch.</summary>
    public static PeerProcess TorchSharp(params IEnumerable<string> arguments) => new(
        "libtorch needs the C++ library of GCC 13, which Debian has from release 13 on", "dotnet", [s_torchSharp.Value, .. arguments]);

    private static string BuildTorchSharp()
    {
        var project = Path.Combine(Peers, "torch-peer");
        using var build = Process.Start("dotnet", ["build", project, "-c", "Release", "-v", "q", "--nologo"]);
        build.WaitForExit();
        return build.ExitCode == 0 ? Path.Combine(project, "bin", "Release", "net10.0", "torch-peer.dll")
            : throw new EmergenceException($"{project} does not build");
    }

    public string Description { get; }

    /// <summary>Resident memory at its peak, above that before the inputs were made, where the script says so.</summary>
    public double PeakMebibytes { get; private set; } = double.NaN;

    public Sample Run()
    {
        try
        {
            _process.StandardInput.WriteLine();
        }
        catch (IOException error)
        {
            throw new EmergenceException(Ended, inner: error);
        }

        var words = ReadLine().Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        if (words.Length > 2)
            PeakMebibytes = words[2];
        return new(words[0], words[1]);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string ReadLine() => _process.StandardOutput.ReadLine()
        ?? throw new EmergenceException(Ended);

    private string Ended => $"the peer ended; {_needs}";

    private static string Peers => Path.Combine(FindRepository(), "benchmarks", "peers");

    /// <summary>The checkout that this runs in, from whichever folder below it.</summary>
    internal static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Emergence.slnx")))
                return folder.FullName;
        }

        throw new EmergenceException("run the benchmarks from a checkout of the repository");
    }
}
