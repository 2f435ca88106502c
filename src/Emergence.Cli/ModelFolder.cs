using Emergence.Checkpoints;
using Emergence.Hub;

namespace Emergence.Cli;

/// <summary>What a user wrote for a model, as a folder on this machine: fetched from the hub if it is nowhere else.</summary>
internal static class ModelFolder
{
    /// <summary>
    /// Makes sure that a reference leads to a folder. A folder, a sample and a complete snapshot in the cache are taken as they
    /// are, without a connection; whatever else has the form org/name[@revision] is fetched, unless HF_HUB_OFFLINE is set.
    /// </summary>
    public static void Ensure(string reference, CancellationToken cancellation)
    {
        if (Path.Exists(reference) || ModelReference.IsSample(reference) || HubReference.TryParse(reference) is not { } model
            || !model.Name.Contains('/'))
            return;
        var settings = new HubSettings();
        if (settings.IsOffline || ModelDownload.IsCached(model, settings))
            return;
        _ = Fetch(model, settings, isDryRun: false, cancellation);
    }

    /// <summary>The folder that a reference leads to, fetched if it has to be.</summary>
    public static string Find(string reference, CancellationToken cancellation = default)
    {
        Ensure(reference, cancellation);
        return ModelReference.Resolve(reference);
    }

    /// <summary>The snapshot's folder; null after a dry run.</summary>
    public static string? Fetch(HubReference model, HubSettings settings, bool isDryRun, CancellationToken cancellation)
    {
        using var progress = new DownloadBar(settings.ShowsProgress);
        try
        {
            return new ModelDownload(model, settings, progress).Run(plan => Announce(plan, isDryRun), cancellation).GetAwaiter()
                .GetResult();
        }
        catch (AggregateException error) when (error.InnerExceptions.OfType<EmergenceException>().FirstOrDefault() is { } first)
        {
            throw first;
        }
    }

    private static bool Announce(DownloadPlan plan, bool isDryRun)
    {
        Console.Error.WriteLine(
            $"model {plan.Model}: commit {plan.Commit}, {plan.Missing.Count} files to fetch ({DownloadBar.Size(plan.Bytes)}), "
            + $"{plan.Cached.Count} in the cache");
        if (isDryRun)
        {
            foreach (var file in plan.Missing)
                Console.Error.WriteLine($"  {file.Path}: {DownloadBar.Size(file.Size)}");
        }

        return !isDryRun;
    }
}
