using System.Globalization;
using System.Text;
using Emergence.Messages;

namespace Emergence.Measurement.Run;

/// <summary>
/// Who may write in a folder, on a file system without locks: <c>run.lock.N</c> holds the process that took the folder as
/// the N-th, and the highest number counts. A file is only ever created where there is none, so that of two processes that
/// find the owner gone one succeeds it.
/// </summary>
internal static class OwnerFile
{
    private const int FileExists = 17; // EEXIST of Linux and macOS
    private const int FileExistsOnWindows = unchecked((int)0x80070050);

    /// <summary>Becomes the owner, or says who is.</summary>
    /// <param name="path">Path of the lock, e.g. RUN/run.lock.</param>
    public static void Take(string path)
    {
        while (true)
        {
            var number = Newest(path);
            if (number > 0 && !HasEnded($"{path}.{number}"))
                continue;
            var own = $"{path}.{number + 1}";
            if (!TryCreate(own))
                continue;

            // A process that looked long ago may take a number that was passed since.
            if (Newest(path) != number + 1)
            {
                File.Delete(own);
                continue;
            }

            if (number > 0)
                File.Delete($"{path}.{number}");
            return;
        }
    }

    private static int Newest(string path) =>
        Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path) + ".*")
        .Select(file => int.TryParse(Path.GetExtension(file).TrimStart('.'), NumberStyles.None, CultureInfo.InvariantCulture,
            out var number) ? number : 0)
        .DefaultIfEmpty(0).Max();

    /// <summary>Refuses an owner that may be there; false if another process has succeeded it by now.</summary>
    private static bool HasEnded(string owner)
    {
        ProcessName? holder;
        try
        {
            var file = new FileStream(owner, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var text = new StreamReader(file);
            holder = ProcessName.Parse(text.ReadToEnd());
        }
        catch (FileNotFoundException)
        {
            return false;
        }

        return holder?.HasEnded == true ? true
            : throw new EmergenceException(
            $"the run is in use by {holder?.Words ?? "another process"}, and this file system has no locks: wait for it; if it has "
            + $"ended, remove {Printable.Escape(owner)}", ExitCode.TryAgain);
    }

    private static bool TryCreate(string path)
    {
        try
        {
            // Shared, so that whoever reads at this moment finds a name that is not whole yet instead of a failure.
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(Encoding.UTF8.GetBytes(ProcessName.Own.ToString()));
            return true;
        }
        catch (IOException error) when (error.HResult is FileExists or FileExistsOnWindows)
        {
            return false;
        }
    }
}
