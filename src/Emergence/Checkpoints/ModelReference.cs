using System.Text.RegularExpressions;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Checkpoints;

/// <summary>
/// What a user may write for a model: a folder, the name of a sample that travels with the program, or
/// <c>org/name[@revision]</c> in the Hugging Face cache. Nothing is downloaded.
/// </summary>
public static partial class ModelReference
{
    private const string DefaultRevision = "main";
    private const int CommitLength = 40;

    private static string Samples => Path.Combine(AppContext.BaseDirectory, "samples");

    /// <summary>Whether a name is that of a model that travels with the program.</summary>
    public static bool IsSample(string name) => !name.Contains('/') && Directory.Exists(Path.Combine(Samples, name));

    /// <summary>
    /// The folder a reference stands for. <paramref name="environment"/> looks up environment variables (default: this
    /// process's), <paramref name="samples"/> is where samples lie (default: beside the program).
    /// </summary>
    public static string Resolve(string reference, Func<string, string?>? environment = null, string? samples = null)
    {
        if (reference.Length == 0)
            throw new EmergenceException("the model reference is empty: give a folder, org/name[@revision] or a sample's name",
                ExitCode.Usage);
        if (Directory.Exists(reference))
            return Path.GetFullPath(reference);
        var shown = Printable.Quote(reference);
        if (Path.Exists(reference))
            throw new EmergenceException($"{shown} is not a folder: give the folder that holds the model", ExitCode.Usage);
        if (Pattern().Match(reference) is not { Success: true } match || reference.Contains(".."))
            throw new EmergenceException($"{shown}: no such folder, and not of the form org/name[@revision]", ExitCode.Usage);

        samples ??= Samples;
        var name = match.Groups["name"].Value;
        var revision = match.Groups["revision"].Success ? match.Groups["revision"].Value : DefaultRevision;
        var sample = Path.Combine(samples, name);
        if (!name.Contains('/') && Directory.Exists(sample))
            return sample;
        return FindInCache(name, revision, CacheFolder(environment ?? Environment.GetEnvironmentVariable), samples);
    }

    private static string FindInCache(string name, string revision, string cache, string samples)
    {
        var shown = Printable.Quote(name);
        var model = Path.Combine(cache, $"models--{name.Replace("/", "--")}");
        if (!Directory.Exists(model))
        {
            var known = name.Contains('/') || !Directory.Exists(samples)
                ? ""
                : $", nor a sample ({string.Join(", ", Directory.GetDirectories(samples).Select(Path.GetFileName).Order(StringComparer.Ordinal))})";
            throw new EmergenceException(
                $"{shown} is neither a folder nor in the Hugging Face cache {Printable.Escape(cache)}{known}: download it there or give "
                    + $"its folder",
                ExitCode.Usage);
        }

        var commit = Commit().IsMatch(revision) ? revision : ReadRef(shown, model, revision);
        var snapshot = Path.Combine(model, "snapshots", commit);
        return Directory.Exists(snapshot)
            ? snapshot
            : throw new EmergenceException(
                $"{shown}: revision {commit} is not in {Printable.Escape(model)}: download it or choose {Revisions(model)}",
                ExitCode.Usage);
    }

    private static string ReadRef(string shown, string model, string revision)
    {
        var path = Path.Combine(model, "refs", revision);
        if (!File.Exists(path))
            throw new EmergenceException(
                $"{shown}: no revision {Printable.Quote(revision)} in {Printable.Escape(model)}: choose {Revisions(model)}",
                ExitCode.Usage);
        using var file = CheckpointFile.Open(path);
        var bytes = new byte[Math.Min(file.Length, 2 * CommitLength)];
        file.Read(0, bytes, "the revision");
        var commit = System.Text.Encoding.Latin1.GetString(bytes).Trim();
        return Commit().IsMatch(commit)
            ? commit
            : throw file.Error(
                $"expected a commit of {CommitLength} hex digits, found {Printable.Quote(commit)}; download the model again");
    }

    private static string Revisions(string model)
    {
        var names = new[] { "refs", "snapshots" }
            .Select(part => Path.Combine(model, part))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.GetFileSystemEntries(folder).Select(path => Path.GetFileName(path)!)
                .Order(StringComparer.Ordinal))
            .Take(8)
            .ToArray();
        return names.Length == 0 ? "nothing (the cache entry is empty)" : "one of " + Printable.Escape(string.Join(", ", names));
    }

    /// <summary>The first of the places that is set; only that one is looked at, as other programs do.</summary>
    private static string CacheFolder(Func<string, string?> environment)
    {
        var home = environment("HOME") is { Length: > 0 } set ? set : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        foreach (var name in (string[])["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"])
        {
            if (environment(name) is { Length: > 0 } cache)
                return Expand(cache);
        }

        if (environment("HF_HOME") is { Length: > 0 } own)
            return Path.Combine(Expand(own), "hub");
        var general = environment("XDG_CACHE_HOME") is { Length: > 0 } xdg ? Expand(xdg) : Path.Combine(home, ".cache");
        return Path.Combine(general, "huggingface", "hub");

        // As a shell and Python do: the home, then variables; one that is not set stays as it is written.
        string Expand(string path)
        {
            var expanded = path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? Path.Join(home, path[1..]) : path;
            return Variable().Replace(expanded, match => environment(match.Groups["name"].Value) ?? match.Value);
        }
    }

    // Letters, digits, '.', '_' and '-' as the hub allows in names; revisions may also hold '/', e.g. refs/pr/1.
    [GeneratedRegex(@"^(?<name>\w[\w.-]*(/\w[\w.-]*)?)(@(?<revision>\w[\w./-]*))?\z", RegexOptions.ECMAScript)]
    private static partial Regex Pattern();

    [GeneratedRegex(@"\$(?<name>[A-Za-z_]\w*)|\$\{(?<name>[^{}]+)\}", RegexOptions.ECMAScript)]
    private static partial Regex Variable();

    [GeneratedRegex(@"^[0-9a-f]{40}\z")]
    private static partial Regex Commit();
}
