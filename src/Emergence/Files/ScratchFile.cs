using System.Globalization;

namespace Emergence.Files;

/// <summary>Names of files that hold what a process has no memory for. They are gone when it ends; one that a crash between its making
/// and its taking away left is removed by the next process.</summary>
internal static class ScratchFile
{
    private const string Ending = ".emergence-scratch";

    /// <summary>Refuses to start if a folder is none, or its disk cannot take all files of a run together.</summary>
    /// <param name="folder">Need not be there yet.</param>
    /// <param name="bytes">Of all files.</param>
    public static void Require(string folder, long bytes)
    {
        OutputPath.RequireFolder("--scratch", folder);
        if (bytes > 0)
            DiskFailure.RequireSpace(folder, bytes, " for rows that do not fit into memory");
    }

    /// <summary>A name that no other process takes, in a folder with room for so many bytes.</summary>
    /// <param name="folder">Made if it is not there.</param>
    /// <param name="bytes">What will be written.</param>
    public static string Name(string folder, long bytes)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskFailure.Of(folder, error);
        }

        RemoveLeft(folder);
        Require(folder, bytes);
        return Path.Combine(folder, string.Create(CultureInfo.InvariantCulture,
            $"{Environment.MachineName}.{Environment.ProcessId}.{Guid.NewGuid():N}{Ending}"));
    }

    /// <summary>Files of processes of this machine that are no more.</summary>
    private static void RemoveLeft(string folder)
    {
        foreach (var path in Directory.EnumerateFiles(folder, $"{Environment.MachineName}.*{Ending}"))
        {
            var parts = Path.GetFileName(path)[(Environment.MachineName.Length + 1)..].Split('.');
            if (!int.TryParse(parts[0], CultureInfo.InvariantCulture, out var process) || process == Environment.ProcessId)
                continue;
            try
            {
                using var running = System.Diagnostics.Process.GetProcessById(process);
            }
            catch (ArgumentException)
            {
                Remove(path);
            }
        }
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another user's, in a folder that all may write to: it stays for its owner.
        }
    }
}
