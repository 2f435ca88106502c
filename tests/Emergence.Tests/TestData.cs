[assembly: AssemblyFixture(typeof(Emergence.Tests.TemporaryFolders))]

namespace Emergence.Tests;

/// <summary>Where tests find their data: small files beside the tests, large ones in the folder EMERGENCE_TEST_DATA names.</summary>
internal static class TestData
{
    private const string Variable = "EMERGENCE_TEST_DATA";

    private static readonly Lazy<string> s_temporary = new(CreateTemporary);
    private static int s_folders;

    /// <summary>Root of the repository these tests were built from.</summary>
    public static string Repository { get; } = FindRepository();

    private static string Root { get; } = Environment.GetEnvironmentVariable(Variable) ?? Path.Combine(Repository, "..", "shared");

    /// <summary>A file or folder that is part of the tests.</summary>
    public static string Golden(string path) => Path.Combine(AppContext.BaseDirectory, "Golden", path);

    /// <summary>A file or folder of the large test data; the calling test is skipped where it is absent.</summary>
    public static string Large(string path)
    {
        if (LargeOrNull(path) is not { } full)
        {
            Assert.Skip($"{path} is not in the test data folder ({Variable}, by default ../shared)");
            return "";
        }

        return full;
    }

    /// <summary>The same; null where it is absent.</summary>
    public static string? LargeOrNull(string path)
    {
        var full = Path.GetFullPath(Path.Combine(Root, path));
        return Path.Exists(full) ? full : null;
    }

    /// <summary>An empty folder that lasts as long as the tests.</summary>
    public static string TemporaryFolder() =>
        Directory.CreateDirectory(Path.Combine(s_temporary.Value, $"{Interlocked.Increment(ref s_folders)}")).FullName;

    /// <summary>Copies the files of a folder into another, which it makes where it is not there.</summary>
    public static void CopyFiles(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    /// <summary>Deletes all of <see cref="TemporaryFolder"/>.</summary>
    public static void DeleteTemporary()
    {
        if (!s_temporary.IsValueCreated)
            return;
        try
        {
            Directory.Delete(s_temporary.Value, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A test's own process may still write there; the system empties its temporary folder.
        }
    }

    private static string CreateTemporary()
    {
        var root = Directory.CreateTempSubdirectory("emergence-tests-").FullName;

        // Slurm's daemons, which are others, pass through.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(root, File.GetUnixFileMode(root) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        return root;
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Emergence.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"no Emergence.slnx above {AppContext.BaseDirectory}");
    }
}

/// <summary>Deletes what tests wrote while the process still runs them: one that lingers after its last test is ended by xunit.</summary>
public sealed class TemporaryFolders : IDisposable
{
    public void Dispose() => TestData.DeleteTemporary();
}
