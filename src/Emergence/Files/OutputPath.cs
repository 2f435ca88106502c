using Emergence.Messages;

namespace Emergence.Files;

/// <summary>
/// Where results are to be written, looked at before the work that makes them: a path that cannot be written is the
/// user's mistake and no failure of the disk, and hours of work must not end in it.
/// </summary>
internal static class OutputPath
{
    /// <summary>Refuses a path at which no file can be written.</summary>
    /// <param name="option">What the user wrote before it, e.g. "--svg".</param>
    /// <param name="path">The file; one that is there already will be replaced.</param>
    public static void RequireFile(string option, string path)
    {
        if (path.Length == 0)
            throw Misuse(option, path, "expected the name of a file, found nothing");
        if (Posix.SpecialKind(path) is { } kind)
            throw Misuse(option, path, $"expected the name of a file to write, found {kind}");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
            throw Misuse(option, path, $"expected a folder at {Printable.Escape(folder)}, found {Kind(folder)}");
        try
        {
            new WholeFile(path).Dispose();
        }
        catch (EmergenceException error) when (error.InnerException is UnauthorizedAccessException)
        {
            throw Misuse(option, path, $"expected a folder that may be written at {Printable.Escape(folder)}, found one that may not",
                error);
        }
    }

    /// <summary>Refuses a path at which no folder is and none can be made; a missing one is made later, with those above it.</summary>
    /// <param name="option">What the user wrote before it, e.g. "--out".</param>
    /// <param name="path">The folder.</param>
    public static void RequireFolder(string option, string path)
    {
        if (path.Length == 0)
            throw Misuse(option, path, "expected the name of a folder, found nothing");
        for (var above = Path.GetFullPath(path); above != null && !Directory.Exists(above); above = Path.GetDirectoryName(above))
        {
            if (Path.Exists(above))
                throw Misuse(option, path, $"expected a folder at {Printable.Escape(above)}, found {Kind(above)}");
        }
    }

    private static EmergenceException Misuse(string option, string path, string what, Exception? inner = null) =>
        new($"{option} {Printable.Quote(path)}: {what}", ExitCode.Usage, inner);

    private static string Kind(string path) => !Path.Exists(path) ? "nothing" : Posix.SpecialKind(path) ?? "a file";
}
