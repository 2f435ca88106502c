using Emergence.Hub;
using Emergence.Messages;

namespace Emergence.Checkpoints;

/// <summary>
/// What a user may write for a model: a folder, the name of a sample that travels with the program, or
/// <c>org/name[@revision]</c> in the Hugging Face cache. Nothing is downloaded.
/// </summary>
public static class ModelReference
{
    /// <summary>Revisions that a message lists.</summary>
    private const int MostNames = 8;

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
        if (HubReference.TryParse(reference) is not { } model)
            throw new EmergenceException($"{shown}: no such folder, and not of the form org/name[@revision]", ExitCode.Usage);

        samples ??= Samples;
        var sample = Path.Combine(samples, model.Name);
        if (!model.Name.Contains('/') && Directory.Exists(sample))
            return sample;
        return FindInCache(model, new HubSettings(environment), samples);
    }

    private static string FindInCache(HubReference model, HubSettings settings, string samples)
    {
        var cache = settings.Cache;
        var fetch = $"fetch it (emergence download {model}{(settings.IsOffline ? ", without HF_HUB_OFFLINE" : "")})";
        var shown = Printable.Quote(model.Name);
        var repository = new CachedRepository(cache, model.Name);
        if (!Directory.Exists(repository.Folder))
        {
            var known = model.Name.Contains('/') || !Directory.Exists(samples) ? "" : $", nor a sample ({SampleNames(samples)})";
            throw new EmergenceException(
                $"{shown} is neither a folder nor in the Hugging Face cache {Printable.Escape(cache)}{known}: "
                    + $"{fetch} or give its folder",
                ExitCode.Usage);
        }

        if (repository.Commit(model) is { } commit && Directory.Exists(repository.Snapshot(commit)))
            return repository.Snapshot(commit);
        throw new EmergenceException(
            $"{shown}: no revision {Printable.Quote(model.Revision)} in {Printable.Escape(repository.Folder)}: {fetch} or choose "
                + $"{Revisions(repository)}",
            ExitCode.Usage);
    }

    private static string SampleNames(string samples) =>
        string.Join(", ", Directory.GetDirectories(samples).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    private static string Revisions(CachedRepository repository)
    {
        var names = string.Join(", ", repository.Known().Take(MostNames));
        return names.Length == 0 ? "nothing (the cache entry is empty)" : $"one of {Printable.Escape(names)}";
    }
}
